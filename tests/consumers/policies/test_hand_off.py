"""Hand-off on a real PostgreSQL: the call centre's interested lead goes to field sales of its territory."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.call.work import DispositionCall, LinkCall, RequestCall
from commands.call_policy import PublishCallPolicy
from commands.catalog import PublishCatalog
from commands.dispatch_rule import PublishDispatchRule
from commands.lead.capture import CaptureLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.policy import PausePolicy, ResumePolicy
from commands.pool import PublishPool
from consumers.policies.dispatch import dispatch
from consumers.policies.hand_off import hand_off
from domain.actor import Actor
from domain.call.facts import CallDispositioned, CallLinked, Subject
from domain.call_policy import CALLS, CallTerms
from domain.catalog import CALL_DISPOSITIONS, Entry
from domain.dispatch_rule import Conditions, DispatchTerms
from domain.identity import Identifier
from domain.lead.facts.custody import LeadAssigned, LeadHandedOff
from domain.values import CallId, LeadId, OrgPath, PolicyId, PoolId, StaffId
from projections.dispatch_queue import HAND_OFF
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, NORTH, ann, mia, settle
from tests.consumers.policies.desk import Desk

pytestmark = pytest.mark.slow  # On a real database.

FIELD, HARBIN = PoolId("field"), OrgPath("field/harbin")
CALL = CallId(UUID(int=0xCA11))
RULE = PolicyId("to-harbin")


class Centre(Desk):
    """Ann works in the call centre; Fei sells in Harbin, and Gao in Dalian."""

    def __init__(self, house: House) -> None:
        super().__init__(house, dispatch, hand_off)
        entries = (Entry(code="interested"), Entry(code="call-back"))
        self.do(ADMIN, PublishCatalog(catalog_id=CALL_DISPOSITIONS, entries=entries))
        self.do(ADMIN, PublishCallPolicy(policy_id=CALLS, terms=CallTerms(interested=("interested",))))
        self.do(ADMIN, PublishPool(pool_id=FIELD, name="Field", members=(OrgPath("field"),)))
        self.person("fei", org=HARBIN)
        self.person("gao", org="field/dalian")
        self.settled()

    def for_harbin(self) -> None:
        conditions = Conditions(channels=(HAND_OFF,), territories=(HARBIN,))
        terms = DispatchTerms(conditions=conditions, territories=(HARBIN,))
        self.do(ADMIN, PublishDispatchRule(rule_id=RULE, name="To Harbin", pool_id=FIELD, terms=terms))

    def called(self, by: Actor = ann, territory: OrgPath | None = HARBIN) -> LeadId:
        """A lead that somebody has claimed and now talks to."""
        lead_id = LeadId(UUID(int=1))
        phone = Identifier(kind="phone", value="+8613800000001")
        capture = CaptureLead(lead_id=lead_id, source="list", channel="phone", identities=(phone,), territory=territory)
        pool_id = NORTH if by == ann else FIELD
        self.do(CRM, capture, PoolLead(lead_id=lead_id, pool_id=pool_id, reason="new"))
        self.do(by, ClaimLead(lead_id=lead_id))
        self.do(by, RequestCall(call_id=CALL, direction="outbound"))
        return lead_id


@pytest.fixture
def centre(house: House) -> Iterator[Centre]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Centre(house)


def about(lead_id: LeadId) -> LinkCall:
    return LinkCall(call_id=CALL, subject=Subject(kind="lead", id=lead_id))


interested = DispositionCall(call_id=CALL, code="interested")


@pytest.mark.parametrize("linked_first", [True, False])
def test_who_is_interested_goes_to_field_sales_of_his_territory(centre: Centre, linked_first: bool) -> None:
    centre.for_harbin()
    lead_id = centre.called()
    steps = [about(lead_id), interested]
    for each in steps if linked_first else reversed(steps):
        centre.do(ann, each)
        centre.settled()
    assert centre.owner(lead_id) == "fei"
    (off,), (assigned,) = centre.told(LeadHandedOff), centre.told(LeadAssigned)
    (cause,) = centre.told(CallDispositioned if linked_first else CallLinked)
    assert off.event == LeadHandedOff(lead_id=lead_id, call_id=CALL, from_=StaffId("ann"))
    assert off.actor == Actor(kind="policy", id="hand-off", name="hand-off", role="policy")
    assert off.causation_id == cause.event_id
    assert (assigned.actor.id, assigned.causation_id) == ("dispatch", off.event_id)
    assert (assigned.event.rule_id, assigned.event.pool_id) == (RULE, FIELD)
    assert centre.left_out() == {"gao": "territory"}


def test_who_is_not_interested_stays_where_he_is(centre: Centre) -> None:
    centre.for_harbin()
    lead_id = centre.called()
    centre.do(ann, about(lead_id), DispositionCall(call_id=CALL, code="call-back"))
    centre.settled()
    assert centre.owner(lead_id) == "ann"
    centre.do(ann, interested)
    centre.settled()
    assert centre.owner(lead_id) == "fei", "who thinks better of it"


def test_where_no_rule_is_for_it_nobody_loses_it(centre: Centre) -> None:
    terms = DispatchTerms(conditions=Conditions(sources=("list",)))
    anything = PublishDispatchRule(rule_id=RULE, name="From lists", pool_id=FIELD, terms=terms)
    lead_id = centre.called()
    centre.settled()
    centre.do(ADMIN, anything)  # A rule that is not meant for what is handed off.
    centre.do(ann, about(lead_id), interested)
    centre.settled()
    assert centre.owner(lead_id) == "ann"
    assert centre.told(LeadHandedOff) == []


def test_in_another_territory_nobody_loses_it(centre: Centre) -> None:
    centre.for_harbin()
    lead_id = centre.called(territory=None)
    centre.do(ann, about(lead_id), interested)
    centre.settled()
    assert centre.owner(lead_id) == "ann"


def test_field_sales_who_call_themselves_keep_it(centre: Centre) -> None:
    centre.for_harbin()
    fei = Actor(kind="user", id="fei")
    lead_id = centre.called(by=fei)
    centre.do(fei, about(lead_id), interested)
    centre.settled()
    assert centre.owner(lead_id) == "fei"
    assert centre.told(LeadHandedOff) == []


def test_said_again_it_is_handed_off_once(centre: Centre) -> None:
    centre.for_harbin()
    lead_id = centre.called()
    centre.do(ann, about(lead_id), interested)
    centre.settled()
    centre.do(ann, DispositionCall(call_id=CALL, code="call-back"), interested)
    centre.settled()
    assert len(centre.told(LeadHandedOff)) == 1


def test_history_is_not_handed_off(centre: Centre) -> None:
    centre.for_harbin()
    lead_id = centre.called()
    centre.do(ADMIN, about(lead_id), interested, imported=True)
    centre.settled()
    assert centre.owner(lead_id) == "ann"


def test_paused_it_waits_and_catches_up(centre: Centre) -> None:
    centre.for_harbin()
    centre.do(mia, PausePolicy(policy_name="hand-off", until=centre.now + timedelta(days=1)), reason="audit")
    lead_id = centre.called()
    centre.do(ann, about(lead_id), interested)
    centre.house.caught_up()
    settle(centre.reacting)
    assert centre.owner(lead_id) == "ann"
    centre.do(mia, ResumePolicy(policy_name="hand-off"))
    centre.settled()
    assert centre.owner(lead_id) == "fei"
