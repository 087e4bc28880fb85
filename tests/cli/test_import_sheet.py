"""A table of leads comes in as lines do: once, in its order, and whatever is wrong is told by row and column."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.bringing import all_of_it, asked, brought, captured, counts, write
from tests.cli.running import lifeledger, on

pytestmark = pytest.mark.slow

LEADS = "SELECT stream, imported, actor_id, (occurred_at = recorded_at) FROM ledger.events WHERE type = 'lead.captured'"
CRM = "columns: {key: 编号, external: 编号, occurred_at: 时间}\nsystem: crm\ntime_zone: Asia/Shanghai\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leads.csv"


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    found = tmp_path / "crm.yaml"
    found.write_text(CRM)
    return found


def rejected(file: Path) -> dict[int, Any]:
    """By row its problem and its text."""
    lines = map(json.loads, file.with_name("rejects.ndjson").read_text().splitlines())
    return {each["line"]: (each["problem"], each["text"]) for each in lines}


def columns(problem: Any) -> list[tuple[str, str]]:
    return [(each["column"], each["detail"]) for each in problem["errors"]]


def test_new_leads_come_in_as_of_now_and_once(file: Path, database_url: str) -> None:
    rows = "".join(f"N{number},138{number:08}\n" for number in range(600))
    file.write_bytes(f"姓名,手机号\n{rows}".encode("gb18030"))
    said = brought(file, database_url, "--region", "cn")
    assert (said.code, counts(said)) == (0, {"accepted": 600})
    found = asked(database_url, LEADS)
    assert {each[1:] for each in found} == {(False, "import", True)}
    assert len({stream for stream, *_ in found}) == 600
    before = all_of_it(database_url)
    file.rename(file.with_name("the same.csv"))
    again = brought(file.with_name("the same.csv"), database_url, "--region", "CN")
    assert (again.code, counts(again)) == (0, {"already_there": 600})
    assert all_of_it(database_url) == before


def test_bad_rows_are_kept_with_their_row_and_column_and_the_rest_comes_in(file: Path, database_url: str) -> None:
    company = file.with_name("company.yaml")
    field = "{name: level, type: choice, choices: [gold, silver], required: true}"
    company.write_text(f"catalogs: [{{id: lead-fields, fields: [{field}]}}]")
    assert lifeledger("setup", company, env=on(database_url)).code == 0
    told_map = file.with_name("map.yaml")
    told_map.write_text("columns: {custom/level: Level, kind: Art}\nregion: CN")
    file.write_text(
        "Phone;Name;Level;Art\n13800138001;Ann;gold;\n1.38E+10;Bob;gold;\n\n13800138003;Cem;lead;\n"
        '13800138004;"Dan;gold;\n13800138001;Eve;gold;\n13800138005;Fay;;\n13800138006;Gil;silver;resale\n'
        "13800138007;Hal;silver;upsell\n"
    )
    said = brought(file, database_url, "--map", told_map)
    assert (said.code, counts(said)) == (1, {"accepted": 2, "refused": 3, "invalid": 3})
    found = rejected(file)
    assert list(found) == [3, 5, 6, 7, 8, 9]
    rounded = "the spreadsheet has rounded this number: format its column as text, and export it again"
    assert columns(found[3][0]) == [("Phone", rounded)]
    assert columns(found[5][0]) == [("Level", "this is no choice")]
    assert columns(found[6][0]) == [("Name", "a quote opens here that does not close where the cell ends")]
    assert found[7][0]["type"] == "/problems/already-known"
    assert columns(found[8][0]) == [("Level", "this field is required")]
    assert [column for column, _ in columns(found[9][0])] == ["Art"]
    assert found[6][1] == '13800138004;"Dan;gold;'
    before = all_of_it(database_url)
    again = brought(file, database_url, "--map", told_map)
    assert counts(again) == {"already_there": 2, "refused": 3, "invalid": 3}
    assert all_of_it(database_url) == before


def test_rows_with_times_and_keys_are_history(file: Path, crm: Path, database_url: str) -> None:
    file.write_text("编号,姓名,时间\n4711,Ann,2025-03-01 10:00\n4712,Bob,2025/3/2\n")
    said = brought(file, database_url, "--map", crm, "--adopt-at", "2025-06-01T00:00:00Z")
    assert (said.code, counts(said), said.document["adopted"]) == (0, {"accepted": 2}, 2)
    question = """
    SELECT (occurred_at AT TIME ZONE 'Asia/Shanghai')::text, imported, source_system, source_message_id
      FROM ledger.events WHERE type = 'lead.captured' ORDER BY position
    """
    assert asked(database_url, question) == [
        ("2025-03-01 10:00:00", True, "crm", "4711"),
        ("2025-03-02 00:00:00", True, "crm", "4712"),
    ]
    file.write_text("编号,姓名,时间\n4713,Cem,2025-03-03\n4712,Robert,2025/3/2\n4711,Ann,2025-03-01 10:00\n")
    said = brought(file, database_url, "--map", crm)
    assert counts(said) == {"accepted": 1, "already_there": 1, "refused": 1}
    assert rejected(file)[3][0]["type"] == "/problems/command-id-reused"


def test_a_preview_shows_the_lines_that_would_come_in_and_writes_nothing(
    file: Path, crm: Path, database_url: str
) -> None:
    rows = "".join(f"{number},N{number},2025-03-01,x\n" for number in range(1, 8))
    file.write_text(f"编号,姓名,时间,Firm\n{rows}8,N8,soon,\n,N9,2025-03-01,\n,N10,later,\n")
    before = all_of_it(database_url)
    said = brought(file, database_url, "--map", crm, "--preview")
    assert said.code == 1
    assert "3 of 10 rows cannot be read" in said.err
    assert all_of_it(database_url) == before
    assert not file.with_name("rejects.ndjson").exists()
    found = said.document
    assert (found["rows"], found["unreadable"], found["history"]) == (10, 3, True)
    assert found["unmapped"] == ["Firm"]
    assert found["columns"] == {"name": ["姓名"], "key": ["编号"], "external": ["编号"], "occurred_at": ["时间"]}
    assert found["problems"] == [
        {"column": "时间", "detail": "this is no time: 2026-03-01 10:00 is one", "rows": 2, "first": [9, 11]},
        {"column": "编号", "detail": "key must not be empty", "rows": 2, "first": [10, 11]},
    ]
    lines = file.with_name("lines.ndjson")
    write(lines, *found["first"])
    assert counts(brought(lines, database_url)) == {"accepted": 5}
    assert counts(brought(file, database_url, "--map", crm)) == {"accepted": 2, "already_there": 5, "invalid": 3}


def test_people_read_what_is_mapped_and_what_is_not(file: Path, database_url: str) -> None:
    file.write_text("Mobile\tFirm\n13800138001\tAcme\n1.38E+10\tAcme\n")
    arguments: list[str | Path] = ["import", file, "--region", "CN"]
    said = lifeledger(*arguments, "--preview", env=on(database_url), at=file.parent)
    assert "leads.csv: new leads, 2 rows, written in UTF-8, separated by tabs" in said.out
    assert "not mapped: Firm" in said.out
    assert 'row 2: {"command":"CaptureLead",' in said.out
    assert "Mobile: the spreadsheet has rounded this number" in said.out
    said = lifeledger(*arguments, env=on(database_url), at=file.parent)
    assert "1 accepted, 0 already there, 0 refused, 1 invalid, 0 failed" in said.out
    assert "columns that were not mapped: Firm" in said.out


def test_wrong_usage_is_told_before_anything_is_begun(file: Path, crm: Path, database_url: str) -> None:
    file.write_text("email\na@x.cn\n")
    lines = file.with_name("history.ndjson")
    write(lines, captured(1))
    wrong: list[tuple[list[str | Path], str]] = [
        ([lines, "--preview"], "are for tables of leads (.csv, .tsv)"),
        ([lines, "--region", "CN"], "are for tables of leads (.csv, .tsv)"),
        (["-", "--map", crm], "a table of leads is a file"),
        ([file, "--region", "China"], "--region: 'China' is no country"),
        ([file, "--adopt-at", "now"], "they are live from the start"),
        ([file, "--map", file.with_name("missing.yaml")], "missing.yaml"),
    ]
    for arguments, told in wrong:
        said = lifeledger("import", *arguments, env=on(database_url), given=b"")
        assert (said.code, told in said.err) == (2, True), said.err
    said = brought(file, database_url, "--map", crm)
    assert said.code == 1
    assert "crm.yaml:1: columns/key: the file has no column '编号'" in json.loads(said.err)["error"]
    assert all_of_it(database_url)[0] == []
