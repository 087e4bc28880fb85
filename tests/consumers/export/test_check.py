"""What can be wrong with a log is found, each thing by its name: a good log is broken in one way at a time."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from consumers.export.check import faults

NOW = datetime(2026, 12, 31, tzinfo=UTC)
Mutant = Callable[[Any], object]


def log() -> dict[str, Any]:
    """A lead that is claimed by somebody, and the customer that it is of."""
    whole = [
        ("position", "integer"),
        ("score", "float"),
        ("imported", "boolean"),
        ("until", "time"),
        ("code", "string"),
    ]
    return {
        "eventTypes": [{"name": "lead.claimed", "attributes": [{"name": n, "type": t} for n, t in whole]}],
        "objectTypes": [
            {"name": "Lead", "attributes": [{"name": "status", "type": "string"}]},
            {"name": "Staff", "attributes": []},
        ],
        "objects": [
            {
                "id": "lead-1",
                "type": "Lead",
                "attributes": [{"name": "status", "time": "2026-03-01T09:00:00+08:00", "value": "new"}],
                "relationships": [{"objectId": "staff-1", "qualifier": "owner"}],
            },
            {"id": "staff-1", "type": "Staff", "attributes": [], "relationships": []},
        ],
        "events": [event(1, "2026-03-01T01:00:00Z"), event(2, "2026-03-02T01:00:00Z")],
    }


def event(number: int, time: str) -> dict[str, Any]:
    values = {"position": number, "score": 0.5, "imported": False, "until": "2026-03-05T00:00:00Z", "code": "phone"}
    return {
        "id": f"e{number}",
        "type": "lead.claimed",
        "time": time,
        "attributes": [{"name": name, "value": value} for name, value in values.items()],
        "relationships": [{"objectId": "lead-1", "qualifier": "lead"}, {"objectId": "staff-1", "qualifier": "owner"}],
    }


# JSON


def found_in_json(document: object, folder: Path) -> list[str]:
    path = folder / "log.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return list(faults(path, NOW))


def test_nothing_is_wrong_with_a_good_log(tmp_path: Path) -> None:
    assert found_in_json(log(), tmp_path) == []
    assert found_in_json(json.dumps(log(), indent=4), tmp_path) == []
    assert found_in_json(json.dumps(dict(reversed(log().items()))), tmp_path) == []


def first(log: Any) -> Any:
    return log["events"][0]


def value(name: str, found: object) -> Mutant:
    def change(log: Any) -> None:
        (each,) = (each for each in first(log)["attributes"] if each["name"] == name)
        each["value"] = found

    return change


IN_JSON: dict[str, tuple[Mutant, str]] = {
    "an event's type": (lambda log: first(log).update(type="lead.lost"), "'lead.lost', which is not declared"),
    "an object's type": (lambda log: log["objects"][0].update(type="Order"), "'Order', which is not declared"),
    "a type twice": (lambda log: log["objectTypes"].append(log["objectTypes"][0]), "'Lead' is declared 2 times"),
    "a type of a type": (
        lambda log: log["eventTypes"][0]["attributes"][0].update(type="number"),
        "'position' is of the unknown type 'number'",
    ),
    "an undeclared attribute": (
        lambda log: first(log)["attributes"].append({"name": "more", "value": 1}),
        "event 'e1', attribute 'more' is not declared",
    ),
    "an attribute twice": (lambda log: first(log)["attributes"].append(first(log)["attributes"][0]), "told twice"),
    "no value": (lambda log: first(log)["attributes"][0].pop("value"), "no attribute with a name and a value"),
    "an integer": (value("position", "1"), "attribute 'position': '1' is no integer"),
    "a truth for an integer": (value("position", True), "attribute 'position': True is no integer"),
    "a number": (value("score", "high"), "attribute 'score': 'high' is no float"),
    "a truth": (value("imported", 1), "attribute 'imported': 1 is no boolean"),
    "a text": (value("code", 7), "attribute 'code': 7 is no string"),
    "a time among the attributes": (value("until", "2026-03-05T00:00:00"), "is no time"),
    "no time": (lambda log: first(log).pop("time"), "event 'e1': None is no time"),
    "no zone": (lambda log: first(log).update(time="2026-03-01T01:00:00"), "has no time zone"),
    "no such day": (lambda log: first(log).update(time="2026-02-30T01:00:00Z"), "is no time"),
    "before there were logs": (lambda log: first(log).update(time="1969-12-31T23:00:00Z"), "is before 1970-01-01"),
    "still to come": (lambda log: first(log).update(time="2027-03-01T01:00:00Z"), "is still to come"),
    "a change before all": (
        lambda log: log["objects"][0]["attributes"][0].update(time="2025-03-01T09:00:00Z"),
        "object 'lead-1', attribute 'status': it is before the first event",
    ),
    "a change after all": (
        lambda log: log["objects"][0]["attributes"][0].update(time="2026-03-03T09:00:00Z"),
        "object 'lead-1', attribute 'status': it is after the last event",
    ),
    "an event twice": (lambda log: log["events"].append(first(log)), "event 'e1' is there 2 times"),
    "an object twice": (lambda log: log["objects"].append(log["objects"][1]), "object 'staff-1' is there 2 times"),
    "an empty id": (lambda log: first(log).update(id=""), "has the id ''"),
    "no id": (lambda log: first(log).pop("id"), "events[0] is no event with an id"),
    "a dangling object": (
        lambda log: first(log)["relationships"][0].update(objectId="lead-9"),
        "event 'e1', its relation to 'lead-9' as 'lead': there is no object 'lead-9'",
    ),
    "a dangling object of an object": (
        lambda log: log["objects"][0]["relationships"][0].update(objectId="staff-9"),
        "object 'lead-1', its relation to 'staff-9' as 'owner': there is no object 'staff-9'",
    ),
    "no object": (lambda log: first(log).update(relationships=[]), "event 'e1' has no object"),
    "an unknown qualifier": (
        lambda log: first(log)["relationships"][0].update(qualifier="boss"),
        "the qualifier 'boss' is unknown",
    ),
    "an unknown qualifier of an object": (
        lambda log: log["objects"][0]["relationships"][0].update(qualifier="boss"),
        "the qualifier 'boss' is unknown",
    ),
    "no qualifier": (lambda log: first(log)["relationships"][0].pop("qualifier"), "the qualifier None is unknown"),
    "a relation twice": (
        lambda log: first(log)["relationships"].append(first(log)["relationships"][0]),
        "it is told more than once",
    ),
    "an array that is missing": (lambda log: log.pop("objectTypes"), "has no objectTypes"),
    "a key too many": (lambda log: log.update(more=[]), "'more', which is nothing of OCEL"),
    "a key too many in an event": (lambda log: first(log).update(vmap={}), "'vmap', which is nothing of OCEL"),
    "no array": (lambda log: log.update(events={}), "events is no array"),
    "relations that are none": (lambda log: first(log).update(relationships={}), "its relationships are no array"),
}


@pytest.mark.parametrize("what", IN_JSON)
def test_what_is_wrong_in_json_is_found(what: str, tmp_path: Path) -> None:
    mutate, said = IN_JSON[what]
    broken = json.loads(json.dumps(log()))
    mutate(broken)
    found = found_in_json(broken, tmp_path)
    assert any(said in each for each in found), found


@pytest.mark.parametrize("text", ["", "[]", "{", '{"events": [1 2]}', '{"events": [NaN]}', '{"events": []} x'])
def test_what_is_no_json_is_told_with_its_place(text: str, tmp_path: Path) -> None:
    assert found_in_json(text, tmp_path)


@pytest.mark.parametrize("cut", range(1, len(json.dumps(log())), 97))
def test_a_half_document_is_found_wherever_it_ends(cut: int, tmp_path: Path) -> None:
    assert found_in_json(json.dumps(log())[:cut], tmp_path)


def test_a_schema_accepts_dangling_objects_and_the_check_does_not(tmp_path: Path) -> None:
    """By the form of the document alone it cannot be seen."""
    text = {"type": "string"}
    relation = {"type": "object", "properties": {"objectId": text, "qualifier": text}, "required": ["objectId"]}
    item = {"type": "object", "properties": {"id": text, "relationships": {"type": "array", "items": relation}}}
    schema = {
        "type": "object",
        "required": ["eventTypes", "objectTypes", "events", "objects"],
        "properties": {name: {"type": "array", "items": item} for name in ("events", "objects")},
    }
    dangling = log()
    dangling["events"][0]["relationships"][0]["objectId"] = "lead-9"
    assert jsonschema_rs.is_valid(schema, dangling)
    assert found_in_json(dangling, tmp_path)


# SQLite

GOOD = """
CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT);
CREATE TABLE event_LeadClaimed (
    ocel_id TEXT, ocel_time TIMESTAMP, position INTEGER, score REAL, imported BOOLEAN, until TIMESTAMP, code TEXT);
