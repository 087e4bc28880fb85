"""A table of leads over HTTP: what is guessed of it, what would come of each row, and what comes of it."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import service as serving
from api.cli.reading import Order, chunks
from api.sheet import table
from api.sheet.layout import Map
from api.sheet.uploaded import Uploaded
from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, MIA, House, problem

pytestmark = pytest.mark.slow  # On a real database.

LARGEST = 8 * 2**20
PATIENCE = 600.0  # On a machine at many times its load, too.
ALL = {"X-Actor": "service:report", "X-Role": "auditor"}
CHINESE = "姓名,手机号,来源,备注\n李娜,138 0013 8001,fair,=1+1\n王伟,+8613800138002,fair,你好\n"
CN = {"region": "CN"}


@pytest.fixture
def house(read_house: House) -> House:
    return read_house


@pytest.fixture(scope="module")
def quiet_house() -> Iterator[House]:
    """In memory, for what writes nothing that anybody looks at; with an application that no other house shares."""
    with House.opened(followers=199) as house:
        yield house.settle()


def send(
    house: House, where: str, raw: str | bytes, by: Mapping[str, str] = CRM, told: Any = None, **asked: Any
) -> httpx.Response:
    content = raw.encode() if isinstance(raw, str) else raw
    query = urlencode(asked | ({} if told is None else {"map": told if isinstance(told, str) else json.dumps(told)}))
    return house.ask(
        "POST", f"/imports/leads{where}?{query}", by, content=content, headers={"Content-Type": "text/csv"}
    )


def looked(house: House, raw: str | bytes, **more: Any) -> dict[str, Any]:
    answer = send(house, "/columns", raw, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def foreseen(house: House, raw: str | bytes, **more: Any) -> dict[str, Any]:
    position = house.position
    answer = send(house, "/preview", raw, **more)
    assert answer.status_code == 200, answer.text
    assert house.position == position, "nothing is written"
    found: dict[str, Any] = answer.json()
    assert sum(found["counts"].values()) == found["rows"]
    return found


def brought(house: House, raw: str | bytes, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The summary, and the rows that are not in."""
    answer = send(house, "", raw, **more)
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert lines[-1]["finished"]
    assert lines[-1]["done"] == lines[-1]["rows"] == sum(lines[-1]["counts"].values())
    return lines[-1], [line for line in lines if "problem" in line]


def counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {name: count for name, count in told["counts"].items() if count}


def statuses(told: Mapping[str, Any]) -> list[str]:
    return [each["status"] for each in told["page"]]


def error(answer: httpx.Response) -> dict[str, str]:
    (found,) = problem(answer, 422, "invalid-request")["errors"]
    return dict(found)


# Looked at


def test_a_chinese_header_is_understood_however_it_is_written(house: House) -> None:
    for encoding, named in (
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16",) * 2,
    ):
        told = looked(house, CHINESE.encode(encoding))
        layout = told["layout"]
        assert layout["encoding"] == named
        assert layout["columns"] == {"name": ["姓名"], "phone": ["手机号"], "source": ["来源"]}
        assert (layout["unmapped"], layout["lacking"], layout["history"]) == (["备注"], [], False)
        assert told["rows"] == 2
        assert told["sample"][0] == {"row": 2, "cells": ["李娜", "138 0013 8001", "fair", "=1+1"]}


def test_what_a_column_may_be_mapped_to_is_told_and_what_is_lacking(house: House) -> None:
    body = {"fields": [{"name": "seats", "type": "integer", "required": False, "personal": False, "choices": []}]}
    assert house.post("/catalogs/lead-fields/publish-catalog", body, ADMIN).status_code == 200
    told = looked(house, "Firm;Office\nACME;1\n")
    assert told["layout"]["separator"] == ";"
    assert "a phone, an email, a wechat or an external id" in told["layout"]["lacking"][0]
    assert {"phone", "email", "name", "requested_amount", "key", "occurred_at"} <= {*told["fields"]}
    (own,) = told["custom"]
    assert (own["field"], own["type"]) == ("custom/seats", "integer")
    mapped = looked(house, "Firm;Office\nACME;1\n", told={"columns": {"phone": "Office", "custom/seats": "Firm"}})
    assert (mapped["layout"]["lacking"], mapped["layout"]["unmapped"]) == ([], [])


