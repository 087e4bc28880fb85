"""Imported leads become live at an instant: once for what the file has brought them to."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from api.cli import adopt
from api.cli.reading import CALLER
from api.cli.turn import known
from commands.ask import Ask, Outcome
from commands.lead.work import RecordTouch
from commands.service import WriteSide
from domain.errors import Hidden
from ledger.envelope import Logged
from ledger.keys import Keys
from tests.cli.bringing import all_of_it, asked, brought, captured, counts, lead, told, write
from tests.cli.running import Said, lifeledger, on
from tests.memory import MASTER, MemoryRows

pytestmark = pytest.mark.slow

AT = "2025-06-01T09:00:00+08:00"
LOST = told("LoseLead", 2, reason="price")
ADOPTIONS = """
SELECT stream, version, imported, actor_id, (occurred_at AT TIME ZONE 'UTC')::text FROM ledger.events
 WHERE type = 'lead.adopted' ORDER BY position
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.ndjson"


@pytest.fixture(autouse=True)
def reasons(tmp_path: Path, database_url: str) -> None:
    company = tmp_path / "company.yaml"
    company.write_text("catalogs: [{id: lost-reasons, entries: [{code: price}]}]")
    assert lifeledger("setup", company, env=on(database_url)).code == 0


def adoptions(said: Said) -> dict[str, int]:
    """What came of the leads; nothing else was touched, and nothing was refused."""
    if (kinds := said.document["adoptions"]) is None:
        return {kind: said.document[kind] for kind in ("adopted", "already_adopted", "not_open")}
    leads: dict[str, int] = kinds.get("lead", {"adopted": 0, "already_adopted": 0, "not_open": 0, "not_adopted": 0})
    assert kinds in ({}, {"lead": leads})
    assert {kind: said.document[kind] for kind in leads} == leads
    assert leads.pop("not_adopted") == 0
    return leads


def carried_out(side: WriteSide, found: adopt.Adoption) -> tuple[Mapping[str, int], list[Exception]]:
    """What came of leads, and what was refused."""
    problems: list[Exception] = []
    found.carry_out(side, lambda _, problem: problems.append(problem))
    return found.counts["lead"], problems


def adoption(*versions: int, at: str = AT) -> adopt.Adoption:
    """Of the leads that are numbered from one, at these versions."""
    found = adopt.Adoption(adopt.instant(at))
    found.versions = {f"lead/{lead(number)}": version for number, version in enumerate(versions, 1)}
    return found


def sees_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks first what is there; from then on he sees it."""
    first: list[dict[UUID, Logged]] = [{}]
    monkeypatch.setattr(adopt, "known", lambda side, ids: first.pop() if first else known(side, ids))


def test_what_is_open_is_adopted_after_all_its_history(file: Path, database_url: str) -> None:
    many = [captured(number) for number in range(300)]
    write(file, *many, told("ContactLead", 1), LOST, told("RecordTouch", 1, channel="call"))
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, counts(said)) == (0, {"accepted": 303})
    assert adoptions(said) == {"adopted": 299, "already_adopted": 0, "not_open": 1}
    found = asked(database_url, ADOPTIONS)
    versions = {number: 4 if number == 1 else 2 for number in range(300) if number != 2}
    assert found == [
        (f"lead/{lead(number)}", version, False, "import", "2025-06-01 01:00:00")
        for number, version in versions.items()
    ]


def test_the_same_file_again_adopts_nothing_whenever(file: Path, database_url: str) -> None:
    write(file, captured(1), captured(2), LOST)
    brought(file, database_url, "--adopt-at", AT)
    before = all_of_it(database_url)
    for at in (AT, "2025-07-01T00:00:00Z", "now"):
        again = brought(file, database_url, "--adopt-at", at)
        assert (again.code, counts(again)) == (0, {"already_there": 3})
        assert adoptions(again) == {"adopted": 0, "already_adopted": 1, "not_open": 1}
    assert all_of_it(database_url) == before


def test_two_who_adopt_at_once_adopt_each_lead_once(
    file: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither has seen the other when he looks what is there, and each names an instant of his own."""
    write(file, captured(1), captured(2), captured(3), told("LoseLead", 3, reason="price"))
    brought(file, database_url)
    side = WriteSide.open(database_url, MASTER)
    found = []
    for at in (AT, "2025-07-01T00:00:00Z"):
        sees_nothing_yet(monkeypatch)
        found.append(carried_out(side, adoption(1, 1, 2, at=at)))
    side.close()
    assert found == [({"adopted": 2, "not_open": 1}, []), ({"already_adopted": 2, "not_open": 1}, [])]
    assert len(asked(database_url, ADOPTIONS)) == 2