CREATE TABLE object_Lead (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT, status TEXT, score INTEGER);
CREATE TABLE object_Staff (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT);
INSERT INTO event_map_type VALUES ('lead.claimed', 'LeadClaimed');
INSERT INTO object_map_type VALUES ('Lead', 'Lead'), ('Staff', 'Staff');
INSERT INTO event VALUES ('e1', 'lead.claimed'), ('e2', 'lead.claimed');
INSERT INTO event_LeadClaimed VALUES
    ('e1', '2026-03-01T01:00:00Z', 1, 0.5, 0, '2026-03-05T00:00:00Z', 'phone'),
    ('e2', '2026-03-02T01:00:00Z', 2, NULL, 1, NULL, NULL);
INSERT INTO object VALUES ('lead-1', 'Lead'), ('staff-1', 'Staff');
INSERT INTO object_Lead VALUES
    ('lead-1', '1970-01-01T00:00:00Z', NULL, NULL, NULL), ('lead-1', '2026-03-01T01:00:00Z', 'status', 'new', NULL);
INSERT INTO object_Staff VALUES ('staff-1', '1970-01-01T00:00:00Z', NULL);
INSERT INTO event_object VALUES ('e1', 'lead-1', 'lead'), ('e2', 'staff-1', 'owner');
INSERT INTO object_object VALUES ('lead-1', 'staff-1', 'owner');
"""
OF_E1 = "WHERE ocel_id = 'e1'"
CHANGED = "WHERE ocel_changed_field IS NOT NULL"
IN_SQLITE = {
    "DROP TABLE object_object": "there is no table object_object",
    "ALTER TABLE event RENAME ocel_type TO type": "table event has no column ocel_type",
    "DROP TABLE event_LeadClaimed": "there is no table event_LeadClaimed",
    "ALTER TABLE object_Lead DROP COLUMN ocel_changed_field": "table object_Lead has no column ocel_changed_field",
    "CREATE TABLE event_More (ocel_id TEXT, ocel_time TEXT)": "table event_More is of no declared type",
    "INSERT INTO event_map_type VALUES ('lead.lost', 'LeadClaimed')": "several types have the table event_LeadClaimed",
    "INSERT INTO event_map_type VALUES ('lead.claimed', 'LeadClaimed')": "'lead.claimed' is declared 2 times",
    f"UPDATE event SET ocel_type = 'lead.lost' {OF_E1}": "event 'e1' is of type 'lead.lost', which is not declared",
    "UPDATE object SET ocel_type = 'Order' WHERE ocel_id = 'lead-1'": "'Order', which is not declared",
    "INSERT INTO event VALUES ('e1', 'lead.claimed')": "event 'e1' is there 2 times",
    "INSERT INTO object VALUES ('lead-1', 'Lead')": "object 'lead-1' is there 2 times",
    f"UPDATE event SET ocel_id = NULL {OF_E1}": "has the id None",
    f"DELETE FROM event_LeadClaimed {OF_E1}": "event 'e1' has no row in event_LeadClaimed",
    f"INSERT INTO event_LeadClaimed SELECT * FROM event_LeadClaimed {OF_E1}": "event 'e1' has 2 rows",
    "INSERT INTO object_Lead (ocel_id) VALUES ('lead-9')": "tells of 'lead-9', which is no object of type 'Lead'",
    "DELETE FROM object_Staff": "object 'staff-1' has no row in object_Staff",
    "INSERT INTO object_Staff SELECT * FROM object_Staff": "object 'staff-1' has 2 rows",
    f"UPDATE event_LeadClaimed SET ocel_time = '2026-03-01 01:00:00' {OF_E1}": "has no time zone",
    f"UPDATE event_LeadClaimed SET ocel_time = NULL {OF_E1}": "None is no time",
    f"UPDATE event_LeadClaimed SET ocel_time = '1969-03-01T01:00:00Z' {OF_E1}": "is before 1970-01-01",
    f"UPDATE event_LeadClaimed SET ocel_time = '2027-03-01T01:00:00Z' {OF_E1}": "is still to come",
    f"UPDATE object_Lead SET ocel_time = '2026-03-03T01:00:00Z' {CHANGED}": "it is after the last event",
    f"UPDATE object_Lead SET ocel_time = '2025-03-03T01:00:00Z' {CHANGED}": "it is before the first event",
    "UPDATE object_Staff SET ocel_time = 'once'": "'once' is no time",
    f"UPDATE event_LeadClaimed SET position = 'first' {OF_E1}": "attribute 'position': 'first' is no INTEGER",
    f"UPDATE event_LeadClaimed SET score = 'high' {OF_E1}": "attribute 'score': 'high' is no REAL",
    f"UPDATE event_LeadClaimed SET imported = 2 {OF_E1}": "attribute 'imported': 2 is no BOOLEAN",
    f"UPDATE event_LeadClaimed SET until = '2026-03-05' {OF_E1}": "is no TIMESTAMP",
    f"UPDATE event_LeadClaimed SET code = x'00' {OF_E1}": "is no TEXT",
    "ALTER TABLE event_LeadClaimed ADD COLUMN more DECIMAL": "'more' is of the unknown type 'DECIMAL'",
    f"UPDATE object_Lead SET ocel_changed_field = 'more' {CHANGED}": "changes 'more', which is no attribute",
    f"UPDATE object_Lead SET status = NULL {CHANGED}": "changes 'status', and does not say into what",
    f"UPDATE object_Lead SET score = 1 {CHANGED}": "changes 'status', and says something of 'score'",
    "INSERT INTO event_object VALUES ('e9', 'lead-1', 'lead')": "there is no event 'e9'",
    "INSERT INTO event_object VALUES ('e1', 'lead-9', 'lead')": "there is no object 'lead-9'",
    "INSERT INTO object_object VALUES ('lead-9', 'staff-1', 'owner')": "there is no object 'lead-9'",
    "INSERT INTO object_object VALUES ('lead-1', 'staff-9', 'owner')": "there is no object 'staff-9'",
    "INSERT INTO event_object VALUES ('e1', 'staff-1', 'boss')": "the qualifier 'boss' is unknown",
    "INSERT INTO event_object VALUES ('e1', 'staff-1', NULL)": "the qualifier None is unknown",
    "INSERT INTO object_object VALUES ('lead-1', 'staff-1', 'boss')": "the qualifier 'boss' is unknown",
    "INSERT INTO event_object VALUES ('e1', 'lead-1', 'lead')": "it is told more than once",
    "DELETE FROM event_object WHERE ocel_event_id = 'e1'": "event 'e1' has no object",
}


def found_in_sqlite(script: str, folder: Path) -> list[str]:
    path = folder / "log.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(GOOD + script)
        connection.commit()
    return list(faults(path, NOW))


def test_nothing_is_wrong_with_good_tables(tmp_path: Path) -> None:
    assert found_in_sqlite("", tmp_path) == []


@pytest.mark.parametrize("script", IN_SQLITE)
def test_what_is_wrong_in_sqlite_is_found(script: str, tmp_path: Path) -> None:
    found = found_in_sqlite(script, tmp_path)
    assert any(IN_SQLITE[script] in each for each in found), found


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_text("no database at all, and long enough to look like one" * 10)
    assert ["no database" in each for each in faults(path, NOW)] == [True]


# XES

STEP = """<event><string key="concept:name" value="lead.claimed"/><string key="org:resource" value="staff-1"/>
<date key="time:timestamp" value="2026-03-0{}T01:00:00Z"/><int key="position" value="{}"/></event>"""
LOG = f"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace"><string key="concept:name" value="unknown"/></global>
<global scope="event"><string key="concept:name" value="unknown"/><date key="time:timestamp"
 value="1970-01-01T00:00:00Z"/></global>
<classifier name="Activity" scope="event" keys="concept:name"/>
<string key="concept:name" value="lifeledger lead"/>
<trace><string key="concept:name" value="lead-1"/>{STEP.format(1, 1)}{STEP.format(2, 2)}</trace>
<trace><string key="concept:name" value="lead-2"/>{STEP.format(3, 3)}</trace>
</log>"""
IN_XES = {
    ("</trace>\n</log>", "</log>"): "no well-formed XML",
    ("<log ", "<!DOCTYPE log>\n<log "): "a document type is declared",
    (' xmlns="http://www.xes-standard.org/"', ""): "not in the namespace",
    (' xes.version="1849.2016"', ""): "the log has no xes.version",
    (' xes.features=""', ""): "the log has no xes.features",
    ("http://www.xes-standard.org/org.xesext", ""): "extension 'Organizational' has no uri",
    ('prefix="org"', 'prefix="time"'): "extension 'time' is declared more than once",
    ('<extension name="Organizational"', '<string key="a" value=""/><extension name="Organizational"'): "stands behind",
    ("org:resource", "cost:total"): "no extension with the prefix cost is declared",
    ("org:resource", "org:boss"): "org:boss as string is nothing of the extension org",
    ('scope="trace"', 'scope="case"'): "'case', which is none",
    ('<global scope="trace">', '<global scope="event">'): "global of event is there more than once",
    ('keys="concept:name"', 'keys="concept:name org:resource"'): "org:resource, which is no global of event",
    ('keys="concept:name"', 'keys=""'): "has no name or no keys",
    ('<string key="concept:name" value="lead-1"/>', ""): "it has no concept:name, which is a global of trace",
    ('<string key="concept:name" value="lead.claimed"/>', ""): "it has no concept:name, which is a global of event",
    ('<string key="concept:name" value="lead.claimed"/>', '<id key="concept:name" value="x"/>'): "as a global string",
    ('<date key="time:timestamp" value="2026-03-01T01:00:00Z"/>', ""): "event 1 of trace 1 (lead-1) (lead.claimed)",
    ("2026-03-01T01:00:00Z", "2026-03-01T01:00:00"): "is no date",
    ("2026-03-01T01:00:00Z", "1969-03-01T01:00:00Z"): "is before 1970-01-01",
    ("2026-03-03T01:00:00Z", "2027-03-03T01:00:00Z"): "is still to come",
    ("2026-03-01T01:00:00Z", "2026-03-09T01:00:00Z"): "is before the event ahead of it",
    ('value="1"', 'value="one"'): "attribute position: 'one' is no int",
    ('key="position" value="1"', 'key="position"'): "attribute position has no value",
    ('key="position" value="1"', 'value="1"'): "an attribute of type int has no key",
    (
        '<int key="position" value="1"/>',
        '<int key="a" value="1"/><int key="a" value="1"/>',
    ): "a is there more than once",
    ('<int key="position" value="1"/>', '<number key="a" value="1"/>'): "element number has no place in event",
    ("lead-2", "lead-1"): "there is another one of this name",
    (STEP.format(3, 3), ""): "it has no event",
}


def test_nothing_is_wrong_with_good_traces(tmp_path: Path) -> None:
    (tmp_path / "log.xes").write_text(LOG)
    assert list(faults(tmp_path / "log.xes", NOW)) == []


@pytest.mark.parametrize("change", IN_XES, ids=[f"{one[:40]}-{other[:40]}" for one, other in IN_XES])
def test_what_is_wrong_in_xes_is_found_with_its_line(change: tuple[str, str], tmp_path: Path) -> None:
    before, after = change
    assert before in LOG
    (tmp_path / "log.xes").write_text(LOG.replace(before, after, 1))
    found = list(faults(tmp_path / "log.xes", NOW))
    assert any(IN_XES[change] in each for each in found), found
    assert all("line " in each for each in found), found
