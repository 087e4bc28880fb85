"""Intake on a real PostgreSQL: what is sent and why, once, not for history, and not while it is paused."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData
from commands.lead.capture import AdoptLead, CaptureLead, CorrectLead
from commands.lead.doubting import DismissDuplicate
from commands.lead.intake import ReceiveEnquiry
from commands.lead.work import LoseLead, ReopenLead
from commands.policy import PausePolicy, ResumePolicy
from consumers.policies.intake import intake
from domain.actor import Actor
from domain.identity import Identifier
from domain.lead.facts.intake import DuplicateSuspected, LeadCaptured
from domain.likeness import RULE
from domain.values import CustomerId, LeadId
from projections.lead_likeness import lead_likeness
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, mia, settle
from tests.consumers.policies.desk import Desk

pytestmark = pytest.mark.slow  # On a real database.

DAY = timedelta(days=1)
PHONE, SWAPPED, TWICE = "+8613812345678", "+8613812354678", "+8613812345687"


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house, intake)


def comes(desk: Desk, number: int, phone: str, by: Actor = CRM, **how: Any) -> LeadId:
    lead_id = LeadId(UUID(int=number))
    identity = Identifier(kind="phone", value=phone)
    capture = CaptureLead(lead_id=lead_id, source="web", channel="form", identities=(identity,), name="张伟")
    desk.do(by, capture, **how)
    return lead_id


def suspected(desk: Desk) -> list[frozenset[LeadId]]:
    return [frozenset({each.event.lead_id, each.event.of}) for each in desk.told(DuplicateSuspected)]


def test_it_says_by_which_rule_and_as_seen_where_and_the_view_is_what_a_rebuild_makes(desk: Desk) -> None:
    first = comes(desk, 1, PHONE)
    desk.settled()
    second = comes(desk, 2, SWAPPED)
    desk.settled()
    (told,), (_, captured) = desk.told(DuplicateSuspected), desk.told(LeadCaptured)
    event = told.event
    assert (event.lead_id, event.of, event.likeness, event.because) == (second, first, 95, "same-name-near-phone")
    assert (event.comparison.rule_id, event.comparison.compared, event.comparison.alike) == (RULE, 1, 1)
    assert captured.position <= event.comparison.seen_at < told.position
    assert told.actor == Actor(kind="policy", id="intake", name="intake", role="policy")
    assert told.causation_id == captured.event_id
    desk.do(CRM, CorrectLead(lead_id=first, corrects=1, identities=(Identifier(kind="email", value="a1988@b.cn"),)))
    desk.do(mia, LoseLead(lead_id=second, reason="price"))
    desk.do(mia, ReopenLead(lead_id=second))
    desk.house.caught_up()
    desk.house.must_equal_a_rebuild(lead_likeness)


def test_who_comes_together_is_suspected_once(desk: Desk) -> None:
    first, second = comes(desk, 1, PHONE), comes(desk, 2, SWAPPED)
    desk.settled()
    assert suspected(desk) == [frozenset({first, second})]


def test_who_dies_after_sending_sends_nothing_else_again(desk: Desk) -> None:
    first, second = comes(desk, 1, PHONE), comes(desk, 2, SWAPPED)
    desk.house.caught_up()
    with patch("consumers.reactor.move", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        settle(desk.reacting)
    assert len(suspected(desk)) == 1
    desk.reacting.close()
    desk.reacting = desk.reactor(intake)
    desk.settled()
    assert suspected(desk) == [frozenset({first, second})]


def test_history_suspects_nobody_before_it_is_adopted_and_is_suspected(desk: Desk) -> None:
    old, older = (comes(desk, number, phone, ADMIN, imported=True) for number, phone in ((1, PHONE), (2, SWAPPED)))
    desk.settled()
    assert suspected(desk) == []
    new = comes(desk, 3, TWICE)
    desk.settled()
    assert suspected(desk) == [frozenset({old, new})]
    desk.do(ADMIN, AdoptLead(lead_id=older))
    desk.settled()
    assert suspected(desk) == [frozenset({old, new}), frozenset({old, older})]


def test_paused_it_waits_and_catches_up_and_what_is_dismissed_stays_so(desk: Desk) -> None:
    desk.do(mia, PausePolicy(policy_name="intake", until=desk.now + DAY), reason="audit")
    first, second = comes(desk, 1, PHONE), comes(desk, 2, SWAPPED)
    desk.house.caught_up()
    settle(desk.reacting)
    assert suspected(desk) == []
    desk.do(mia, ResumePolicy(policy_name="intake"))
    desk.settled()
    assert suspected(desk) == [frozenset({first, second})]
    desk.do(mia, DismissDuplicate(lead_id=second, of=first), reason="brothers")
    desk.do(CRM, CorrectLead(lead_id=second, corrects=1, name="张 伟"))
    desk.settled()
    assert len(suspected(desk)) == 1


def test_a_key_is_found_by_an_index(desk: Desk) -> None:
    comes(desk, 1, PHONE)
    desk.settled()
    with psycopg.connect(desk.house.url) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute("EXPLAIN SELECT * FROM views.lead_likeness WHERE key = 'x' LIMIT 42").fetchall()
    assert any("Index" in line and "key" in line for (line,) in plan), plan


def test_who_is_forgotten_is_forgotten_under_his_number_and_as_himself_again_after_a_merge(desk: Desk) -> None:
    one, other, survivor = (CustomerId(UUID(int=0xC0 + number)) for number in range(3))
    his, others, nobodys = (Identifier(kind="phone", value=f"+8613{number}12345678") for number in (7, 8, 9))
    desk.do(CRM, CreateCustomer(customer_id=one, identities=(his,)))
    desk.do(CRM, CreateCustomer(customer_id=other, identities=(others,)), CreateCustomer(customer_id=survivor))
    comes(desk, 1, his.value)
    desk.do(CRM, ReceiveEnquiry(lead_id=LeadId(UUID(int=2)), source="web", channel="form", identities=(others,)))
    comes(desk, 3, nobodys.value)
    desk.do(mia, MergeCustomers(customer_id=survivor, absorbed=other))
    desk.settled()
    desk.do(mia, UnmergeCustomer(customer_id=survivor, absorbed=other), reason="mistake")
    desk.settled()
    desk.do(ADMIN, ErasePersonalData(customer_id=survivor))
    desk.settled()
    assert all(any(phone.value in row for row in desk.house.rows(lead_likeness)) for phone in (his, others, nobodys))
    desk.do(ADMIN, ErasePersonalData(customer_id=one), ErasePersonalData(customer_id=other))
    desk.settled()
    found = desk.house.rows(lead_likeness)
    assert found
    assert all(str(UUID(int=3)) in row for row in found)
    desk.house.must_equal_a_rebuild(lead_likeness)
