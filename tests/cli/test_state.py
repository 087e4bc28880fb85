"""lifeledger state: a subject at one moment and at two, for people and for machines; and what cannot be told."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import structlog

from api.cli import main
from tests.cli.bringing import lead, told, write
from tests.cli.running import lifeledger, on
from tests.servers import Server

pytestmark = pytest.mark.slow

SPRING, SUMMER = datetime(2025, 3, 1, 2, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
SUBJECT = f"lead/{lead(1)}"
UNKNOWN = UUID(int=7)


def identity(value: str) -> dict[str, str]:
    return {"kind": "external", "system": "crm", "value": value}


@pytest.fixture(scope="module")
def history(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A lead that is captured, contacted in summer, and of which a number from spring is corrected last."""
    name = f"state_{os.getpid()}"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    captured = told("CaptureLead", 1, source="crm", channel="web", identities=[identity("1"), identity("2")])
    contacted = told("ContactLead", 1) | {"occurred_at": SUMMER.isoformat()}
    corrected = told("CorrectLead", 1, corrects=1, identities=[identity("1")], name="Li Na")
    write(file, captured, contacted, corrected)
    said = lifeledger("import", file, "--json", env=on(url), at=file.parent)
    assert (said.code, said.document["accepted"]) == (0, 3), said
    yield url
    postgres.drop_database(name)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command line says where this process logs to: here, to what is read by this test alone."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def asked(history: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """In this process, which is sooner done than to start another one: exit code, output, error output."""
    for name in ("DATABASE_URL", "LIFELEDGER_MASTER_KEY"):
        monkeypatch.setenv(name, on(history)[name])

    def ask(*arguments: str | int | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["state", *map(str, arguments)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ask


def position(url: str, topic: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT max(position) FROM ledger.events WHERE type = %s", [topic]).fetchone()
    assert found is not None
    return int(found[0])


def document(said: tuple[int, str, str]) -> Any:
    code, out, err = said
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_subject_is_told_as_of_now_a_position_and_what_had_happened(history: str, asked: Any) -> None:
    captured, contacted = position(history, "lead.captured"), position(history, "lead.contacted")
    now = document(asked(SUBJECT, "--json"))
    assert (now["lead_id"], now["state"], now["status"], now["version"]) == (lead(1), "open", "contacting", 3)
    assert (len(now["identities"]), now["moment"]["occurred"]) == (1, None)
    before = document(asked(SUBJECT, "--as-of", contacted, "--json"))
    assert (len(before["identities"]), before["moment"]["position"]) == (2, contacted)
    spring = document(asked(SUBJECT, "--as-of-occurred", SPRING.isoformat(), "--json"))
    assert (len(spring["identities"]), spring["status"]) == (1, "new"), "what was so, as is known now"
    known = document(asked(SUBJECT, "--as-of", contacted, "--as-of-occurred", SPRING.isoformat(), "--json"))
    assert (len(known["identities"]), known["status"]) == (2, "new"), "what was known then of that day"

    code, out, err = asked(SUBJECT.upper().replace("LEAD", "lead"), "--as-of", captured)
    assert (code, err) == (0, ""), "an id is the same however it is written"
    assert out.startswith(f"{SUBJECT} at position {captured}, as of ")
    rows = [line.split() for line in out.splitlines()[1:]]
    assert rows[:3] == [["field", "value"], ["state", "open"], ["status", "new"]]
    assert ["custody/state", "unassigned"] in rows


def test_two_moments_are_compared_in_a_table_and_in_json(history: str, asked: Any) -> None:
    captured, contacted = position(history, "lead.captured"), position(history, "lead.contacted")
    found = document(asked(SUBJECT, "--as-of", captured, "--compared-with", contacted, "--json"))
    assert found["differences"] == [{"field": "status", "from": "new", "to": "contacting"}]
    [event] = found["events"]
    assert (event["type"], event["position"], event["counts"]) == ("lead.contacted", contacted, "to")
    assert datetime.fromisoformat(event["occurred_at"]) == SUMMER
    code, out, err = asked(SUBJECT, "--as-of", captured, "--compared-with", contacted)
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["status", "new", "contacting"] in rows
    assert [str(contacted), "lead.contacted", SUMMER.isoformat()] in [row[:3] for row in rows]
    late = SUMMER + timedelta(days=1)
    days = document(
        asked(SUBJECT, "--as-of-occurred", SPRING.isoformat(), "--compared-with-occurred", late.isoformat(), "--json")
    )
    assert [each["type"] for each in days["events"]] == ["lead.contacted"]
    alike = asked(SUBJECT, "--as-of", contacted, "--compared-with", contacted)
    assert alike[1].splitlines()[1:] == ["nothing differs"]


def test_what_cannot_be_told_is_said(history: str, asked: Any) -> None:
    first = position(history, "lead.captured")
    for arguments, code, because in (
        (["lead"], 2, "'lead' is no subject: say lead/<id>; "),
        (["leed/x"], 2, "'leed/x' is no subject: say lead/<id>; instead of lead there may stand agent-book, "),
        (["lead/x"], 2, "'lead/x': a lead is named by a UUID"),
        (["staff/a b"], 2, "'staff/a b': an id has no blanks"),
        ([SUBJECT, "--as-of", "999999"], 2, "--as-of: the ledger ends at position "),
        ([SUBJECT, "--as-of", "2025-01-01T00:00:00"], 2, "--as-of: '2025-01-01T00:00:00' is in no time zone"),
        ([SUBJECT, "--as-of-occurred", "12"], 2, "--as-of-occurred: '12' is no time"),
        ([SUBJECT, "--compared-with", "soon"], 2, "--compared-with: 'soon' is no time and no position"),
        ([SUBJECT, "--compared-with-occurred", "9000-01-01T00:00:00Z"], 2, "--compared-with-occurred: 9000-01-01T00"),
        ([f"lead/{UNKNOWN}"], 1, f"the ledger has no lead/{UNKNOWN}"),
        ([SUBJECT, "--as-of", "0"], 1, f"{SUBJECT} was not there at position 0: its first event stands at position "),
        ([SUBJECT, "--as-of-occurred", "2025-02-01T00:00:00Z"], 1, f"{SUBJECT} was not there at position "),
        ([SUBJECT, "--compared-with", "0"], 1, f"{SUBJECT} was not there at position 0"),
    ):
        ended, out, err = asked(*arguments)
        assert (ended, out) == (code, ""), (arguments, err)
        assert err.startswith(f"lifeledger: {because}"), err
        if because.endswith("position 0"):
            assert f"first event stands at position {first}" in err


def test_a_program_is_told_the_failure_in_json(history: str) -> None:
    said = lifeledger("state", SUBJECT, "--as-of", "0", "--json", env=on(history))
    assert (said.code, said.out) == (1, "")
    assert "was not there at position 0" in json.loads(said.err)["error"]
