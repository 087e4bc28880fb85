"""lifeledger views dead-letters: what waits is listed, tried again, and skipped by whoever says why."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace as changed
from typing import Any

import psycopg
import pytest

from commands.service import open_ledger
from consumers.advance import advance
from consumers.retry import place_of
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import ensure, prepare
from domain.lead.facts.intake import LeadCaptured
from ledger.scan import Wire
from projections import funnel
from tests.cli.running import Said, lifeledger, on
from tests.consumers.house import poisoned
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.projections.leads import LEAD, OTHER, another, captured, contacted, lost

pytestmark = pytest.mark.slow


@pytest.fixture
def parked(database_url: str) -> Iterator[str]:
    """Two leads whose capture the funnel did not take; of one, there is a row that no table takes."""
    ledger = open_ledger(database_url, MASTER)
    last = tell(ledger, captured, contacted, another, changed(lost, lead_id=OTHER, reason="NUL\0"))
    with closing(Session(database_url, "parking")) as session, closing(Wire(database_url)) as wire:
        prepare(session)
        ensure(session, funnel)
        source = Source(ledger, wire, funnel)
        with poisoned(funnel, LeadCaptured, "Lin"):
            advance(session, place_of(session, funnel), source, source.read(0, last, 10), last)
    yield database_url
    ledger.close()


def dead_letters(url: str, *words: str) -> Said:
    return lifeledger("views", "dead-letters", *words, env=on(url))


def listed(url: str) -> dict[str, Any]:
    said = dead_letters(url, "list", "--json")
    assert (said.code, said.err) == (0, "")
    found: dict[str, Any] = said.document
    return found


def test_they_are_listed(parked: str) -> None:
    first, second = listed(parked)["dead_letters"]
    assert {first["key"], second["key"]} == {str(LEAD), str(OTHER)}
    assert (first["view"], first["position"], first["type"]) == ("funnel", 1, "lead.captured")
    assert (first["waiting"], first["attempts"]) == (1, 1)
    assert first["error"].startswith("ValueError in ")
    assert first["failed_at"] < first["retry_at"]
    said = dead_letters(parked, "list", "funnel")
    assert said.code == 0
    assert f"\nfunnel  {LEAD}  1         lead.captured  ValueError in " in said.out
    assert dead_letters(parked, "list", "deadlines").out == "every key goes on\n"
    status = lifeledger("views", "status", "--json", env=on(parked)).document["views"]
    assert {each["name"]: each["dead_letters"] for each in status if each["dead_letters"]} == {"funnel": 2}


def test_one_is_tried_again(parked: str) -> None:
    said = dead_letters(parked, "retry", "funnel", str(LEAD))
    assert (said.code, said.out, said.err) == (0, "2 events of 1 keys folded\n", "")
    assert [each["key"] for each in listed(parked)["dead_letters"]] == [str(OTHER)]
    with psycopg.connect(parked) as connection:
        assert connection.execute("SELECT lead_id FROM views.funnel").fetchall() == [(LEAD,)]


def test_all_are_tried_again_and_what_still_fails_is_told(parked: str) -> None:
    said = dead_letters(parked, "retry", "--json")
    assert said.code == 1
    assert said.document["folded"] == 3
    (failing,) = said.document["still_failing"]
    assert (failing["view"], failing["key"], failing["position"]) == ("funnel", str(OTHER), 4)
    assert "1 key does not go on: ValueError" in said.err
    (left,) = listed(parked)["dead_letters"]
    assert (left["key"], left["position"], left["waiting"]) == (str(OTHER), 4, 0)


def test_one_is_skipped_on_record(parked: str) -> None:
    said = dead_letters(parked, "skip", "funnel", str(LEAD), "--reason", "captured twice", "--by", "mia", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.document == {
        "view": "funnel",
        "key": str(LEAD),
        "skipped": 1,
        "by": "mia",
        "folded": 1,
        "error": None,
    }
    (record,) = listed(parked)["skipped"]
    assert (record["view"], record["key"], record["position"], record["reason"], record["by"]) == (
        "funnel",
        str(LEAD),
        1,
        "captured twice",
        "mia",
    )
    assert "captured twice" in dead_letters(parked, "list").out
    assert [each["key"] for each in listed(parked)["dead_letters"]] == [str(OTHER)]


SENSELESS = {
    ("skip", "funnel", str(LEAD)): "Missing option '--reason'",
    ("skip", "funnel", str(LEAD), "--reason", " "): "--reason says why",
    ("skip", "funel", str(LEAD), "--reason", "x"): "there is no view funel; there is funnel",
    ("skip", "funnel", "nobody", "--reason", "x"): f"funnel has no dead letter of nobody; there is {LEAD}",
    ("skip", "funnel", str(LEAD), "--reason", "x", "--by", "mia", "--position", "2"): (
        f"funnel stands at position 1 of {LEAD}, not at 2"
    ),
    ("retry", "funel"): "there is no view funel",
    ("retry", "deadlines", str(LEAD)): f"deadlines has no dead letter of {LEAD}; it has none",
    ("list", "funel"): "there is no view funel",
}


def test_what_makes_no_sense_is_told_and_changes_nothing(parked: str) -> None:
    before = listed(parked)
    for words, told in SENSELESS.items():
        said = dead_letters(parked, *words)
        assert said.code == 2, words
        assert told in " ".join(said.err.split())
    assert listed(parked) == before


def test_a_view_of_another_version_is_left_alone(parked: str) -> None:
    with psycopg.connect(parked) as connection:
        connection.execute("UPDATE views.tracking SET fingerprint = 'other'")
    said = dead_letters(parked, "retry")
    assert (said.code, said.err) == (1, "lifeledger: funnel is kept by another version of the service\n")
