"""Who looked at whom, asked on the machine itself."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ledger.envelope import time_ordered_id
from ledger.looks import Look, add_looks
from tests.cli.running import Said, lifeledger, on

pytestmark = pytest.mark.slow

LEAD = f"lead/{UUID(int=7)}"


def put(url: str, viewer: str, days: float = 0, *, purpose: str | None = None, fields: tuple[str, ...] = ()) -> None:
    look = Look(
        look_id=time_ordered_id(),
        looked_at=datetime.now(UTC) - timedelta(days=days),
        viewer_kind="user",
        viewer_id=viewer,
        viewer_role="sales",
        viewer_org="north",
        purpose=purpose,
        route="GET /leads/{lead_id}",
        asked=[],
        subjects=[LEAD],
        own=0,
        fields=fields,
        trace_id="",
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        add_looks(cursor, [look])


def audit(url: str, *arguments: str, **settings: str) -> Said:
    return lifeledger("audit", *arguments, env=on(url, **settings))


def viewers(said: Said) -> list[Any]:
    assert said.code == 0, said.err
    return [each["viewer"] for each in said.document]


def test_it_says_who_looked_and_that_somebody_has_asked(database_url: str) -> None:
    put(database_url, "ann", 2, purpose="complaint", fields=("contacts.name",))
    put(database_url, "bob", 1)
    assert viewers(audit(database_url, "looks", LEAD, "--json", "--by", "otto")) == [
        "operator:otto",
        "user:bob",
        "user:ann",
    ]
    assert viewers(audit(database_url, "looks", "--viewer", "user:ann", "--json", "--by", "otto")) == ["user:ann"]
    assert viewers(audit(database_url, "looks", "--field", "contacts.name", "--json", "--by", "otto")) == ["user:ann"]
    assert viewers(audit(database_url, "looks", "--purpose", "complaint", "--json", "--by", "otto")) == ["user:ann"]
    assert len(viewers(audit(database_url, "looks", "--viewer", "operator:otto", "--limit", "2", "--json"))) == 2


def test_it_is_told_to_people_and_to_spreadsheets(database_url: str) -> None:
    put(database_url, "ann")
    said = audit(database_url, "looks", "--by", "otto")
    assert "user:ann" in said.out
    assert LEAD in said.out
    rows = [*csv.DictReader(io.StringIO(audit(database_url, "looks", LEAD, "--csv", "--by", "otto").out))]
    assert [row["viewer"] for row in rows] == ["operator:otto", "user:ann"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["looks", "lead"], "SUBJECT"),
        (["looks", "--viewer", "ann"], "--viewer"),
        (["looks", "--since", "today"], "--since"),
        (["looks", "--until", "2026-01-01T00:00:00"], "--until"),
        (["looks", "--field", "age"], "--field"),
        (["looks", "--purpose", "two words"], "--purpose"),
        (["reading", "--day", "today"], "--day"),
    ],
)
def test_what_makes_no_sense_is_named(database_url: str, arguments: list[str], named: str) -> None:
    said = audit(database_url, *arguments)
    assert (said.code, named in said.err) == (2, True), said.err


def test_what_somebody_read_on_a_day(database_url: str) -> None:
    put(database_url, "ann", 1)
    day = str((datetime.now(UTC) - timedelta(days=1)).date())
    [row] = audit(database_url, "reading", "--day", day, "--json", "--by", "otto").document
    assert (row["viewer"], row["subjects"], row["not_own"], row["odd"]) == ("user:ann", 1, 1, None)


def test_what_is_old_is_forgotten_and_that_is_not(database_url: str) -> None:
    for days in (1, 179, 200, 1_200):
        put(database_url, f"of-{days}", days)
    assert audit(database_url, "forget-looks", "--json", "--by", "otto").document["forgotten"] == 1
    shorter = audit(database_url, "forget-looks", "--by", "otto", LIFELEDGER_LOOKS_DAYS="180")
    assert shorter.out.startswith("1 looks from before")
    said = audit(database_url, "looks", "--json", "--by", "otto")
    left = {(each["viewer"], each["route"]) for each in said.document}
    assert ("operator:otto", "lifeledger audit forget-looks") in left
    assert {viewer for viewer, _ in left if viewer.startswith("user:")} == {"user:of-1", "user:of-179"}


def test_half_a_year_is_the_least(database_url: str) -> None:
    said = audit(database_url, "forget-looks", LIFELEDGER_LOOKS_DAYS="100")
    assert (said.code, "LIFELEDGER_LOOKS_DAYS" in said.err) == (2, True)
