"""A view as it stood at any moment, as a table, as CSV, as JSON and as Parquet; and what cannot be asked is told."""

import csv
import json
import os
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import pytest
import structlog
from rich.console import Console

from api.cli import main
from api.cli.say import records
from api.cli.taken import in_parquet
from consumers.at import BEGINNING, Moment
from projections import VIEWS
from tests.cli.bringing import captured, lead, told, write
from tests.cli.running import lifeledger, on
from tests.servers import Server

pytestmark = pytest.mark.slow

MONEY = {"amount": {"amount": "1250.5", "currency": "CNY"}}
QUALIFIED = {"probability": 50, "close_date": "2025-06-01"}


@pytest.fixture(scope="module")
def history(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Five leads, then two of them are contacted, then one is qualified. No worker has ever run."""
    name = f"views_at_{os.getpid()}"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    lines = [*map(captured, range(5)), told("ContactLead", 1), told("ContactLead", 3)]
    write(file, *lines, told("QualifyLead", 3, **MONEY, **QUALIFIED))
    said = lifeledger("import", file, "--json", env=on(url), at=file.parent)
    assert (said.code, said.document["accepted"]) == (0, 8), said
    yield url
    postgres.drop_database(name)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command line says where this process logs to: here, to what is read by this test alone."""
    yield
    structlog.reset_defaults()


def position(url: str, topic: str) -> int:
    """Of the last event of a type."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT max(position) FROM ledger.events WHERE type = %s", [topic]).fetchone()
    assert found is not None
    return int(found[0])


def asked(capsys: pytest.CaptureFixture[str], *arguments: str | int | Path) -> str:
    """In this process, which is sooner done than to start another one."""
    with pytest.raises(SystemExit) as ended:
        main(["views", "at", *map(str, arguments)])
    said = capsys.readouterr()
    assert ended.value.code in (None, 0), said.err
    assert said.err == ""
    return said.out


def test_a_view_is_shown_at_a_moment_in_every_form(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = on(history)
    for name in ("DATABASE_URL", "LIFELEDGER_MASTER_KEY"):
        monkeypatch.setenv(name, env[name])
    contacted, end = position(history, "lead.contacted"), position(history, "lead.qualified")
    columns = ("lead_id", "status", "amount")

    # JSON, in a process of its own: filters and order, at the end and at a position.
    said = lifeledger(
        "views", "at", "sales_worklist", "--where", "status=contacting", "--as-of", str(contacted), "--json", env=env
    )
    assert (said.code, said.err) == (0, "")
    assert (said.document["view"], said.document["position"]) == ("sales_worklist", contacted)
    assert {row["lead_id"] for row in said.document["rows"]} == {lead(1), lead(3)}
    now = json.loads(asked(capsys, "sales_worklist", "--format", "json", "--sort", "amount", "--limit", "2"))
    first, second = now["rows"]
    assert [first[name] for name in columns] == [lead(3), "qualified", "1250.5"]
    assert second["amount"] is None
    assert now["position"] >= end

    # CSV.
    out = asked(capsys, "sales_worklist", "--format", "csv", "--where", "status.in=new,qualified", "--as-of", end)
    rows = list(csv.DictReader(StringIO(out)))
    assert len(rows) == 4
    assert {row["amount"] for row in rows} == {"", "1250.5"}
    assert rows[0]["phones"] == "[]"
    assert re.fullmatch(r"2025-03-01T02:00:00\+00:00", rows[0]["captured_at"])

    # Parquet, with types, and with nothing in it.
    file = tmp_path / "leads.parquet"
    assert asked(capsys, "sales_worklist", "--format", "parquet", "--output", file) == ""
    table = pyarrow.parquet.read_table(file)
    of = {name.decode(): found.decode() for name, found in (table.schema.metadata or {}).items()}
    assert (of["view"], int(of["position"])) == ("sales_worklist", now["position"])
    assert sorted(found for found in table["amount"].to_pylist() if found) == [Decimal("1250.5")]
    types: dict[str, Any] = {name: str(table.schema.field(name).type) for name in (*columns, "captured_at", "phones")}
    assert types["captured_at"] == "timestamp[us, tz=UTC]"
    assert types["phones"].startswith("list<")
    assert table["lead_id"].type == "string"
    for view in VIEWS:
        in_parquet(view, Moment(0, BEGINNING), [], file)
        empty = pyarrow.parquet.read_table(file)
        assert empty.num_rows == 0
        assert not [each for each in empty.schema if "null" in str(each.type)], view.name

    # For people; and what had happened by a time, of which all was recorded today.
    out = asked(capsys, "funnel", "--as-of-occurred", "2025-03-01T10:00:00+08:00")
    assert out.startswith(f"funnel at position {now['position']}, as of 2025-03-01T02:00:00+00:00: 5 rows\n")
    assert all(lead(number) in out for number in range(5))
    assert ": 0 rows\n" in asked(capsys, "funnel", "--as-of-occurred", "2025-03-01T01:59:59Z")
    out = asked(capsys, "funnel", "--as-of", "2025-12-31T00:00:00Z", "--output", tmp_path / "funnel.txt")
    assert out == ""
    assert (tmp_path / "funnel.txt").read_text(encoding="utf-8").startswith("funnel at position 0")
    with psycopg.connect(history) as connection:
        found = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'views'").fetchone()
    assert found == (0,), "it needs no view, and leaves none behind"


def test_what_cannot_be_asked_is_told_before_anything_is_folded(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "LIFELEDGER_MASTER_KEY"):
        monkeypatch.setenv(name, on(history)[name])
    monkeypatch.setattr("api.cli.at.fold", None)
    for arguments, code, because in (
        (["funel"], 2, "there is no view funel; there is funnel"),
        (["funnel", "--as-of", "999"], 2, "--as-of: the ledger ends at position "),
        (["funnel", "--as-of", "2026-01-01T00:00:00"], 2, "--as-of: '2026-01-01T00:00:00' is in no time zone"),
        (["funnel", "--as-of", "-3"], 2, "--as-of: '-3' is no time"),
        (["funnel", "--as-of-occurred", "9000-01-01T00:00:00Z"], 2, "--as-of-occurred: 9000-01-01T00:00:00+00:00 is"),
        (["funnel", "--as-of-occurred", "12"], 2, "--as-of-occurred: '12' is no time"),
        (["funnel", "--where", "colour=red"], 2, "--where colour: funnel is filtered by "),
        (["funnel", "--where", "status"], 2, "--where status: "),
        (["funnel", "--where", "status.has=new"], 2, "--where status: this column is compared by"),
        (["funnel", "--sort", "colour"], 2, "--sort: funnel is sorted by "),
        (["funnel", "--format", "parquet"], 2, "--format parquet: name a file with --output"),
        (["funnel", "--output", "/nowhere/at/all.csv"], 1, "there is no folder /nowhere/at for all.csv"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["views", "at", *arguments])
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (code, ""), arguments
        assert said.err.startswith(f"lifeledger: {because}"), said.err
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SystemExit) as ended:
        main(["views", "at", "funnel", "--format", "parquet", "--output", str(tmp_path / "x.parquet")])
    assert ended.value.code == 1
    assert "lifeledger[parquet]" in capsys.readouterr().err


def test_what_is_wider_than_the_terminal_is_shown_one_after_the_other_and_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.say.console", lambda: Console(width=40, highlight=False))
    records(["name", "n"], [["short", 1], ["also", None]])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["name", "n"], ["short", "1"], ["also"]]
    records(["name", "note"], [["l" * 60, None], ["b", "red\x1b[31m\nline"]])
    assert capsys.readouterr().out == f"\nname  {'l' * 60}\n\nname  b\nnote  red\\x1b[31m\\nline\n"
