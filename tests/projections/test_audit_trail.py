"""The audit trail: what changed, who did it, and why; and nothing that is somebody's private business."""

from dataclasses import replace
from decimal import Decimal
from typing import get_args, get_type_hints
from uuid import UUID

import pytest

from commands import DECIDERS
from domain.agent_book import CapacityChanged
from domain.call.facts import CallDispositioned
from domain.campaign import CampaignCostRecorded
from domain.contact.facts import ContactUpdated
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerUnmerged
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerCorrected, CustomerProfileUpdated
from domain.customer.facts.relations import TagApplied, TagRemoved
from domain.identity import IdentityLink
from domain.lead.facts.custody import LeadHandedOff
from domain.lead.facts.intake import LeadCorrected, LeadScored
from domain.lead.facts.work import FollowUpLogged
from domain.money import Money
from domain.order.facts import OrderRepriced
from domain.staff import StaffMoved
from domain.ticket.facts.opening import PriorityChanged, TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import TicketAssigned, TicketEscalated
from domain.values import (
    CallId,
    CampaignId,
    ContactId,
    CustomerId,
    IdentityId,
    OrderId,
    OrgPath,
    TicketId,
)
from projections.audit_trail import audit_trail
from projections.columns import is_personal
from projections.field_changes import NAMES
from tests.commands.customer.situations import OTHER as DOUBLE
from tests.commands.customer.situations import dossier
from tests.commands.quality.situations import adjusted
from tests.projections.leads import (
    ANN,
    BOB,
    LEAD,
    NORTH,
    SOUTH,
    assigned,
    at,
    captured,
    claimed,
    contacted,
    lost,
    lost_again,
    pooled,
    recycled,
    released,
    transferred,
)
from tests.projections.spec import rows

LI = CustomerId(UUID(int=201))
TICKET = TicketId(UUID(int=301))
CHEAP, DEAR = Money(amount=Decimal("9.50"), currency="CNY"), Money(amount=Decimal(12), currency="CNY")


def said(event: object) -> list[tuple[str | None, str | None, str | None]]:
    """Field, from, and to, as the view keeps them."""
    found = rows(audit_trail, event)
    assert [each.ordinal for each in found] == list(range(1, len(found) + 1))
    return [(each.field, each.was, each.became) for each in found]


# What has changed


def test_a_change_of_status_says_from_what_to_what() -> None:
    assert said(contacted) == [("status", "new", "contacting")]
    assert said(lost) == [("status", "contacting", "lost")]
    assert said(opened) == [("status", None, "new")]


def test_a_change_of_hands_says_whose_it_was_and_whose_it_is() -> None:
    assert said(claimed) == [("owner", None, "ann")]
    assert said(assigned) == [("owner", None, "bob")]
    assert said(transferred) == [("owner", "ann", "bob")]
    assert said(released) == [("owner", "ann", None), ("pool", None, SOUTH)]
    assert said(recycled) == [("owner", "ann", None), ("pool", None, NORTH)]
    assert said(pooled) == [("pool", None, NORTH)]
    assert said(LeadHandedOff(lead_id=LEAD, call_id=CallId(UUID(int=9)), from_=ANN)) == [("owner", "ann", None)]
    assert said(CustomerAssigned(customer_id=LI, owner=ANN, role="primary")) == [("owner", None, "ann")]
    assert said(CustomerTransferred(customer_id=LI, from_=ANN, to=BOB, role="primary")) == [("owner", "ann", "bob")]
    assert said(CustomerReleased(customer_id=LI, from_=BOB, role="primary")) == [("owner", "bob", None)]


def test_one_event_may_change_several_fields() -> None:
    team = OrgPath("service/team-1")
    given = TicketAssigned(ticket_id=TICKET, from_="new", to="open", agent=BOB, team=team, previous_agent=ANN)
    assert said(given) == [("status", "new", "open"), ("agent", "ann", "bob"), ("team", None, team)]
    again = TicketReopened(ticket_id=TICKET, from_="closed", n=1, agent=BOB)
    assert said(again) == [("status", "closed", "open"), ("agent", None, "bob")]
    assert said(adjusted) == [
        ("status", "appealed", "adjusted"),
        ("final", str(adjusted.before.final), str(adjusted.after.final)),
    ]
    dearer = OrderRepriced(
        order_id=OrderId(UUID(int=4)), from_="placed", to="placed", lines=(), before=CHEAP, amount=DEAR
    )
    assert said(dearer) == [("amount", "9.50 CNY", "12 CNY")], "the status is what it was"


def test_what_is_told_once_more_is_there_once() -> None:
    assert said(lost_again) == [("status", "lost", "lost")]


