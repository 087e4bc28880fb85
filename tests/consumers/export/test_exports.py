"""An export has what the ledger has, in every form, by pseudonyms, and its check finds nothing wrong with it."""

import csv
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any, get_type_hints

import pytest
from lxml import etree

from consumers.export.xes import NAMESPACE
from projections.columns import is_personal
from tests.consumers.export.logs import Exports, asked

pytestmark = pytest.mark.slow
XES = f"{{{NAMESPACE}}}"


def in_sqlite(exports: Exports, question: str, name: str = "all.sqlite") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(exports.folder / name)) as connection:
        return connection.execute(question).fetchall()


@pytest.fixture(scope="module")
def document(exports: Exports) -> Any:
    exports.ocel("all.sqlite")
    exports.ocel("all.json")
    return json.loads((exports.folder / "all.json").read_text())


def test_counts_are_those_of_the_ledger(exports: Exports, document: Any) -> None:
    counts = exports.counts()
    assert {"lead.captured", "ticket.opened", "order.placed", "call.ended"} <= counts.keys()
    grouped = Counter(each["type"] for each in document["events"])
    unowned = {"target.set"}  # Of a team it is about nobody.
    for name in counts.keys() - unowned:
        assert grouped[name] == counts[name], name
    assert dict(in_sqlite(exports, "SELECT ocel_type, count(*) FROM event GROUP BY 1")) == grouped
    for kind in ("lead", "customer", "contact", "ticket", "call", "order"):
        (streams,) = asked(
            exports.url,
            f"SELECT count(DISTINCT originator_id) FROM ledger.stored_events WHERE originator_id LIKE '{kind}/%'",
        )
        found = in_sqlite(exports, f"SELECT count(*) FROM object WHERE ocel_type = '{kind.capitalize()}'")
        assert found == [streams], kind


def test_both_forms_of_ocel_tell_the_same(exports: Exports, document: Any) -> None:
    relations = {
        (each["id"], to["objectId"], to["qualifier"]) for each in document["events"] for to in each["relationships"]
    }
    assert {*in_sqlite(exports, "SELECT * FROM event_object")} == relations
    among = {
        (each["id"], to["objectId"], to["qualifier"]) for each in document["objects"] for to in each["relationships"]
    }
    assert {*in_sqlite(exports, "SELECT * FROM object_object")} == among
    assert {"customer of the ticket", "owner", "lead it was"} <= {how for _, _, how in among}
    told = {
        (each["id"], change["time"], change["value"])
        for each in document["objects"]
        if each["type"] == "Lead"
        for change in each["attributes"]
        if change["name"] == "status"
    }
    changes = "SELECT ocel_id, ocel_time, status FROM object_Lead WHERE ocel_changed_field = 'status'"
    assert {*in_sqlite(exports, changes)} == told
    assert {"new", "contacting", "converted"} <= {value for _, _, value in told}


def test_nothing_is_wrong_with_any(exports: Exports, document: Any) -> None:
    for kind in ("lead", "ticket", "staff"):
        exports.flat(kind, f"{kind}.xes")
        assert exports.faults(f"{kind}.xes") == []
    assert exports.faults("all.sqlite") == []
    assert exports.faults("all.json") == []


def test_no_id_of_a_person_and_nothing_that_was_opened_is_in_a_file(exports: Exports, document: Any) -> None:
    exports.flat("customer", "customer.csv")
    texts = [(exports.folder / name).read_text() for name in ("all.json", "customer.csv")]
    streams = [str(name) for (name,) in asked(exports.url, "SELECT DISTINCT originator_id FROM ledger.stored_events")]
    people = {name.partition("/")[2] for name in streams if name.startswith(("lead/", "customer/", "staff/"))}
    users = "SELECT DISTINCT actor_name FROM ledger.stored_events WHERE actor_kind = 'user'"
    names = {str(name) for (name,) in asked(exports.url, users)}
    told = {found for each in exports.ledger.events(0, exports.until) for found in opened(each.event)}
    assert min(len(people), len(told)) > 10
    assert len(names) > 3
    for text in texts:
        assert "sealed" not in text
        assert not {*re.split(r"[^0-9A-Za-z-]+", text)} & people
        assert [each for each in names | told if len(each) > 1 and each in text] == []


def opened(event: Any) -> Iterator[str]:
    """Personal texts, as whoever has the keys reads them."""
    class_: type = type(event)
    for name, hint in get_type_hints(class_, include_extras=True).items():
        found = getattr(event, name)
        if is_personal(hint) and isinstance(found, str):
            yield found


@pytest.mark.parametrize("kind", ["lead", "order"])
def test_flat_files_have_every_event_of_the_kind(exports: Exports, kind: str) -> None:
    exports.flat(kind, f"{kind}.csv")
    with (exports.folder / f"{kind}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    own = Counter(activity for activity, _ in {(row["activity"], row["position"]) for row in rows})
    of_ledger = {name: count for name, count in exports.counts().items() if name.startswith(f"{kind}.")}
    assert {name: own[name] for name in of_ledger} == of_ledger
    assert [int(row["position"]) for row in rows] == sorted(int(row["position"]) for row in rows)

    exports.flat(kind, f"{kind}.xes")
    traces = etree.parse(exports.folder / f"{kind}.xes").getroot().findall(f"{XES}trace")
    assert len(traces) == len({row["case_id"] for row in rows})
    assert sum(len(each.findall(f"{XES}event")) for each in traces) == len(rows)
    for trace in traces:
        steps = [{each.get("key"): each.get("value") for each in event} for event in trace.findall(f"{XES}event")]
        order = [(step["time:timestamp"], int(step["position"] or 0)) for step in steps]
        assert all(one < other for one, other in pairwise(order))


def test_until_a_position_no_more_is_told_and_pseudonyms_stay(exports: Exports, document: Any) -> None:
    half = exports.until // 2
    written = exports.ocel("half.sqlite", half)
    assert written.until == half
    (last,) = in_sqlite(exports, "SELECT max(CAST(substr(ocel_id, 2) AS INTEGER)) FROM event", "half.sqlite")
    assert last[0] <= half
    assert {*in_sqlite(exports, "SELECT * FROM object", "half.sqlite")} < {*in_sqlite(exports, "SELECT * FROM object")}
    assert exports.faults("half.sqlite") == []


def test_what_is_broken_off_leaves_what_was_there(exports: Exports) -> None:
    path = exports.folder / "kept.json"
    path.write_text("before")
    exports.said = _Fails()
    try:
        with pytest.raises(ZeroDivisionError):
            exports.ocel("kept.json")
    finally:
        exports.said = []
    assert path.read_text() == "before"
    assert [each for each in exports.folder.iterdir() if each.name.startswith(".kept")] == []


class _Fails(list[tuple[str, int]]):
    def append(self, _: tuple[str, int]) -> None:
        raise ZeroDivisionError
