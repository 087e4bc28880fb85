"""Many leads of one person go to colleagues: by the rules, for one reason, with a report of each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.cli import What
from api.cli.reassign import Moved, Reassignment, chosen, in_hand
from api.cli.say import Failure, Misuse
from commands.agent_book import ChangeCapacity
from commands.ask import Ask, Outcome
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.pool import PublishPool
from commands.staff import OnboardStaff
from domain.actor import Actor, Reason
from domain.identity import Identifier
from domain.lead.facts.custody import LeadTransferred
from domain.pool import Terms
from domain.values import LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import time_ordered_id
from ledger.store import Unavailable
from tests.cli.bringing import asked, brought, captured, lead, told, write
from tests.cli.running import Said, lifeledger, on
from tests.commands.office import Process, Rows

ADMIN = Actor(kind="service", id="setup", role="administrator")
CRM = Actor(kind="service", id="crm", role="service_account")
NORTH = PoolId("the-north")
ANN, BEN, CAT, SUE, MIA = map(StaffId, ("t.ann", "t.ben", "t.cat", "t.sue", "t.mia"))
LEADS = [LeadId(UUID(int=number)) for number in range(1, 11)]


@pytest.fixture
def process() -> Process:
    """Ann holds ten leads."""
    found = Process(Rows())
    team, south = OrgPath("north/team-1"), OrgPath("south")
    people = [(ANN, "sales", team), (BEN, "sales", team), (CAT, "sales", team), (SUE, "sales", south)]
    people.append((MIA, "sales_manager", OrgPath("north")))
    do(found, ADMIN, *(OnboardStaff(staff_id=who, name=who, role=role, org_path=org) for who, role, org in people))
    do(found, ADMIN, PublishPool(pool_id=NORTH, name="North", members=(OrgPath("north"),), terms=Terms()))
    for lead_id in LEADS:
        crm = Identifier(kind="external", system="crm", value=str(lead_id))
        capture = CaptureLead(lead_id=lead_id, source="fair", channel="form", identities=(crm,))
        do(found, CRM, capture, PoolLead(lead_id=lead_id, pool_id=NORTH, reason="new"))
        do(found, Actor(kind="user", id=ANN), ClaimLead(lead_id=lead_id))
    return found


def do(process: Process, by: Actor, *commands: Any) -> None:
    for answer in process(*(Ask(each, time_ordered_id(), by) for each in commands)):
        assert isinstance(answer, Outcome), answer
        assert answer.refusal is None, answer.refusal


def moved(process: Process, *to: StaffId, by: StaffId = MIA, leads: Sequence[UUID] | None = None) -> list[Moved]:
    run = Reassignment(process.executor, What.LEADS, by, to, Reason(code="new-team"))
    return list(run.run(in_hand(process.executor, What.LEADS, ANN) if leads is None else leads))


def test_they_go_to_several_in_turn_and_each_is_reported(process: Process) -> None:
    report = moved(process, BEN, CAT)
    assert [(each.subject, each.outcome, each.to) for each in report] == [
        (lead_id, "moved", CAT if nth % 2 else BEN) for nth, lead_id in enumerate(LEADS)
    ]
    found = [each for each in process.ledger.events(0, 10_000) if isinstance(each.event, LeadTransferred)]
    assert {each.actor.id for each in found} == {MIA}
    assert {each.reason for each in found} == {Reason(code="new-team")}
    assert len({each.correlation_id for each in found}) == 1
    assert len({each.command_id for each in found}) == 10


def test_what_has_been_moved_is_not_moved_again(process: Process) -> None:
    moved(process, BEN)
    last = process.ledger.last_position()
    assert moved(process, BEN) == []
    assert process.ledger.last_position() == last


def test_many_more_than_go_together_keep_their_turns(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.cli.reassign.TOGETHER", 3)
    assert [each.to for each in moved(process, BEN, CAT)] == [BEN, CAT] * 5


def test_who_has_no_room_leaves_the_rest_to_the_others(process: Process) -> None:
    do(process, ADMIN, ChangeCapacity(staff_id=BEN, cap=2, daily_claims=20))
    report = moved(process, BEN, CAT)
    assert [each.to for each in report].count(BEN) == 2
    assert {each.outcome for each in report} == {"moved"}
    passed_on = [each for each in report if each.problems]
    assert len(passed_on) == 3
    assert all(each.problems[0]["receiver"] == BEN and each.to == CAT for each in passed_on)


def test_what_nobody_may_have_stays_and_the_report_says_why_for_each(process: Process) -> None:
    report = moved(process, SUE, BEN, leads=LEADS[:1]) + moved(process, SUE)
    assert (report[0].to, len(report[0].problems)) == (BEN, 1)
    assert [each.outcome for each in report[1:]] == ["refused"] * 9
    for each in report[1:]:
        (problem,) = each.problems
        assert problem["receiver"] == SUE
        assert f"outside the scope of {MIA}" in str(problem)


def test_only_who_may_assign_them_may_reassign_them(process: Process) -> None:
    assert {each.outcome for each in moved(process, CAT, by=BEN)} == {"refused"}


def test_a_ledger_that_does_not_answer_ends_it_and_is_no_refusal(process: Process) -> None:
    def away(asks: Sequence[Ask]) -> list[Exception]:
        return [Unavailable("the ledger is away") for _ in asks]

    run = Reassignment(away, What.LEADS, MIA, [BEN], Reason(code="x"))  # type: ignore[arg-type]
    with pytest.raises(Failure, match="what has been moved stays so"):
        list(run.run(LEADS))


def test_some_are_chosen_by_a_file_of_ids(tmp_path: Path) -> None:
    only = tmp_path / "only.txt"
    only.write_text(f"{LEADS[2]}\n\n  {LEADS[0]}\n{LEADS[2]}\n")
    assert chosen(only, LEADS, ANN) == [LEADS[2], LEADS[0]]


@pytest.mark.parametrize(
    ("text", "told"), [("no id", "line 2: 'no id' is no id"), (str(UUID(int=99)), "line 2: t.ann does not have ")]
)
def test_what_is_no_id_or_not_his_is_named(tmp_path: Path, text: str, told: str) -> None:
    only = tmp_path / "only.txt"
    only.write_text(f"{LEADS[2]}\n{text}\n")
    with pytest.raises(Misuse, match=told):
        chosen(only, LEADS, ANN)


# The command line

COMPANY = """
teams: [north]
staff:
  - {id: ann, name: Ann, role: sales, team: north}
  - {id: ben, name: Ben, role: sales, team: north}
  - {id: mia, name: Mia, role: sales_manager, team: north}
