"""All cuts of a ledger in one pass: at each position, what a moment's fold has there and what the plainest loop has."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from consumers.at import fold, moment
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import WHOLE, Scan, Wire
from projections.folding import Table, rows_in
from projections.projection import Projection
from tests.consumers.naive import Naive, Values, in_order, values


class Watched(Table):
    """The one that is being filled."""

    seen: "Watched"

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        Watched.seen = self


def must_agree_at_every_position(ledger: Ledger, wire: Wire, view: Projection, told: Sequence[Recorded]) -> None:
    """Batches end at every event: so each position that changes the view is a cut, with all that lie before the next.

    What an event did not change is as it was, and is compared again at the end.
    """
    naive = Naive(view)
    rest = iter(told)
    cuts = [0]

    def tell(position: int) -> None:
        changed: set[Any] = set()
        for each in rest:
            changed.update(naive.told(each))
            if each.position == position:
                break
        table = Watched.seen
        for key in changed:
            found = [values(view, row, row.as_of_position) for row in rows_in(table.states.get(key))]
            assert in_order(found) == naive.values_of(key), f"{view.name} at {position}"
        assert len(table.states) == len(naive.rows), f"{view.name} at {position}"
        cuts[0] += 1

    end = moment(ledger, told[-1].position, None, told[-1].recorded_at)
    with (
        patch("consumers.at.Table", Watched),
        patch.object(Scan.batches, "__defaults__", (1, WHOLE)),
    ):
        fold(ledger, wire, view, end, tell=tell)
    for each in rest:
        assert naive.told(each) == [], f"{view.name} has not been told of {each.position}"
    assert cuts[0] == sum(isinstance(each.event, view.reads) for each in told)
    whole: list[Values] = in_order(values(view, row, row.as_of_position) for row in Watched.seen.rows())
    assert whole == naive.values(), view.name