def test_a_form_may_send_it(house: House) -> None:
    form = {"files": {"file": ("leads.csv", CHINESE.encode("gb18030"), "text/csv")}, "data": {"map": json.dumps(CN)}}
    answer = house.ask("POST", "/imports/leads/preview", CRM, **form)
    assert answer.status_code == 200, answer.text
    assert answer.json() == foreseen(house, CHINESE.encode("gb18030"), told=CN)
    for broken in ({"data": {"map": "{}"}, "files": {"leads": b"a"}}, {"files": {"file": b""}}):
        told = error(house.ask("POST", "/imports/leads/preview", CRM, **broken))
        assert told["pointer"] == ""


# Tried out


def test_each_row_is_told_what_would_come_of_it(house: House) -> None:
    house.held()
    (held,) = house.get(f"/leads/{LEAD}/events", CRM).json()["events"][:1]
    assert held["type"] == "lead.captured"
    number = f"+86138{int(LEAD[-4:], 16):08}"
    raw = (
        "name,phone,email\n"
        "one,+8613800138001,\n"
        f"two,{number},\n"
        "three,+8613800138001,\n"
        "four,12,\n"
        "five,,\n"
        ",,\n"
        "six,+8613800138006,six@x.cn\n"
    )
    told = foreseen(house, raw)
    assert statuses(told) == ["new", "known", "repeats", "invalid", "invalid", "new"]
    assert counts(told) == {"new": 2, "known": 1, "repeats": 1, "invalid": 2}
    _, known, repeats, unread, empty, last = told["page"]
    assert known["held_by"] == {"lead_id": LEAD, "owner": "ann"}
    assert repeats["of_row"] == 2
    assert [each["column"] for each in unread["errors"]] == ["phone"]
    assert {each["column"] for each in empty["errors"]} == {"phone", "email"}
    assert last["row"] == 8, "as spreadsheets count"
    assert last["cells"] == ["six", "+8613800138006", "six@x.cn"]


def test_whose_a_duplicate_is_hears_who_may_see_it(house: House, database_url: str) -> None:
    house.held()
    raw = f"name,phone\nx,+86138{int(LEAD[-4:], 16):08}\n"
    for by, owner in ((ANN, "ann"), (MIA, "ann"), (CRM, "ann"), (BOB, None)):
        (row,) = foreseen(house, raw, by=by)["page"]
        assert row["status"] == "known"
        assert row["held_by"] == (None if owner is None else {"lead_id": LEAD, "owner": owner})
        assert owner is not None or LEAD not in json.dumps(row)
    house.app.service.look_log.close()
    with psycopg.connect(database_url) as connection:
        looks = connection.execute("SELECT route, subjects FROM ledger.looks WHERE viewer_id = 'bob'").fetchall()
    assert looks == [("POST /imports/leads/preview", [f"lead/{LEAD}"])]


def test_the_rules_themselves_say_what_would_be_refused(house: House) -> None:
    fields = [{"name": "size", "type": "choice", "required": True, "personal": False, "choices": ["s", "m"]}]
    assert house.post("/catalogs/lead-fields/publish-catalog", {"fields": fields}, ADMIN).status_code == 200
    raw = "phone,custom/size\n+8613800138001,s\n+8613800138002,xl\n+8613800138003,\n"
    told = foreseen(house, raw)
    assert told["page"][0]["status"] == "new"
    assert statuses(told)[1:] == ["refused", "refused"]
    assert told["page"][1]["errors"][0]["column"] == "custom/size"
    summary, rejected = brought(house, raw)
    assert counts(summary) == {"accepted": 1, "refused": 2}
    assert [each["line"] for each in rejected] == [3, 4]


def test_pages_go_on_behind_a_row_and_may_be_of_some_alone(house: House) -> None:
    raw = "phone\n" + "".join(f"+86138{number:08}\n" if number % 5 else "x\n" for number in range(600))
    whole = foreseen(house, raw, limit=500)
    assert (len(whole["page"]), whole["next"]) == (500, 501)
    rest = foreseen(house, raw, limit=500, after=whole["next"])
    assert (rest["next"], rest["counts"]) == (None, whole["counts"])
    assert [each["row"] for each in (*whole["page"], *rest["page"])] == [*range(2, 602)]
    bad = foreseen(house, raw, only="invalid,known")
    assert {each["status"] for each in bad["page"]} == {"invalid"}
    assert (len(bad["page"]), bad["counts"]["invalid"]) == (100, 120)
    assert error(send(house, "/preview", raw, only="odd"))["parameter"] == "only"


