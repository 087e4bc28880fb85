"""Dispatch on a real PostgreSQL: fair, never too much, explained, and tried again when there is room."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.agent_book import ChangeCapacity
from commands.customer.creating import CreateCustomer
from commands.customer.owners import AssignCustomer
from commands.lead.capture import AdoptLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import ClaimLead, PoolLead
from commands.lead.intake import ReceiveEnquiry
from commands.lead.work import LoseLead, ReopenLead
from commands.policy import PausePolicy, ResumePolicy
from commands.staff import ChangeAvailability, DepartStaff, MoveStaff
from consumers.policies.dispatch import dispatch
from domain.actor import Actor
from domain.agent_book import SlotReserved
from domain.dispatch_rule import Conditions
from domain.identity import Identifier
from domain.lead.facts.custody import LeadAssigned, LeadPooled, LeadRecycled
from domain.lead.facts.intake import LeadCaptured
from domain.lead.states import Held, Pooled, Unassigned
from domain.staff import AvailabilityChanged
from domain.values import CustomerId, LeadId, OrgPath, StaffId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, NORTH, mia, settle
from tests.consumers.policies.desk import RULE, Desk

pytestmark = pytest.mark.slow  # On a real database.

DAY = timedelta(days=1)
bob = Actor(kind="user", id="bob")


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house)


# Who gets it


def test_of_thirty_leads_each_has_his_share_and_nobody_too_many(desk: Desk) -> None:
    weights = {"bob": 3, "cai": 2, "dan": 1, "ann": 0}
    for name in ("bob", "cai", "dan"):
        desk.person(name)
    desk.rule(weights)
    one, other = desk.reacting, desk.reactor(dispatch)
    leads = []
    for number in range(1, 31):
        leads += desk.come(number)
        if number % 5 == 0:
            settle(other if number % 2 else one)
    desk.settled()
    shares = desk.shares()
    assert sum(shares.values()) == len(leads)
    for name, weight in weights.items():
        assert abs(shares[name] - 30 * weight / 6) <= 1, shares
    assert len({each.event.lead_id for each in desk.told(LeadAssigned)}) == 30, "no lead twice"


def test_two_workers_and_a_change_of_hands_give_no_lead_twice_and_keep_the_shares(desk: Desk) -> None:
    for name in ("bob", "cai", "dan"):
        desk.person(name)
    desk.rule({"bob": 1, "cai": 1, "dan": 1, "ann": 0})
    other = desk.reactor(dispatch)
    desk.come(*range(1, 16))
    settle(other)
    settle(desk.reacting)
    desk.settled()
    desk.reacting.close()
    desk.reacting = other
    desk.come(*range(16, 31))
    desk.settled()
    assert desk.shares() == {"bob": 10, "cai": 10, "dan": 10}


def test_nobody_is_given_more_than_he_may_hold_and_the_rest_wait(desk: Desk) -> None:
    desk.person("bob", 3)
    desk.person("cai", 2)
    desk.rule({"ann": 0})
    leads = desk.come(*range(1, 9))
    desk.settled()
    assert desk.shares() == {"bob": 3, "cai": 2}
    assert [desk.custody(each) for each in leads] == [Held] * 5 + [Pooled] * 3
    assert desk.left_out() == {"bob": "capacity", "cai": "capacity", "ann": "no-weight"}


def test_a_decision_says_by_which_rule_as_seen_where_and_why_not_the_others(desk: Desk) -> None:
    desk.person("bob")
    desk.person("cai", org="north/team-2")
    desk.person("eve", skills=("tea",))
    desk.person("fay", org="south")
    desk.do(ADMIN, DepartStaff(staff_id=desk.person("dan")))
    away = desk.person("gus")
    desk.do(ADMIN, ChangeAvailability(staff_id=away, available=False))
    desk.rule(skills=("tea",), territories=(OrgPath("north/team-1"),))
    desk.settled()
    (lead_id,) = desk.come(1)
    desk.settled()
    (decided,) = desk.decisions()
    (captured,), (assigned,) = desk.told(LeadCaptured), desk.told(LeadAssigned)
    assert (decided.chosen, decided.rule_id, decided.rule_number) == ("eve", RULE, 1)
    assert captured.position <= decided.seen_at < assigned.position
    assert desk.left_out() == {
        "ann": "territory",
        "bob": "skill",
        "cai": "territory",
        "dan": "departed",
        "gus": "unavailable",
    }, "managers are not considered, nor who is no member of the pool"
    assert assigned.actor == Actor(kind="policy", id="dispatch", name="dispatch", role="policy")
    assert assigned.causation_id == captured.event_id
    assert f"dispatch-rule/{RULE}@1" in (assigned.policy_version or "")
    assert desk.owner(lead_id) == "eve"


def test_a_manager_has_leads_only_where_the_rule_names_him(desk: Desk) -> None:
    desk.rule({"mia": 1, "ann": 0})
    desk.come(1)
    desk.settled()
    assert desk.shares() == {"mia": 1}


def test_the_first_rule_that_matches_decides(desk: Desk) -> None:
    desk.person("bob")
    desk.rule({"ann": 1, "bob": 0}, "any", priority=50)
    desk.rule({"bob": 1, "ann": 0}, "fair", priority=10, conditions=Conditions(sources=("fair",)))
    desk.come(1, source="fair")
    desk.come(2, source="web")
    desk.settled()
    assert [(each.rule_id, each.chosen) for each in desk.decisions()] == [("fair", "bob"), ("any", "ann")]


def test_the_territory_of_a_lead_chooses_the_rule(desk: Desk) -> None:
    desk.person("bob", org="north/harbin")
    desk.rule(conditions=Conditions(territories=(OrgPath("north/harbin"),)), territories=(OrgPath("north/harbin"),))
    elsewhere, there = desk.come(1, territory=OrgPath("north/dalian")) + desk.come(2, territory=OrgPath("north/harbin"))
    desk.settled()
    assert (desk.owner(elsewhere), desk.owner(there)) == (None, "bob")


def test_where_no_rule_is_for_it_nothing_happens_until_one_is(desk: Desk) -> None:
    desk.rule(conditions=Conditions(sources=("fair",)))
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.custody(lead_id) is Unassigned
    assert desk.decisions() == []
    desk.rule()
    desk.settled()
    assert desk.owner(lead_id) == "ann"


def test_whoever_puts_it_into_a_pool_himself_has_decided_about_it(desk: Desk) -> None:
    desk.rule()
    lead_id = desk.lead(1)
    desk.settled()
    assert desk.custody(lead_id) is Pooled
    assert desk.decisions() == []


def test_who_has_filled_meanwhile_is_passed_over_for_the_next(desk: Desk) -> None:
    desk.person("bob")
    desk.rule({"bob": 9, "ann": 1})
    desk.settled()
    desk.house.caught_up()
    real = desk.reacting.wanted

    def late(*given: object) -> object:
        wanted = real(*given)  # type: ignore[arg-type]
        if wanted:
            desk.do(ADMIN, ChangeCapacity(staff_id=StaffId("bob"), cap=0, daily_claims=0))
        return wanted

    (lead_id,) = desk.come(1)
    with patch.object(desk.reacting, "wanted", late):
        desk.settled()
    assert desk.owner(lead_id) == "ann"
    assert desk.left_out() == {"bob": "capacity"}


def test_when_all_have_filled_meanwhile_it_waits_and_that_is_explained(desk: Desk) -> None:
    desk.rule()
    desk.settled()
    real = desk.reacting.wanted

    def late(*given: object) -> object:
        wanted = real(*given)  # type: ignore[arg-type]
        if wanted:
            desk.do(ADMIN, ChangeCapacity(staff_id=StaffId("ann"), cap=0, daily_claims=0))
        return wanted

    (lead_id,) = desk.come(1)
    with patch.object(desk.reacting, "wanted", late):
        desk.settled()
    assert desk.custody(lead_id) is Pooled
    assert desk.left_out() == {"ann": "capacity"}


# What comes back


@pytest.mark.parametrize("reason", ["no-first-contact", "no-follow-up"])
def test_what_was_not_worked_on_goes_to_somebody_else(desk: Desk, reason: str) -> None:
    desk.person("bob")
    desk.rule({"bob": 9, "ann": 1})
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.owner(lead_id) == "bob"
    desk.now += 15 * DAY
    desk.do(mia, RecycleLead(lead_id=lead_id, reason=reason))  # type: ignore[arg-type]
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    assert desk.left_out() == {"bob": "failed-before"}
    desk.now += 15 * DAY
    desk.do(mia, RecycleLead(lead_id=lead_id, reason=reason))  # type: ignore[arg-type]
    desk.settled()
    assert desk.owner(lead_id) is None
    assert desk.left_out() == {"bob": "failed-before", "ann": "failed-before"}


def test_what_is_given_back_lies_in_the_pool_for_whoever_wants_it(desk: Desk) -> None:
    desk.rule()
    (lead_id,) = desk.come(1)
    desk.settled()
    desk.do(Actor(kind="user", id="ann"), ReleaseLead(lead_id=lead_id))
    desk.settled()
    assert desk.custody(lead_id) is Pooled
    assert len(desk.decisions()) == 1


def test_what_is_reopened_is_dispatched_anew(desk: Desk) -> None:
    desk.rule()
    (lead_id,) = desk.come(1)
    desk.settled()
    desk.do(mia, LoseLead(lead_id=lead_id, reason="price"))
    desk.do(mia, ReopenLead(lead_id=lead_id))
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    assert len(desk.decisions()) == 2


# Trying again


def test_room_is_filled_by_who_has_waited_longest_and_no_further(desk: Desk) -> None:
    desk.room("ann", 0)
    desk.rule()
    leads = desk.come(1, 2, 3)
    desk.settled()
    assert desk.shares() == {}
    desk.room("ann", 2)
    desk.settled()
    assert [desk.owner(each) for each in leads] == ["ann", "ann", None]
    assert len(desk.decisions()) == 3 + 2, "what there was no room for has not been asked for"
    desk.do(Actor(kind="user", id="ann"), LoseLead(lead_id=leads[0], reason="price"))
    desk.settled()
    assert desk.owner(leads[2]) == "ann"
    assert len(desk.told(LeadPooled)) == 3, "in vain, nothing is told again"


def test_who_comes_back_from_an_absence_gets_what_has_waited(desk: Desk) -> None:
    back = desk.now + DAY
    desk.do(ADMIN, ChangeAvailability(staff_id=StaffId("ann"), available=False, until=back))
    desk.rule()
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.left_out() == {"ann": "unavailable"}
    clock = desk.clock(dispatch)
    desk.now = back - timedelta(seconds=1)
    assert clock.round() == 0
    desk.now = back
    assert clock.round() == 1
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    turned = desk.told(AvailabilityChanged)[-1]
    assert turned.event == AvailabilityChanged(staff_id=StaffId("ann"), available=True)
    assert turned.actor.id == "dispatch"
    assert clock.round() == 0


@pytest.mark.parametrize("change", ["hired", "moved", "back"])
def test_new_hands_get_what_has_waited(desk: Desk, change: str) -> None:
    desk.do(ADMIN, DepartStaff(staff_id=StaffId("ann")))
    away = desk.person("bob", org="south")
    idle = desk.person("cai")
    desk.do(ADMIN, ChangeAvailability(staff_id=idle, available=False))
    desk.rule()
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.left_out() == {"ann": "departed", "cai": "unavailable"}
    match change:
        case "hired":
            desk.person("dan")
        case "moved":
            desk.do(ADMIN, MoveStaff(staff_id=away, to=OrgPath("north")))
        case _:
            desk.do(ADMIN, ChangeAvailability(staff_id=idle, available=True))
    desk.settled()
    assert desk.owner(lead_id) == {"hired": "dan", "moved": "bob", "back": "cai"}[change]


def failed_with_ann(desk: Desk) -> LeadId:
    """One that she has let pass; she has no room any more."""
    for name in ("bob", "cai"):
        desk.person(name, 0)
    desk.rule({"ann": 1, "bob": 2, "cai": 1})
    (lead_id,) = desk.come(1)
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    desk.room("ann", 0)
    desk.now += 15 * DAY
    return lead_id


def test_what_waits_beyond_the_limit_goes_to_who_had_room_all_along(desk: Desk) -> None:
    """Whoever gets some now may be the one with whom it failed."""
    lead_id = failed_with_ann(desk)
    desk.come(2)
    desk.settled()
    desk.do(mia, RecycleLead(lead_id=lead_id, reason="no-follow-up"))
    desk.settled()
    with patch("consumers.policies.dispatch.AT_ONCE", 1):
        desk.room("bob", 2)
        desk.settled()
    assert desk.shares() == {"ann": 1, "bob": 1}, "the one that had waited longer"
    desk.room("ann", 5)
    desk.settled()
    assert desk.owner(lead_id) == "bob"


def test_what_waits_because_not_everybody_was_asked_goes_to_who_had_room_all_along(desk: Desk) -> None:
    """The slot that is free again is that of the one with whom it failed."""
    lead_id = failed_with_ann(desk)
    desk.room("bob", 1)
    desk.room("cai", 1)
    desk.settled()
    left = [desk.lead(2)]
    real = desk.reacting.wanted

    def late(*given: object) -> object:
        wanted = real(*given)  # type: ignore[arg-type]
        if wanted and left:
            desk.do(bob, ClaimLead(lead_id=left.pop()))
        return wanted

    desk.do(mia, RecycleLead(lead_id=lead_id, reason="no-follow-up"))
    with patch.object(desk.reacting, "wanted", late), patch("consumers.policies.dispatch.TRIES", 1):
        desk.settled()
    _, in_vain, _ = desk.decisions()
    assert in_vain.chosen is None
    assert {each.staff_id: each.reason for each in in_vain.left_out} == {
        "ann": "failed-before",
        "bob": "capacity",
        "cai": "outweighed",
    }
    assert desk.owner(lead_id) == "cai"


def test_what_somebody_claims_meanwhile_waits_no_longer(desk: Desk) -> None:
    desk.room("ann", 0)
    desk.rule({"ann": 1, "bob": 0})
    (lead_id,) = desk.come(1)
    desk.settled()
    desk.person("bob")
    desk.do(bob, ClaimLead(lead_id=lead_id))
    desk.room("ann", 5)
    desk.settled()
    assert desk.owner(lead_id) == "bob"
    assert len(desk.decisions()) == 1


# As all policies


def test_history_is_dispatched_when_it_is_adopted(desk: Desk) -> None:
    desk.rule()
    first, second = desk.come(1, 2, imported=True)
    desk.do(ADMIN, PoolLead(lead_id=second, pool_id=NORTH, reason="old"), imported=True)
    desk.settled()
    desk.room("ann", 50)
    desk.settled()
    assert desk.told(LeadAssigned) == []
    desk.do(ADMIN, AdoptLead(lead_id=first), AdoptLead(lead_id=second))
    desk.settled()
    assert (desk.owner(first), desk.owner(second)) == ("ann", None)


def test_paused_it_waits_and_catches_up(desk: Desk) -> None:
    desk.rule()
    desk.do(mia, PausePolicy(policy_name="dispatch", until=desk.now + DAY), reason="audit")
    (lead_id,) = desk.come(1)
    desk.house.caught_up()
    settle(desk.reacting)
    assert desk.custody(lead_id) is Unassigned
    desk.do(mia, ResumePolicy(policy_name="dispatch"))
    desk.settled()
    assert desk.owner(lead_id) == "ann"


def test_who_dies_after_sending_sends_nothing_else_again(desk: Desk) -> None:
    desk.person("bob")
    desk.rule()
    (lead_id,) = desk.come(1)
    desk.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(desk.reacting)
    owner = desk.owner(lead_id)
    assert owner is not None
    desk.reacting.close()
    desk.reacting = desk.reactor(dispatch)
    desk.settled()
    assert desk.owner(lead_id) == owner
    assert len(desk.told(SlotReserved)) == 1
    assert desk.told(LeadRecycled) == []


# What comes in for a customer


def test_the_lead_of_a_customer_goes_to_who_looks_after_him(desk: Desk) -> None:
    desk.person("bob")
    desk.rule({"bob": 9, "ann": 1})
    customer_id, phone = CustomerId(UUID(int=0xC)), Identifier(kind="phone", value="+8613800000001")
    create = CreateCustomer(customer_id=customer_id, identities=(phone,))
    desk.do(CRM, create)
    desk.do(mia, AssignCustomer(customer_id=customer_id, owner=StaffId("ann"), role="primary"))
    lead_id = LeadId(UUID(int=1))
    desk.do(CRM, ReceiveEnquiry(lead_id=lead_id, source="web", channel="chat", identities=(phone,)))
    desk.settled()
    assert desk.owner(lead_id) == "ann"
    assert desk.left_out() == {"bob": "outweighed"}
