"""Real data in the trace: where many things happened in the same moment, they stand in the order of their file."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from api.trace import LARGEST_PAGE, Question, page
from commands.service import open_ledger
from ledger.ledger import Ledger
from ledger.trace import Place, Sought
from tests.memory import MASTER
from tests.real.ledgers import Brought

pytestmark = [pytest.mark.real, pytest.mark.slow]

LARGE = pytest.param("bpic2012", marks=pytest.mark.deep)


@pytest.fixture(scope="module", params=["cdnow", "helpdesk", LARGE])
def told(request: pytest.FixtureRequest, brought: Callable[[str], Brought]) -> Brought:
    return brought(request.param)


def traced(ledger: Ledger, asked: Question) -> Iterator[dict[str, object]]:
    place: Place | None = Place(0)
    while place is not None:
        found = page(ledger, asked, place, LARGEST_PAGE)
        yield from map(dict, found.entries)
        place = found.next


def test_the_order_of_the_trace_is_the_order_of_the_file(told: Brought) -> None:
    """Of all lines that came in; and of those of one ticket, those of the same instant among them."""
    nth = {}
    with told.file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            nth[json.loads(line)["source"]["message_id"]] = number
    with closing(open_ledger(told.url, MASTER)) as ledger:
        entries = [each for each in traced(ledger, Question()) if each["entry"] == "event"]
        assert len(entries) == ledger.last_position()
        places = [nth[each["source"]["message_id"]] for each in entries if each["source"]]  # type: ignore[index]
        assert len(places) == len(entries)
        assert places == sorted(places)
        ties = Counter((each["subject"], each["occurred_at"]) for each in entries)
        tied = {subject for (subject, _), count in ties.items() if count > 1}
        assert tied, "there is nothing to be put in order"
        for subject in sorted(map(str, tied))[:200]:
            mine = [nth[each["source"]["message_id"]] for each in traced(ledger, Question(Sought(subject=subject)))]  # type: ignore[index]
            assert mine == sorted(mine), subject
        print(f"\n{len(entries):,} events, {len(tied):,} subjects with ties, all in the order of their file")