# Brought in


def test_what_was_foreseen_comes_about_and_the_same_table_again_changes_nothing(house: House) -> None:
    raw = CHINESE + "赵敏,13800138001,fair,\n,,fair,nobody\n"
    before = foreseen(house, raw, told=CN)
    assert statuses(before) == ["new", "new", "repeats", "invalid"]
    summary, rejected = brought(house, raw, told=CN)
    assert counts(summary) == {"accepted": 2, "refused": 1, "invalid": 1}
    assert [(each["line"], each["status"]) for each in rejected] == [(4, "refused"), (5, "invalid")]
    assert rejected[1]["text"] == ",,fair,nobody"
    assert rejected[1]["problem"]["errors"][0]["column"] == "手机号"
    assert summary["position"] == house.position
    first = house.get(f"/leads/{before['page'][0]['lead_id']}/events", CRM).json()["events"][0]
    assert (first["type"], first["actor"]["id"], first["data"]["source"]) == ("lead.captured", "crm", "fair")
    assert foreseen(house, raw, told=CN)["counts"] == {
        **before["counts"],
        "new": 0,
        "already_there": 2,
    }
    again, rejected_again = brought(house, raw.encode("gb18030"), told=CN)
    assert counts(again) == {"already_there": 2, "refused": 1, "invalid": 1}
    assert again["position"] == summary["position"]
    assert [each["line"] for each in rejected_again] == [4, 5]


def test_who_sends_what_another_has_sent_hears_whose_it_is(house: House) -> None:
    raw = "name,phone\nx,+8613800138001\n"
    assert counts(brought(house, raw, by=ANN)[0]) == {"accepted": 1}
    (row,) = foreseen(house, raw, by=MIA)["page"]
    assert row["status"] == "known"
    summary, (rejected,) = brought(house, raw, by=BOB)
    assert counts(summary) == {"refused": 1}
    assert rejected["problem"]["type"] == "/problems/already-known"


def test_a_key_is_the_same_for_everybody(house: House) -> None:
    raw, told = "No.,phone\n7,+8613800138001\n", {"columns": {"key": "No."}, "system": "crm"}
    assert counts(brought(house, raw, by=ANN, told=told)[0]) == {"accepted": 1}
    assert counts(brought(house, raw, by=ANN, told=told)[0]) == {"already_there": 1}
    other = raw.replace("8001", "8009")
    assert statuses(foreseen(house, other, by=MIA, told=told)) == ["known"]
    assert statuses(foreseen(house, other, by=ANN, told=told)) == ["refused"], "a row has changed under its key"
    assert counts(brought(house, other, by=MIA, told=told)[0]) == {"refused": 1}


def test_rejects_are_a_table_that_can_be_corrected_and_brought_in(house: House) -> None:
    raw = 'name,phone,note\nx,12,"=1+1"\ny,+8613800138001,\nz,"open,13\n'
    answer = send(house, "", raw, answer="rejects")
    assert answer.headers["content-disposition"] == 'attachment; filename="rejects.csv"'
    head, first, second = csv.reader(io.StringIO(answer.content.decode()))
    assert head == ["row", "problem", "in column", "name", "phone", "note"]
    assert (first[0], first[2:]) == ("2", ["phone", "x", "12", "'=1+1"]), "no spreadsheet takes it for a formula"
    assert (second[0], second[3]) == ("4", 'z,"open,13')
    assert send(house, "", raw, answer="rejects").content == answer.content
    corrected = answer.content.decode().replace(",12,", ",+8613800138012,")
    assert counts(brought(house, corrected)[0]) == {"accepted": 1, "invalid": 1}


