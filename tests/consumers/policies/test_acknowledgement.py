"""Acknowledgement: a complaint is acknowledged once, whenever it shows that it is one."""

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest

from commands.policy import PausePolicy
from commands.ticket.opening import ClassifyTicket
from commands.ticket.work import SendAcknowledgement
from consumers.policies.acknowledgement import acknowledgement
from domain.ticket.facts.opening import TicketClassified, TicketOpened
from domain.ticket.facts.work import AcknowledgementSent
from tests.commands.ticket.situations import TICKET, leo, told
from tests.consumers.house import House
from tests.consumers.office import mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.policies.tickets import wanted
from tests.spec import day

complaint = replace(told, type="complaint")
acknowledge = SendAcknowledgement(ticket_id=TICKET)


def test_a_complaint_is_acknowledged_and_a_question_is_not() -> None:
    assert wanted(acknowledgement, complaint) == [acknowledge]
    assert wanted(acknowledgement, told) == []
    assert wanted(acknowledgement, complaint, imported=True) == []


def test_what_turns_out_to_be_one_is_acknowledged_then() -> None:
    turned = TicketClassified(ticket_id=TICKET, type="complaint", category="billing")
    assert wanted(acknowledgement, told, turned) == [acknowledge]
    assert wanted(acknowledgement, told, replace(turned, type="incident")) == []


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house)


@pytest.mark.slow
def test_it_goes_out_once_by_the_way_on_which_the_complaint_came_also_after_a_pause(desk: Desk) -> None:
    reactor = desk.reactor(acknowledgement)
    settle(reactor)
    desk.do(mia, PausePolicy(policy_name="acknowledgement", until=day(3, 26)), reason="audit")
    ticket_id = desk.open(1, type="complaint", channel="email")
    settle(reactor)
    assert desk.told(AcknowledgementSent) == []
    desk.now = day(3, 26)
    settle(reactor)
    desk.do(leo, ClassifyTicket(ticket_id=ticket_id, type="complaint", category="delivery"))
    settle(reactor)
    (sent,), (opened,) = map(desk.told, (AcknowledgementSent, TicketOpened))
    assert sent.event.channel == "email"
    assert (sent.actor.id, sent.causation_id) == ("acknowledgement", opened.event_id)