opened = TicketOpened(
    ticket_id=TICKET,
    customer_id=LI,
    type="question",
    category="delivery",
    priority="normal",
    channel="phone",
    subject="where is it",
)


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (PriorityChanged(ticket_id=TICKET, from_="low", to="high"), ("priority", "low", "high")),
        (
            TicketEscalated(ticket_id=TICKET, level=1, trigger="by-hand", to=BOB),
            ("escalated_to", None, "bob"),
        ),
        (
            StaffMoved(staff_id=ANN, role="sales", from_=OrgPath("north"), to=OrgPath("south")),
            ("org_path", "north", "south"),
        ),
        (LeadScored(lead_id=LEAD, score=80, grade="A", model_version="1"), ("score", None, "80")),
        (TagApplied(customer_id=LI, tag="vip", source="rule"), ("tag", None, "vip")),
        (TagRemoved(customer_id=LI, tag="vip", source="rule"), ("tag", "vip", None)),
        (
            CallDispositioned(call_id=CallId(UUID(int=9)), code="sold", effective_from_seconds=30, replaces="busy"),
            ("disposition", "busy", "sold"),
        ),
        (
            CampaignCostRecorded(
                campaign_id=CampaignId("spring"), source="ads", day=at(3, 1).date(), cost=DEAR, from_=CHEAP
            ),
            ("cost", "9.50 CNY", "12 CNY"),
        ),
    ],
    ids=lambda each: type(each).__name__,
)
def test_fields_have_names(event: object, wanted: tuple[str, str | None, str | None]) -> None:
    assert said(event) == [wanted]
    more = CapacityChanged(staff_id=ANN, cap=100, daily_claims=5)
    assert said(more) == [("cap", None, "100"), ("daily_claims", None, "5")]


def test_what_is_no_status_has_another_name() -> None:
    """Where a new event has from and to, it is named, or its words are those of a status."""
    kinds = {kind for decider in DECIDERS for kind in decider.events}
    of_status = {kind for kind in kinds if "to" in get_type_hints(kind)} - NAMES.keys()
    others = {kind.__name__ for kind in of_status if not set(get_args(get_type_hints(kind)["to"]))}
    assert others == set()
    assert NAMES.keys() <= {kind for kind in kinds if "to" in get_type_hints(kind)}


def test_a_correction_names_what_it_corrects_and_each_field() -> None:
    link = IdentityLink(identity_id=IdentityId(UUID(int=7)), kind="phone", value="+8613800138000")
    event = LeadCorrected(
        lead_id=LEAD, corrects=1, source="fair", name="Lin", requested_amount=DEAR, identities_added=(link,)
    )
    found = rows(audit_trail, event)
    assert {each.corrects for each in found} == {1}
    assert [(each.field, each.became) for each in found] == [
        ("source", "fair"),
        ("name", None),
        ("requested_amount", "12 CNY"),
        ("identities_added", None),
    ]


def test_who_separates_two_customers_corrects_their_merge() -> None:
    apart = CustomerUnmerged(customer_id=LI, absorbed=DOUBLE, version=5, from_="active", to="new", kept=dossier())
    (row,) = rows(audit_trail, apart)
    assert (row.corrects, row.field, row.was, row.became) == (5, "status", "active", "new")


def test_what_a_person_is_like_is_not_told_only_that_it_has_changed() -> None:
    profile = Profile(name="Lin", motive="a gift")
    wanted = [("profile.name", None, None), ("profile.motive", None, None)]
    assert said(CustomerProfileUpdated(customer_id=LI, profile=profile)) == wanted
    corrected = CustomerCorrected(customer_id=LI, corrects=1, customer_type="company", profile=profile)
    assert said(corrected) == [("customer_type", None, "company"), *wanted]
    updated = ContactUpdated(contact_id=ContactId(UUID(int=8)), name="Lin", language="zh")
    assert said(updated) == [("name", None, None), ("language", None, "zh")]


def test_what_changes_no_field_is_there_too() -> None:
    (row,) = rows(audit_trail, FollowUpLogged(lead_id=LEAD, channel="call", effective=True, note="likes tea"))
    assert (row.field, row.was, row.became) == (None, None, None)
    assert "tea" not in repr(row)


def test_what_is_personal_is_not_told_although_the_event_comes_with_all_of_it_open() -> None:
    profile = Profile(name="Lin", motive="a gift")
    for event in (
        LeadCorrected(lead_id=LEAD, corrects=1, name="Lin", personal_custom={"gift": "a gift"}),
        CustomerCorrected(customer_id=LI, corrects=1, profile=profile),
        ContactUpdated(contact_id=ContactId(UUID(int=8)), name="Lin", note="a gift"),
        replace(lost, competitor="Lin"),
    ):
        found = audit_trail.evolve((), event)
        assert found
        assert "Lin" not in repr(found)
        assert "a gift" not in repr(found)


def test_a_row_says_why_where_the_event_does() -> None:
    first, second = rows(audit_trail, released)
    assert (first.because, second.because) == ("voluntary-return", "voluntary-return")
    (given,) = rows(audit_trail, transferred)
    assert given.because is None


# All of it


def test_it_reads_every_event_there_is() -> None:
    assert set(audit_trail.reads) == {kind for decider in DECIDERS for kind in decider.events}


def test_no_reason_of_an_event_is_personal() -> None:
    """Nor what it says has changed, from and to: this is what the view copies."""
    for kind in audit_trail.reads:
        hints = get_type_hints(kind, include_extras=True)
        for name in ("reason", "corrects", "from_", "to"):
            assert not is_personal(hints.get(name)), (kind, name)


def test_each_event_has_rows_under_its_position_in_the_order_of_the_ledger() -> None:
    found = rows(audit_trail, captured, pooled, claimed, released)
    assert [(each.as_of_position, each.ordinal) for each in found] == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]
