"""13,087 real leads in every view: followed by two workers while they come in three times, as of now, and rebuilt."""

from contextlib import closing
from pathlib import Path

import pytest

from consumers import projector
from consumers.hands import Hands, Premises
from projections import VIEWS
from tests.consumers.three_ways import contents
from tests.memory import MASTER
from tests.real.bpic2012_told import write_all_and_some
from tests.real.followed import caught_up, must_agree, reading, two_workers
from tests.real.ledgers import data_of, database, report
from tests.servers import Server

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.deep]


def test_live_is_as_of_now_and_rebuilt_in_every_view(
    shared: Path, postgres: Server, prepared: str, seed: int, tmp_path: Path
) -> None:
    write_all_and_some(data_of(shared, "bpic2012.xes.gz"), tmp_path, seed)
    found, behind = [], []
    with database(postgres, prepared, "bpic2012_followed") as imported:
        with two_workers(imported.url):
            for file in ("some", "all", "all"):
                imported.bring(tmp_path / f"{file}.ndjson", lambda _: {})
                behind.append(caught_up(imported.url))
                found.append(contents(imported.url, VIEWS))
        assert found[0] != found[1]
        assert found[1] == found[2], "a second import changes nothing"
        must_agree(imported.url, lambda: rebuild_all(imported.url))
    followed = f"{len(VIEWS)} views followed by two workers, who came {behind[0]:,.1f} s after the first import"
    print(report(f"Loan applications followed, seed {seed}", {}, [*imported.rates(), followed]))


def rebuild_all(url: str) -> None:
    """With the processes that a worker has."""
    with reading(url) as ledger, closing(Hands(Premises(url, url, MASTER))) as hands:
        for view in VIEWS:
            projector.rebuild(view, ledger, url, url, hands=hands)