def test_history_is_for_who_may_import(house: House) -> None:
    raw = "phone,occurred_at\n+8613800138001,2025-03-01 10:00\n"
    told = {"time_zone": "Asia/Shanghai"}
    for where in ("/preview", ""):
        problem(send(house, where, raw, by=CRM, told=told), 403, "not-allowed")
    assert looked(house, raw, by=ADMIN)["layout"]["history"]
    assert statuses(foreseen(house, raw, by=ADMIN, told=told)) == ["new"]
    assert counts(brought(house, raw, by=ADMIN, told=told)[0]) == {"accepted": 1}
    problem(send(house, "/preview", "phone\n+8613800138001\n", by=ADMIN), 403, "not-allowed")


def test_of_history_and_keys_the_ids_are_those_of_the_command_line(house: House) -> None:
    raw = "phone,occurred_at\n+8613800138001,2025-03-01T10:00:00+08:00\n"
    (row,) = foreseen(house, raw, by=ADMIN)["page"]
    ledger = house.app.service.write.ledger
    layout = table.table_of(house.app.service, uploaded_of(raw), enough=True).layout
    order = Order(ledger.keys.root, 2**20, "trace", layout)
    ((read,),) = ([*chunk.lines] for chunk in chunks(io.BytesIO(raw.encode()), order))
    assert read.ask is not None
    assert row["lead_id"] == str(read.ask.command.lead_id)
    assert counts(brought(house, raw, by=ADMIN)[0]) == {"accepted": 1}
    assert read.ask.command_id in ledger.outcomes([read.ask.command_id])


def uploaded_of(raw: str) -> Any:
    return Uploaded(raw.encode(), Map())


def test_ten_thousand_rows_go_in_in_their_order(house: House) -> None:
    rows = 10_000
    raw = "name,phone\n" + "".join(f"n{number},+86138{number:08}\n" for number in range(rows))
    request = house.http.post("/imports/leads", content=raw, headers={**CRM, "Content-Type": "text/csv"})
    answer = asyncio.run_coroutine_threadsafe(request, house.loop).result(PATIENCE)
    lines = [json.loads(line) for line in answer.content.splitlines()]
    done = [line["done"] for line in lines]
    assert done == sorted(done)
    assert done[0] == 256
    assert counts(lines[-1]) == {"accepted": rows}
    last = house.app.service.write.ledger.recorded(house.app.service.write.ledger.rows.select_rows(0, 100_000))
    names = [each.event.name for each in last if each.type == "lead.captured"]
    assert names == [f"n{number}" for number in range(rows)]
    assert counts(brought(house, raw[: raw.index("n1000,")])[0]) == {"already_there": 1_000}


# Who may, and what cannot be read


@pytest.mark.parametrize("where", ["", "/columns", "/preview"])
def test_it_is_for_who_may_capture(quiet_house: House, where: str) -> None:
    house = quiet_house
    problem(house.ask("POST", f"/imports/leads{where}", content=b"phone\n1\n"), 401, "unauthenticated")
    problem(send(house, where, CHINESE, by=ALL), 403, "not-allowed")
    assert send(house, where, CHINESE, by=ANN).status_code == 200