def test_nobody_without_the_key_knows_the_id_of_an_adoption() -> None:
    """Or he could take it before, and the lead would count as adopted and never be."""
    ours, theirs = (
        [
            found.ask(subject, attempt, Keys(key, MemoryRows()).command_digest).command_id
            for subject in found.versions.items()
            for attempt in (0, 1)
        ]
        for key in (MASTER, bytes(32))
        for found in [adoption(1, 2)]
    )
    assert len({*ours, *theirs}) == 8
    assert {each.version for each in ours} == {8}


@pytest.mark.parametrize("sees_it", [True, False])
def test_another_command_under_the_id_of_an_adoption_is_none(
    file: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, *, sees_it: bool
) -> None:
    """Whether it is seen when he looks what is there, or only when he sends: the lead is adopted under another."""
    write(file, captured(1))
    brought(file, database_url)
    side = WriteSide.open(database_url, MASTER)
    found = adoption(1)
    (subject,) = found.versions.items()
    adopting = found.ask(subject, 0, side.ledger.digest)
    touch = RecordTouch(lead_id=adopting.command.lead_id, channel="call")
    (taken,) = side.executor([Ask(touch, adopting.command_id, CALLER)])
    assert isinstance(taken, Outcome)
    if not sees_it:
        sees_nothing_yet(monkeypatch)
    assert carried_out(side, adoption(1)) == ({"adopted": 1}, [])
    assert carried_out(side, adoption(1)) == ({"already_adopted": 1}, [])
    side.close()
    assert len(asked(database_url, ADOPTIONS)) == 1


def test_an_adoption_that_was_refused_is_asked_for_again(file: Path, database_url: str) -> None:
    """What was missing may be there by then. A lead that is not there is no lead that is not open any more."""
    side = WriteSide.open(database_url, MASTER)
    for times in (1, 2):
        counts_, (problem,) = carried_out(side, adoption(1))
        assert (counts_, type(problem)) == ({"not_adopted": 1}, Hidden)
        assert asked(database_url, "SELECT count(*) FROM ledger.commands WHERE type = 'AdoptLead'") == [(times,)]
    side.close()
    write(file, captured(1))
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, adoptions(said)) == (0, {"adopted": 1, "already_adopted": 0, "not_open": 0})
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, adoptions(said)) == (0, {"adopted": 0, "already_adopted": 1, "not_open": 0})


def test_what_was_imported_before_can_be_adopted_later(file: Path, database_url: str) -> None:
    write(file, captured(1), told("ContactLead", 1))
    said = brought(file, database_url)
    assert adoptions(said) == {"adopted": None, "already_adopted": None, "not_open": None}
    assert not asked(database_url, ADOPTIONS)
    said = lifeledger("import", file, "--adopt-at", "now", env=on(database_url), at=file.parent)
    assert "of the leads that were touched: 1 adopted, 0 already adopted, 0 not open" in said.out
    assert [version for _, version, *_ in asked(database_url, ADOPTIONS)] == [3]


def test_history_that_goes_on_is_adopted_where_it_ends_now(file: Path, database_url: str) -> None:
    write(file, captured(1), captured(2), LOST, captured(3))
    brought(file, database_url, "--adopt-at", AT)
    write(file, captured(1), captured(2), LOST, captured(3), told("ContactLead", 1), told("ReopenLead", 2))
    said = brought(file, database_url, "--adopt-at", AT)
    assert adoptions(said) == {"adopted": 2, "already_adopted": 1, "not_open": 0}
    streams = [stream for stream, *_ in asked(database_url, ADOPTIONS)]
    assert streams == [f"lead/{lead(number)}" for number in (1, 3, 1, 2)]


def test_what_is_not_in_the_ledger_is_not_adopted(file: Path, database_url: str) -> None:
    write(file, captured(1), told("ContactLead", 9), "{not json")
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, counts(said)) == (1, {"accepted": 1, "refused": 1, "invalid": 1})
    assert adoptions(said) == {"adopted": 1, "already_adopted": 0, "not_open": 0}


@pytest.mark.parametrize(
    ("at", "told_so"),
    [
        ("tomorrow", "is no time"),
        ("2025-06-01T09:00:00", "does not say in which time zone"),
        ("2125-06-01T09:00:00Z", "does not lie between 1900 and now"),
    ],
)
def test_an_instant_that_makes_no_sense_is_told_before_anything_is_done(
    file: Path, database_url: str, at: str, told_so: str
) -> None:
    write(file, captured(1))
    said = brought(file, database_url, "--adopt-at", at)
    assert said.code == 2
    assert told_so in said.err
    assert not asked(database_url, "SELECT 1 FROM ledger.events WHERE stream LIKE 'lead/%'")
