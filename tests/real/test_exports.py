"""Real data as event logs: every event of the ledger is in them, once, and in the order of the file where times tie."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise

import pytest
from lxml import etree

from commands.service import open_ledger
from consumers.export.xes import NAMESPACE
from tests.consumers.export.logs import Exports
from tests.memory import MASTER
from tests.real.ledgers import Brought

pytestmark = pytest.mark.real
XES = f"{{{NAMESPACE}}}"
KINDS = {"cdnow": "order", "helpdesk": "ticket", "bpic2012": "lead"}

LARGE = pytest.param("bpic2012", marks=pytest.mark.deep)


@pytest.fixture(scope="module", params=["cdnow", "helpdesk", LARGE])
def exports(
    request: pytest.FixtureRequest, brought: Callable[[str], Brought], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exports]:
    url = brought(request.param).url
    with closing(open_ledger(url, MASTER)) as ledger:
        here = Exports(url, ledger, tmp_path_factory.mktemp(request.param), ledger.last_position())
        here.flat(KINDS[request.param], "log.xes")
        yield here


def test_every_event_is_in_the_log_and_nothing_is_wrong_with_it(exports: Exports) -> None:
    written = exports.ocel("log.sqlite")
    counts = exports.counts()
    assert written.events == sum(counts.values()) == exports.until
    with closing(sqlite3.connect(exports.folder / "log.sqlite")) as connection:
        assert dict(connection.execute("SELECT ocel_type, count(*) FROM event GROUP BY 1").fetchall()) == counts
    assert exports.ocel("log.json") == written
    for name in ("log.sqlite", "log.json", "log.xes"):
        assert exports.faults(name) == [], name
    print(f"{exports.folder.name}: {written.events:,} events about {written.objects:,} objects")


def test_traces_have_events_of_one_instant_in_the_order_of_the_file(exports: Exports) -> None:
    tied = 0
    for _, trace in etree.iterparse(exports.folder / "log.xes", tag=f"{XES}trace"):
        steps = [{each.get("key"): each.get("value") or "" for each in event} for event in trace.iter(f"{XES}event")]
        for one, other in pairwise(steps):
            if one["time:timestamp"] == other["time:timestamp"]:
                tied += 1
                assert int(one["position"]) < int(other["position"])
        trace.clear()
    assert tied
