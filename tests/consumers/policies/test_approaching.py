"""Win-back and upsell: one lead at a time, no oftener than is good, and never against the contact's wish."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from commands.contact.outreach import RecordOutreach, ReserveOutreach
from commands.contact.profile import CreateContact
from commands.contact.wishes import SetDoNotContact
from commands.customer.relations import AssignSegment, LinkContact
from commands.lead.work import LoseLead
from commands.lifecycle_policy import PublishLifecyclePolicy
from commands.outreach_policy import PublishOutreachPolicy
from consumers.policies.approaching import upsell, winback
from consumers.policies.lifecycle import lifecycle, noting
from domain.contact.facts import OutreachReserved
from domain.customer.dossier import Segment
from domain.customer.facts.approaches import ApproachDeferred, ApproachDropped, CustomerApproached
from domain.customer.facts.lifecycle import CustomerWonBack
from domain.lead.facts.intake import LeadCaptured
from domain.lifecycle_policy import STANDARD, Approaches, LifecycleTerms, Offer, Upsell
from domain.values import ContactId, CustomerId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, START
from tests.consumers.policies.shop import DAY, Shop, money, quick

WANG = ContactId(UUID(int=0xA1))
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.slow  # On a real database.


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        made = Shop(house, noting, lifecycle, winback, upsell)
        made.office.do(ADMIN, PublishOutreachPolicy())
        yield made


def customer(shop: Shop, number: int = 1) -> CustomerId:
    customer_id = shop.customer(number)
    contact_id = ContactId(UUID(int=0xA0 + number))
    shop.office.do(
        CRM,
        CreateContact(contact_id=contact_id, name="Wang"),
        LinkContact(customer_id=customer_id, contact_id=contact_id, role="decides", primary=True),
    )
    return customer_id


def lapsed(shop: Shop) -> CustomerId:
    customer_id = customer(shop)
    shop.buys(customer_id)
    shop.at(180 * DAY)
    assert shop.status(customer_id) == "dormant"
    return customer_id


def segment(shop: Shop, customer_id: CustomerId, to: Segment) -> None:
    figures = AssignSegment(customer_id=customer_id, segment=to, aov=money(9), frequency=3, thresholds_version="v1")
    shop.office.do(CRM, figures)
    shop.settle()


def test_who_is_dormant_has_a_lead_and_his_contact_a_place_for_it(shop: Shop) -> None:
    customer_id = lapsed(shop)
    (captured,) = shop.office.told(LeadCaptured)
    assert (captured.event.kind, captured.event.customer_id, captured.event.campaign) == (
        "winback",
        customer_id,
        "win-back",
    )
    (reserved,) = shop.office.told(OutreachReserved)
    assert (reserved.event.contact_id, reserved.event.purpose, reserved.event.counts) == (WANG, "sales", True)
    (approached,) = shop.office.told(CustomerApproached)
    assert approached.actor.id == "win-back"
    assert approached.event.lead_id == captured.event.lead_id
    shop.settle()
    assert shop.at(181 * DAY) == 0
    assert len(shop.office.told(LeadCaptured)) == 1


def test_a_campaign_is_named_when_its_customer_comes_back(shop: Shop) -> None:
    customer_id = lapsed(shop)
    shop.at(365 * DAY)
    assert shop.status(customer_id) == "churned"
    shop.buys(customer_id, 2)
    assert [each.event.campaign for each in shop.office.told(CustomerWonBack)] == ["win-back"]


def test_one_is_open_at_a_time_and_the_next_may_be_when_it_is_over(shop: Shop) -> None:
    customer_id = lapsed(shop)
    (first,) = shop.office.told(LeadCaptured)
    shop.buys(customer_id, 2)
    shop.at(361 * DAY)
    assert shop.status(customer_id) == "dormant"
    (dropped,) = shop.office.told(ApproachDropped)
    assert (dropped.event.because, dropped.event.lead_id) == ("open-lead", first.event.lead_id)
    shop.office.do(ADMIN, LoseLead(lead_id=first.event.lead_id, reason="price"), imported=True)
    shop.buys(customer_id, 3)
    shop.at(542 * DAY)
    assert len(shop.office.told(LeadCaptured)) == 2


def test_what_would_be_too_much_now_is_tried_again_when_it_is_allowed(shop: Shop) -> None:
    customer_id = customer(shop)
    shop.buys(customer_id)
    shop.office.now = START + 180 * DAY
    ask = ReserveOutreach(contact_id=WANG, ref="news", channel="call", purpose="sales")
    shop.office.do(CRM, ask, RecordOutreach(contact_id=WANG, ref="news"))
    shop.at(180 * DAY)
    (deferred,) = shop.office.told(ApproachDeferred)
    assert deferred.event.because == "day"
    assert shop.office.told(LeadCaptured) == []
    allowed = deferred.event.until
    assert allowed > shop.office.now
    shop.at(allowed - START - timedelta(seconds=1))
    assert shop.office.told(LeadCaptured) == []
    assert shop.at(allowed - START) == 1
    assert len(shop.office.told(LeadCaptured)) == 1
    assert shop.at(allowed - START + 2 * HOUR) == 0


def test_who_has_bought_meanwhile_is_not_won_back(shop: Shop) -> None:
    customer_id = customer(shop)
    shop.buys(customer_id)
    shop.office.now = START + 180 * DAY
    ask = ReserveOutreach(contact_id=WANG, ref="news", channel="call", purpose="sales")
    shop.office.do(CRM, ask, RecordOutreach(contact_id=WANG, ref="news"))
    shop.at(180 * DAY)
    shop.buys(customer_id, 2)
    assert shop.at(190 * DAY) == 0
    assert shop.office.told(LeadCaptured) == []


@pytest.mark.parametrize("channel", [None, "call"])
def test_an_opt_out_beats_every_policy_and_is_not_asked_again(shop: Shop, channel: object) -> None:
    customer_id = customer(shop)
    shop.buys(customer_id)
    shop.office.do(CRM, SetDoNotContact(contact_id=WANG, evidence="call", channel=channel))  # type: ignore[arg-type]
    shop.at(180 * DAY)
    segment(shop, customer_id, "C")
    assert [each.event.because for each in shop.office.told(ApproachDropped)] == ["do-not-contact"] * 2
    assert shop.office.told(LeadCaptured) == []
    assert shop.at(360 * DAY) == 0


def test_whom_nobody_can_talk_to_for_is_said_to_be_so(shop: Shop) -> None:
    shop.buys(shop.customer())
    shop.at(180 * DAY)
    assert [each.event.because for each in shop.office.told(ApproachDropped)] == ["no-contact"]


def test_a_segment_is_offered_what_is_published_for_it(shop: Shop) -> None:
    one, other = customer(shop), customer(shop, 2)
    segment(shop, one, "B")
    segment(shop, other, "E")
    assert [each.event.kind for each in shop.office.told(LeadCaptured)] == ["upsell"]
    assert [each.event.because for each in shop.office.told(ApproachDropped)] == ["no-offer"]
    grand = Upsell(segment="E", offer=Offer(campaign="grand", product_line="piano", channel="visit"))
    terms = Approaches(winback=None, upsell=(grand,))
    shop.office.do(ADMIN, PublishLifecyclePolicy(policy_id=STANDARD, terms=LifecycleTerms(), approaches=terms))
    segment(shop, other, "D")
    segment(shop, other, "E")
    told = shop.office.told(LeadCaptured)[-1].event
    assert (told.customer_id, told.product_line, told.campaign, told.channel) == (other, "piano", "grand", "visit")
    assert len(shop.office.told(LeadCaptured)) == 2


def test_what_history_tells_opens_nothing(shop: Shop) -> None:
    customer_id = customer(shop)
    figures = AssignSegment(customer_id=customer_id, segment="C", aov=money(9), frequency=3, thresholds_version="v1")
    shop.office.do(ADMIN, figures, imported=True)
    shop.settle()
    assert shop.office.told(LeadCaptured) == []
