"""How far a lead has come: the table of the business, every cell of it."""

from dataclasses import replace

import pytest

from commands.lead.capture import MergeLead
from commands.lead.work import (
    ContactLead,
    ConvertLead,
    InvalidateLead,
    LoseLead,
    NegotiateLead,
    NurtureLead,
    QualifyLead,
    ReopenLead,
)
from domain.errors import NotNow
from domain.identity import IdentityReassigned
from domain.lead.facts.work import (
    LeadAbsorbed,
    LeadContacted,
    LeadConverted,
    LeadInvalidated,
    LeadLost,
    LeadMerged,
    LeadNegotiating,
    LeadNurtured,
    LeadQualified,
    LeadReopened,
    Status,
)
from tests.commands.lead.situations import (
    AMOUNT,
    CUSTOMER,
    EMAIL,
    LEAD,
    OTHER,
    buyer,
    captured,
    contacted,
    converted,
    freed,
    invalidated,
    lost,
    negotiating,
    nurtured,
    other_captured,
    published,
    qualified,
    reserved,
)
from tests.spec import day, given, identity, mia

TABLE: dict[Status, set[Status]] = {
    "new": {"contacting", "nurturing", "lost", "invalid"},
    "contacting": {"qualified", "nurturing", "lost", "invalid"},
    "nurturing": {"contacting", "lost"},
    "qualified": {"negotiating", "nurturing", "lost"},
    "negotiating": {"negotiating", "converted", "nurturing", "lost"},  # Negotiating again, for each quote.
    "lost": {"new"},
    "invalid": {"new"},
    "converted": set(),
    "merged": set(),
}
for open_status in ("new", "contacting", "nurturing", "qualified", "negotiating"):
    TABLE[open_status].add("merged")

merged = (
    LeadMerged(lead_id=LEAD, from_="new", into=OTHER),
    LeadAbsorbed(lead_id=OTHER, absorbed=LEAD, identities={identity(1): "phone"}),
    IdentityReassigned(identity_id=identity(1), from_=LEAD, to=OTHER),
)
WAYS: dict[Status, tuple[object, ...]] = {
    "new": (),
    "contacting": (contacted,),
    "nurturing": (nurtured,),
    "qualified": (contacted, qualified),
    "negotiating": (contacted, qualified, negotiating),
    "lost": (lost, freed(1)),
    "invalid": (invalidated, freed(1)),
    "converted": (contacted, qualified, negotiating, converted, freed(1)),
    "merged": merged,
}
COMMANDS: dict[Status, object] = {
    "contacting": ContactLead(lead_id=LEAD),
    "nurturing": NurtureLead(lead_id=LEAD, revisit_at=day(5, 1)),
    "qualified": QualifyLead(lead_id=LEAD, amount=AMOUNT),
    "negotiating": NegotiateLead(lead_id=LEAD, quote_no="Q-1", amount=AMOUNT),
    "converted": ConvertLead(lead_id=LEAD, customer_id=CUSTOMER),
    "lost": LoseLead(lead_id=LEAD, reason="price"),
    "invalid": InvalidateLead(lead_id=LEAD, reason="wrong-number"),
    "new": ReopenLead(lead_id=LEAD),
    "merged": MergeLead(lead_id=LEAD, into=OTHER, identity=EMAIL),
}


def outcome(before: Status, after: Status) -> tuple[object, ...]:
    """Each event of status carries from and to; what ends lets its identity go."""
    match after:
        case "contacting":
            return (LeadContacted(lead_id=LEAD, from_=before, to="contacting"),)
        case "nurturing":
            return (LeadNurtured(lead_id=LEAD, from_=before, to="nurturing", revisit_at=day(5, 1)),)
        case "qualified":
            return (LeadQualified(lead_id=LEAD, from_=before, to="qualified", amount=AMOUNT),)
        case "negotiating":
            return (LeadNegotiating(lead_id=LEAD, from_=before, to="negotiating", quote_no="Q-1", amount=AMOUNT),)
        case "converted":
            return LeadConverted(lead_id=LEAD, from_=before, to="converted", customer_id=CUSTOMER), freed(1)
        case "lost":
            return LeadLost(lead_id=LEAD, from_=before, to="lost", reason="price"), freed(1)
        case "invalid":
            return LeadInvalidated(lead_id=LEAD, from_=before, to="invalid", reason="wrong-number"), freed(1)
        case "new":
            return LeadReopened(lead_id=LEAD, from_=before, to="new", cycle=2), reserved(1)
        case "merged":
            return replace(merged[0], from_=before), merged[1], merged[2]


@pytest.mark.parametrize("after", COMMANDS)
@pytest.mark.parametrize("before", TABLE)
def test_a_status_becomes_what_the_table_says_and_nothing_else(before: Status, after: Status) -> None:
    asked = given(*published, buyer, *captured, *other_captured, *WAYS[before]).when(COMMANDS[after], by=mia)
    if after in TABLE[before]:
        asked.then(*outcome(before, after))
    else:
        asked.refused(NotNow, because="^this needs .*, and it is (?!it)")


def test_a_refusal_says_what_is_needed_and_what_is_there() -> None:
    def asked(before: Status, after: Status) -> str:
        when = given(*published, *captured, *WAYS[before]).when(COMMANDS[after], by=mia)
        assert not isinstance(when.answer, Exception)
        return str(when.answer.refusal)

    assert asked("new", "converted") == "this needs Negotiating, and it is New"
    assert asked("nurturing", "qualified") == "this needs Contacting, and it is Nurturing"
    assert asked("qualified", "invalid") == "this needs New or Contacting, and it is Qualified"
    assert asked("lost", "lost") == "this needs Open, and it is lost"
    assert asked("converted", "lost") == "this needs Open or Closed, and it is Converted"
    assert asked("new", "new") == "this needs Closed, and it is Open"