pools:
  - {id: north, name: North, members: [north]}
"""


@pytest.mark.slow
def test_a_manager_hands_on_what_somebody_has(tmp_path: Path, database_url: str) -> None:
    company, file, report = tmp_path / "company.yaml", tmp_path / "history.ndjson", tmp_path / "report.ndjson"
    company.write_text(COMPANY)
    assert lifeledger("setup", company, env=on(database_url)).code == 0
    pooled = [told("PoolLead", number, pool_id="north", reason="new") for number in (1, 2, 3)]
    claimed = [told("ClaimLead", number) for number in (1, 2, 3)]
    write(file, *map(captured, (1, 2, 3)), *pooled, *claimed)
    assert brought(file, database_url).code == 0
    given = ("reassign", "leads", "--from", "ann", "--reason", "new-team", "--report", report)

    def reassign(*arguments: str) -> Said:
        return lifeledger(*given, *arguments, env=on(database_url), at=tmp_path)

    for wrong, why in (
        (("--to", "ann", "--by", "mia"), "--to ann has them already"),
        (("--to", "nobody", "--by", "mia"), "nobody is called nobody here"),
        (("--to", "ben", "--by", "mia", "--reason", " "), "--reason says why"),
        (("--to", "ben", "--by", "mia", "--report", "no/where"), "no/where: No such file"),
    ):
        said = reassign(*wrong)
        assert said.code in {1, 2}
        assert why in said.err
    said = reassign("--to", "ben", "--by", "mia", "--json")
    assert said.code == 0, said.err
    assert (said.document["moved"], said.document["refused"], said.document["to"]) == (3, 0, {"ben": 3})
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {(each["subject"], each["to"]) for each in lines} == {(lead(number), "ben") for number in (1, 2, 3)}
    assert report.stat().st_mode & 0o777 == 0o600
    found = asked(database_url, "SELECT count(*) FROM ledger.events WHERE type = 'lead.transferred' AND NOT imported")
    assert found == [(3,)]
    said = lifeledger(*given[:3], "ben", *given[4:], "--to", "ann", "--by", "ann", env=on(database_url), at=tmp_path)
    assert said.code == 1
    assert "3 leads stay with ben" in said.err
