"""An auditor asks what has changed and why, on a ledger that no worker has ever seen."""

import csv
import os
from collections.abc import Iterator
from io import StringIO

import pytest

from tests.cli.bringing import captured, lead, told, write
from tests.cli.running import Said, lifeledger, on
from tests.servers import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def history(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Five leads, of which two are contacted, and one that is contacted too late: it was lost, which is refused."""
    name = f"trace_{os.getpid()}"
    postgres.create_database(name, prepared)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    sourced = captured(1) | {"source": {"system": "crm", "message_id": "m-1"}}
    lines = [captured(0), sourced, *map(captured, (2, 3, 4)), told("ContactLead", 1), told("ContactLead", 9)]
    write(file, *lines)
    said = lifeledger("import", file, "--json", env=on(postgres.url(name)), at=file.parent)
    assert said.document["accepted"] == 6, said
    yield postgres.url(name)
    postgres.drop_database(name)


def audit(url: str, *arguments: str) -> Said:
    return lifeledger("audit", *arguments, env=on(url))


def test_what_happened_to_a_lead_is_told_in_every_form(history: str) -> None:
    subject = f"lead/{lead(1)}"
    said = audit(history, "trace", subject, "--json")
    assert said.code == 0, said.err
    entries = said.document["entries"]
    assert [(each["entry"], each["type"]) for each in entries] == [
        ("event", "lead.captured"),
        ("event", "lead.contacted"),
    ]
    assert entries[1]["changes"] == [{"field": "status", "from": "new", "to": "contacting"}]
    assert {"field": "lead.captured/source", "from": None, "to": captured(1)["data"]["source"]} in entries[0]["changes"]
    assert said.document["next"] is None
    rows = list(csv.DictReader(StringIO(audit(history, "trace", subject, "--format", "csv").out)))
    assert {row["type"] for row in rows[:-1]} == {"lead.captured"}
    assert (rows[-1]["actor"], rows[-1]["role"], rows[-1]["field"], rows[-1]["to"]) == (
        "user:ann",
        "sales",
        "status",
        "contacting",
    )
    assert rows[0]["message_id"] == "m-1"
    table = audit(history, "trace", subject)
    assert table.code == 0, table.err
    assert "status new → contacting" in table.out
    assert "2 entries, up to position" in table.out


def test_a_refused_command_is_told_apart(history: str) -> None:
    said = audit(history, "trace", "--refused", "--json")
    (refused,) = said.document["entries"]
    assert (refused["entry"], refused["type"], refused["subject"]) == ("refused", "ContactLead", f"lead/{lead(9)}")
    assert "REFUSED ContactLead" in audit(history, "trace", f"lead/{lead(9)}").out
    assert audit(history, "trace", "--no-refused", "--type", "ContactLead", "--json").document["entries"] == []
    why = audit(history, "why", refused["command_id"])
    assert (why.code, "not kept" in why.out) == (0, True)


def test_who_wants_a_few_is_told_where_to_go_on(history: str) -> None:
    whole = audit(history, "trace", "--json").document["entries"]
    first = audit(history, "trace", "--json", "--limit", "4").document
    rest = audit(history, "trace", "--json", "--after", first["next"]).document
    assert first["entries"] + rest["entries"] == whole
    said = audit(history, "trace", "--limit", "4")
    assert f"--after {first['next']}" in said.err


def test_why_leads_to_the_message_that_came_from_outside(history: str) -> None:
    (captured_at,) = [
        each["place"]
        for each in audit(history, "trace", f"lead/{lead(1)}", "--type", "lead.captured", "--json").document["entries"]
    ]
    said = audit(history, "why", captured_at)
    assert said.code == 0, said.err
    assert "message m-1 of crm" in said.out.splitlines()[-1]
    steps = audit(history, "why", captured_at, "--json").document["steps"]
    assert steps[0]["step"] == "event"
    assert steps[-1]["source"] == {"system": "crm", "message_id": "m-1"}


@pytest.mark.parametrize(
    ("arguments", "code", "because"),
    [
        (["trace", "laed/1"], 2, "SUBJECT: 'laed' is no kind of subject; is 'lead' meant?"),
        (["trace", "--recorded-from", "today"], 2, "--recorded-from: 'today' is no time"),
        (["trace", "--type", "lead.claimd"], 2, "is 'lead.claimed' meant?"),
        (["trace", "--field", "nonsense"], 2, "--field: 'nonsense' is no field of any subject or event"),
        (["trace", "--field", "statsu"], 2, "is 'status' meant?"),
        (["trace", "--after", "x"], 2, "--after: 'x' is no place of the ledger"),
        (["why", "x"], 2, "EVENT: 'x' is no position and no id"),
        (["why", "999999"], 1, "there is no event at position 999999"),
        (["why", "00000000-0000-0000-0000-000000000001"], 1, "nothing is 00000000"),
    ],
)
def test_what_cannot_be_asked_is_told(history: str, arguments: list[str], code: int, because: str) -> None:
    said = audit(history, *arguments)
    assert said.code == code, said
    assert because in said.err
    assert said.out == ""
