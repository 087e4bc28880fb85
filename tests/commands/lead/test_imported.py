"""Imported history: recorded, not permitted. The state tables hold for it, the rules about people do not."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from commands.lead.capture import AdoptLead, CaptureLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, DispatchLead, PoolLead, TransferLead
from commands.lead.holding import AddCollaborator, GrantExtension, LogFollowUp
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    InvalidateLead,
    LoseLead,
    NegotiateLead,
    NurtureLead,
    QualifyLead,
    ReopenLead,
    ScheduleNextAction,
)
from domain.actor import Actor
from domain.agent_book import CapacityChanged
from domain.errors import Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import (
    CollaboratorAdded,
    LeadAssigned,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.lead.facts.intake import LeadAdopted
from domain.lead.facts.work import (
    FollowUpLogged,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    NextActionScheduled,
)
from domain.lead.refusals import AlreadyHeld, AlreadyKnown, BookFull
from domain.staff import StaffDeparted
from domain.values import CustomerId, OrgPath, StaffId
from tests.commands.lead.situations import (
    AMOUNT,
    CUSTOMER,
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    captured,
    claim_of,
    claimed,
    contacted,
    converted,
    freed,
    held,
    in_pool,
    invalidated,
    lost,
    negotiating,
    nurtured,
    pooled,
    published,
    qualified,
    reserved,
    slot,
    slot_freed,
)
from tests.spec import ANN, START, SUE, Given, When, administrator, ann, crm, day, given, mia, sue

ZOE = StaffId("zoe")  # She left before anybody here kept a list of the staff.
zoe = Actor(kind="user", id=ZOE, name="Zoë", role="sales", org_path=OrgPath("closed/branch"))
dialler = Actor(kind="integration", id="dialler")
claim = ClaimLead(lead_id=LEAD)


def told(story: Given, command: object, by: Actor = zoe, at: datetime = START) -> When:
    return story.when(command, by=by, at=at, imported=True)


# What does not hold for history


def test_who_claimed_did_whoever_he_was_and_whatever_he_held() -> None:
    told(given(*in_pool), claim, by=zoe).then(*claimed(ZOE))
    told(given(*in_pool), claim, by=sue).then(*claimed(SUE))
    told(given(*in_pool, StaffDeparted(staff_id=ANN)), claim, by=ann).then(*claimed(ANN))
    full = CapacityChanged(staff_id=ANN, cap=0, daily_claims=0)
    told(given(*in_pool, full), claim, by=ann).then(*claimed(ANN))


def test_who_claimed_did_not_wait() -> None:
    waiting = (*published, *captured, pooled(claimable_from=day(3, 30)))
    told(given(*waiting), claim, by=ann).then(*claimed(ANN))
    given_back = LeadReleased(
        lead_id=LEAD, from_=ANN, pool_id=NORTH, reason="holidays", claimable_from=START, cools_until=day(4, 1)
    )
    told(given(*held, given_back, slot_freed()), claim, by=ann).then(*claimed(ANN))


def test_what_history_holds_counts_for_what_is_asked_now() -> None:
    one = CapacityChanged(staff_id=ANN, cap=1, daily_claims=20)
    story = told(given(*in_pool, one), claim, by=ann).then(*claimed(ANN))
    other = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    story.when(other, by=crm).refused(AlreadyKnown)
    assign = AssignLead(lead_id=OTHER, owner=ANN, pool_id=NORTH)
    beside = replace(captured[0], lead_id=OTHER)
    story.also(beside).when(assign, by=mia).refused(BookFull, because="ann holds 1 of 1")


ASSIGNED = LeadAssigned(
    lead_id=LEAD,
    owner=ZOE,
    method="assign",
    pool_id=NORTH,
    first_contact_due=day(3, 26),
    protect_until=day(4, 4),
    hard_limit=day(4, 14),
    extension_days=3,
    time_zone="Asia/Shanghai",
)


def test_who_was_given_a_lead_was() -> None:
    told(given(*in_pool), AssignLead(lead_id=LEAD, owner=ZOE)).then(ASSIGNED, slot(ZOE, kind="assign"))
    dispatched = replace(ASSIGNED, method="dispatch", rule_id="old")
    dispatch = DispatchLead(lead_id=LEAD, owner=ZOE, rule_id="old")
    told(given(*in_pool), dispatch, by=dialler).then(dispatched, slot(ZOE, kind="dispatch"))
    hand_over = TransferLead(lead_id=LEAD, to=ZOE)
    told(given(*held), hand_over).then(
        LeadTransferred(lead_id=LEAD, from_=ANN, to=ZOE, cools_until=day(4, 1), first_contact_due=day(3, 26)),
        slot_freed(ANN),
        slot(ZOE, kind="transfer"),
    )


def test_who_has_it_already_may_be_told_once_more() -> None:
    story = told(given(*held), claim, by=ann, at=day(3, 27)).then(claim_of(ANN, day(3, 27)))
    told(story, AssignLead(lead_id=LEAD, owner=ANN), at=day(3, 28)).then(
        replace(ASSIGNED, owner=ANN, first_contact_due=day(3, 29), protect_until=day(4, 7), hard_limit=day(4, 17))
    )
    told(story, TransferLead(lead_id=LEAD, to=ANN)).then(LeadTransferred(lead_id=LEAD, from_=ANN, to=ANN))
    story.when(claim, by=mia).refused(AlreadyHeld, because="ann holds it, protected until 2026-04-04")


def test_what_was_taken_back_was() -> None:
    back = LeadRecycled(
        lead_id=LEAD,
        previous_owner=ANN,
        pool_id=NORTH,
        reason="hard-limit",
        claimable_from=START,
        cools_until=day(4, 1),
    )
    told(given(*held), RecycleLead(lead_id=LEAD, reason="hard-limit")).then(back, slot_freed())
    returned = LeadReleased(
        lead_id=LEAD, from_=ANN, pool_id=NORTH, reason="holidays", claimable_from=START, cools_until=day(4, 1)
    )
    told(given(*held), ReleaseLead(lead_id=LEAD, reason="holidays")).then(returned, slot_freed())


def test_who_worked_on_it_did() -> None:
    call = LogFollowUp(lead_id=LEAD, channel="call", effective=True)
    called = FollowUpLogged(lead_id=LEAD, channel="call", effective=True)
    told(given(*held), call).then(called)
    told(given(*captured), call).then(called)
    told(given(*held), call, at=day(4, 2)).then(called, ProtectionExtended(lead_id=LEAD, until=day(4, 5)))
    grant = GrantExtension(lead_id=LEAD, until=day(4, 1))
    told(given(*held), grant).then(ProtectionExtensionGranted(lead_id=LEAD, until=day(4, 1), by=ZOE))
    told(given(*held), AddCollaborator(lead_id=LEAD, staff_id=StaffId("yan"), access="work")).then(
        CollaboratorAdded(lead_id=LEAD, staff_id=StaffId("yan"), access="work")
    )


def test_reasons_and_dates_were_what_they_were() -> None:
    told(given(*captured), LoseLead(lead_id=LEAD, reason="declined")).then(
        LeadLost(lead_id=LEAD, from_="new", reason="declined"), freed(1)
    )
    told(given(*captured), InvalidateLead(lead_id=LEAD, reason="spam")).then(
        LeadInvalidated(lead_id=LEAD, from_="new", reason="spam"), freed(1)
    )
    told(given(*captured), NurtureLead(lead_id=LEAD, revisit_at=day(3, 1))).then(
        LeadNurtured(lead_id=LEAD, from_="new", revisit_at=day(3, 1))
    )
    told(given(*captured, lost, freed(1)), ScheduleNextAction(lead_id=LEAD, at=day(3, 1), what="call")).then(
        NextActionScheduled(lead_id=LEAD, at=day(3, 1), what="call")
    )


# What does hold


def test_the_state_tables_hold() -> None:
    sell = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER)
    told(given(*captured), sell).refused(NotNow, because="this needs Negotiating, and it is New")
    told(given(*captured), ReopenLead(lead_id=LEAD)).refused(NotNow, because="this needs Closed, and it is Open")
    told(given(*published, *captured), claim).refused(NotNow, because="this needs Pooled, and it is Unassigned")
    told(given(*held), claim, by=sue).refused(AlreadyHeld, because="ann holds it")
    told(given(*held), AssignLead(lead_id=LEAD, owner=ZOE)).refused(AlreadyHeld)
    told(given(*held), PoolLead(lead_id=LEAD, pool_id=NORTH, reason="new")).refused(NotNow, because="it is Held")
    told(given(*in_pool), ReleaseLead(lead_id=LEAD)).refused(NotNow, because="this needs Held, and it is Pooled")
    told(given(*captured, lost, freed(1)), ContactLead(lead_id=LEAD)).refused(NotNow, because="it is Closed")


def test_one_open_lead_has_an_identity_in_history_too() -> None:
    again = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    told(given(*captured), again).refused(AlreadyKnown)


def test_what_a_system_did_is_not_put_down_to_a_person() -> None:
    told(given(*in_pool), claim, by=dialler).refused(NotAllowed, because="only a person does this, and dialler is none")
    told(given(*in_pool), claim, by=administrator).refused(NotAllowed, because="only a person")


def test_a_value_makes_sense_or_it_does_not() -> None:
    told(given(), CaptureLead(lead_id=LEAD, source=" ", channel="web", identities=(PHONE,))).refused(Invalid)
    told(given(), CaptureLead(lead_id=LEAD, source="fair", channel="web", identities=())).refused(Invalid)


# Repeats

REPEATS = {
    "contacting": (
        (contacted,),
        ContactLead(lead_id=LEAD),
        LeadContacted(lead_id=LEAD, from_="contacting"),
    ),
    "qualified": (
        (contacted, qualified),
        QualifyLead(lead_id=LEAD, amount=AMOUNT),
        LeadQualified(lead_id=LEAD, from_="qualified", amount=AMOUNT),
    ),
    "negotiating": (
        (contacted, qualified, negotiating),
        NegotiateLead(lead_id=LEAD, quote_no="Q-2", amount=AMOUNT),
        LeadNegotiating(lead_id=LEAD, from_="negotiating", quote_no="Q-2", amount=AMOUNT),
    ),
    "nurturing": (
        (nurtured,),
        NurtureLead(lead_id=LEAD, revisit_at=day(5, 1)),
        LeadNurtured(lead_id=LEAD, from_="nurturing", revisit_at=day(5, 1)),
    ),
    "lost": (
        (lost, freed(1)),
        LoseLead(lead_id=LEAD, reason="declined"),
        LeadLost(lead_id=LEAD, from_="lost", reason="declined"),
    ),
    "invalid": (
        (invalidated, freed(1)),
        InvalidateLead(lead_id=LEAD, reason="spam"),
        LeadInvalidated(lead_id=LEAD, from_="invalid", reason="spam"),
    ),
    "converted": (
        (contacted, qualified, negotiating, converted, freed(1)),
        ConvertLead(lead_id=LEAD, customer_id=CUSTOMER),
        LeadConverted(lead_id=LEAD, from_="converted", customer_id=CUSTOMER),
    ),
}


@pytest.mark.parametrize("status", REPEATS)
def test_a_line_that_repeats_the_present_state_is_stored_as_a_repeat(status: str) -> None:
    before, command, repeated = REPEATS[status]
    story = told(given(*published, *captured, *before), command).then(repeated)
    told(story, command).then(repeated)
    if status != "negotiating":
        given(*published, *captured, *before).when(command, by=mia).refused(NotNow)


def test_a_repeat_changes_nothing_else() -> None:
    _, command, repeated = REPEATS["lost"]
    taken = replace(reserved(1), lead_id=OTHER)
    story = told(given(*captured, lost, freed(1), taken), command).then(repeated)
    story.when(ReopenLead(lead_id=LEAD), by=mia).refused(AlreadyKnown)
    sold = (*captured, contacted, qualified, negotiating, converted, freed(1))
    elsewhere = ConvertLead(lead_id=LEAD, customer_id=CustomerId(UUID(int=7)))
    told(given(*sold), elsewhere).refused(NotNow, because="this needs Open, and it is Converted")
    told(given(*sold), InvalidateLead(lead_id=LEAD, reason="spam")).refused(NotNow)
    told(given(*captured, lost, freed(1)), InvalidateLead(lead_id=LEAD, reason="spam")).refused(
        NotNow, because="this needs Open, and it is lost"
    )


# How it stands in the ledger, and how it becomes live


def test_history_keeps_its_own_times_and_people() -> None:
    (entry, taken) = told(given(*in_pool), claim, at=day(3, 27)).recorded
    for each in (entry, taken):
        assert each.imported
        assert each.actor == zoe
        assert each.occurred_at == day(3, 27)
        assert each.recorded_at == datetime(2027, 3, 27, 2, tzinfo=UTC)
    assert entry.event == claim_of(ZOE, day(3, 27))


def test_only_who_imports_tells_when_something_happened() -> None:
    told_by_crm = given(*in_pool).when(claim, by=zoe, imported=True, importer=crm)
    told_by_crm.refused(NotAllowed, because="import is not allowed: the role service_account has no such right")
    told_by_mia = given(*in_pool).when(claim, by=zoe, imported=True, importer=mia)
    told_by_mia.refused(NotAllowed, because="import is not allowed: the role sales_manager has no such right")
    given(*captured).when(ContactLead(lead_id=LEAD), by=mia, occurred_at=day(3, 24)).refused(
        NotAllowed, because="import"
    )


def test_who_imports_does_not_thereby_do_everything_else() -> None:
    """Without being imported, it is a command of today that says when it happened: both rights are needed."""
    contact = ContactLead(lead_id=LEAD)
    given(*captured).when(contact, by=administrator, occurred_at=day(3, 24)).refused(
        NotAllowed, because="work is not allowed: the role administrator has no such right"
    )


@pytest.mark.parametrize("when", [datetime(2027, 4, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_what_happened_lies_in_the_past(when: datetime) -> None:
    given(*in_pool).when(claim, by=zoe, imported=True, occurred_at=when).refused(
        Invalid, because="occurred_at: what happened lies between 1900 and now"
    )


def test_imported_history_becomes_a_live_lead() -> None:
    adopt = AdoptLead(lead_id=LEAD)
    given(*captured).when(adopt, by=administrator).then(LeadAdopted(lead_id=LEAD))
    given(*captured).when(adopt, by=mia).refused(NotAllowed, because="import is not allowed")
    given(*captured, lost, freed(1)).when(adopt, by=administrator).refused(NotNow)


def test_who_does_not_work_here_has_no_lead_when_it_becomes_live() -> None:
    adopt = AdoptLead(lead_id=LEAD)

    def back_from(owner: StaffId) -> tuple[object, ...]:
        back = LeadRecycled(
            lead_id=LEAD,
            previous_owner=owner,
            pool_id=NORTH,
            reason="owner-departed",
            claimable_from=day(4, 1),
            cools_until=day(4, 8),
        )
        return LeadAdopted(lead_id=LEAD), back, slot_freed(owner)

    given(*held, StaffDeparted(staff_id=ANN)).when(adopt, by=administrator, at=day(4, 1)).then(*back_from(ANN))
    given(*in_pool, *claimed(ZOE)).when(adopt, by=administrator, at=day(4, 1)).then(*back_from(ZOE))
    given(*held).when(adopt, by=administrator, at=day(4, 1)).then(LeadAdopted(lead_id=LEAD))