@pytest.mark.parametrize("where", ["", "/columns", "/preview"])
def test_what_is_too_much_is_not_read(quiet_house: House, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    house = quiet_house
    problem(house.ask("POST", f"/imports/leads{where}", CRM, content=b"{}"), 415, "wrong-media-type")
    problem(send(house, where, b"x" * (LARGEST + 1)), 413, "body-too-large")
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    problem(send(house, where, CHINESE + "a,b,c,d\n"), 413, "too-many-rows")
    assert send(house, where, CHINESE).status_code == 200
    monkeypatch.setattr(serving, "MOST_TABLES", 0)
    problem(send(house, where, CHINESE), 503, "tables-waiting")


@pytest.mark.parametrize(
    ("raw", "told", "said"),
    [
        (b"", None, "it has no rows"),
        (b"\n,,\n", None, "it has no rows"),
        ("Prénom\n".encode("latin-1"), None, "line 1: this is not UTF-8"),
        (b"phone\n1\n\xff\n", None, "line 3: this is not UTF-8"),
        (b"phone\n1\n", {"columns": {"phone": "Phone"}}, "columns/phone: the file has no column 'Phone'; phone is one"),
        (b"phone\n1\n", {"columns": {"fone": "phone"}}, "a lead has no such field; phone is one"),
        (b"phone\n1\n", {"columns": {"name": ["phone", "phone"]}}, "has several columns"),
        (b"phone\n1\n", {"values": {"phone": "1"}}, "values/phone: this is not the same for several leads"),
        (b"phone\n1\n", {"columns": {"custom/x": "phone"}}, "columns/custom/x: lead-fields has no field 'x'"),
        (b"phone\n1\n", {"encoding": "klingon"}, "encoding: 'klingon' is unknown"),
        (b"phone\n1\n", {"encoding": "a\0b"}, "is unknown"),
        (b"phone\n1\n", {"encoding": "idna"}, "encoding"),
        (b"phone\n1\n", {"separator": "ab"}, "separator: this is one character"),
        (b"phone\n1\n", {"separator": "\0"}, "separator: this is one character"),
        (b"phone\n1\n", {"region": "XX"}, "region: 'XX' is no country"),
        (b"phone\n1\n", {"time_zone": "Mars"}, "time_zone: 'Mars' is unknown"),
        (b"phone\n1\n", {"colour": "red"}, "colour: "),
        (b"phone\n1\n", {"columns": {"phone": 1}}, "columns/phone"),
        (b"phone\n1\n", "[]", ""),
        (b"phone\n1\n", "{", ""),
        (b"note\n1\n", None, "none of its columns is known to have a phone"),
        (b"id\n1\n", {"columns": {"external": "id"}}, "`system` in the map says whose ids external are"),
        (b"phone,requested_amount\n1,2\n", None, "requested_amount needs a currency"),
    ],
)
def test_what_is_wrong_with_a_table_or_its_map_is_named(quiet_house: House, raw: bytes, told: Any, said: str) -> None:
    for where in ("/preview", ""):
        found = problem(send(quiet_house, where, raw, told=told), 422, "invalid-request")["errors"]
        assert any(said in each["detail"] for each in found), found
        assert all(("parameter" in each) == (each.get("parameter") == "map") for each in found)


def test_one_bad_row_takes_no_other_along(house: House) -> None:
    raw = (
        b'phone,name\n+8613800138001,a\n+8613800138002,"b\n+8613800138003,c\n+8613800138004,\x00\n+8613800138005,d,e\n'
    )
    told = foreseen(house, raw)
    assert statuses(told) == ["new", "invalid", "new", "invalid", "invalid"]
    gb = "手机号,姓名\n+8613800138001,好\n".encode("gb18030") + b"+8613800138002,\xff\xff\n"
    assert statuses(foreseen(house, gb)) == ["new", "invalid"]


TEXTS = st.text(max_size=12)
MAPS = st.fixed_dictionaries(
    {},
    optional={
        "columns": st.dictionaries(
            st.sampled_from(["phone", "email", "name", "key", "occurred_at", "custom/x", "external"]) | TEXTS,
            st.sampled_from(["a", "b", "a (2)", "column 2"]) | TEXTS | st.lists(TEXTS, max_size=2),
            max_size=3,
        ),
        "values": st.dictionaries(
            st.sampled_from(["source", "channel", "currency", "custom/x"]) | TEXTS, TEXTS, max_size=2
        ),
        "region": st.sampled_from(["CN", "DE"]) | TEXTS,
        "system": TEXTS,
        "time_zone": st.sampled_from(["Asia/Shanghai", "UTC"]) | TEXTS,
        "encoding": st.sampled_from(
            ["utf-8", "gb18030", "utf-16", "utf_16", "utf-32", "utf-7", "idna", "punycode", "unicode_escape", "big5"]
        )
        | TEXTS,
        "separator": st.sampled_from([",", ";", "\t"]) | TEXTS,
    },
)
CELLS = st.sampled_from(["a", "b", "phone", "+8613800138001", '"', '""', "=1+1", "\0", "\r", "\n", ",", "1.38E+10"])
TABLES = st.lists(CELLS, max_size=30).map(",".join).map(str.encode) | st.binary(max_size=80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES, MAPS | st.text(max_size=20), st.sampled_from(["", "/columns", "/preview"]))
def test_whatever_is_sent_is_answered(quiet_house: House, raw: bytes, told: Any, where: str) -> None:
    answer = send(quiet_house, where, raw, told=told)
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200 and where == "":
        assert json.loads(answer.content.splitlines()[-1])["counts"]["failed"] == 0
