"""What operators ask of messages in the ledger is done by a worker, once, and it says what came of it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from commands.ask import Ask, Outcome
from commands.customer.creating import RegisterCustomer
from commands.inbound_topic import RetryMessage, SkipMessage
from commands.service import server_clock
from consumers.inbound.letters import Retrier
from consumers.inbound.orders import shop_orders
from consumers.inbound.reader import Reader
from consumers.inbound.reading import Reading
from consumers.message import Arrived, Partition
from domain.inbound_topic import MessageRequestFailed, MessageRetried, MessageSkipped
from domain.values import CustomerId, TopicName
from ledger.envelope import time_ordered_id
from ledger.store import Unavailable
from ledger.stored_inbox import StoredInbox
from tests.consumers.house import House
from tests.consumers.inbound.house import NOON, SHOP
from tests.consumers.operated import Desk

pytestmark = pytest.mark.slow  # On a real database.

ORDERS = TopicName("shop.orders.v1")
SUBJECT = f"inbound-topic/{ORDERS}"
LINES = [{"article": "piano", "quantity": 1, "price": "10"}]
PLACED = {"id": "m-1", "type": "placed", "order": "1", "at": NOON.isoformat(), "account": "u-secret", "lines": LINES}


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.operating.AGAIN_SECONDS", 0.01):
        yield Desk(house)


@pytest.fixture
def inbox(house: House, desk: Desk) -> Iterator[StoredInbox]:
    """An order of somebody who is not known yet, and a message that cannot be read."""
    with closing(StoredInbox(house.url)) as inbox:
        reading = Reading(shop_orders, house.ledger, desk.executor, "lifeledger", server_clock, inbox)
        reader = Reader(reading, inbox, desk.executor, timedelta(minutes=15))
        partition = Partition(ORDERS, 0)
        sent: list[dict[str, Any]] = [PLACED, {**PLACED, "id": "m-2", "order": "2", "type": "archived"}]
        records = [Arrived(nth, b"k", json.dumps(each).encode()) for nth, each in enumerate(sent)]
        reader.place(partition, 0, len(records))
        reader.take(partition, records)
        yield inbox


def letters(inbox: StoredInbox) -> list[UUID]:
    return [each.letter_id for each in inbox.aside(ORDERS)]


def register(desk: Desk) -> None:
    command = RegisterCustomer(customer_id=CustomerId(time_ordered_id()), account_id="u-secret")
    (answer,) = desk.executor([Ask(command, time_ordered_id(), SHOP)])
    assert isinstance(answer, Outcome)
    assert answer.refusal is None


def test_a_message_goes_on_once_what_it_rests_on_is_there_and_somebody_asks(desk: Desk, inbox: StoredInbox) -> None:
    first, second = letters(inbox)
    worker = desk.worker()
    desk.ask(RetryMessage(topic=ORDERS, letter_id=first))
    desk.done(SUBJECT, worker)
    waits = desk.told(SUBJECT)[-1].event
    assert waits == MessageRetried(
        topic=ORDERS, number=1, gone_on=0, because="NotYet: whom this is about is not a customer here yet"
    )
    register(desk)
    desk.ask(RetryMessage(topic=ORDERS, letter_id=first))
    desk.done(SUBJECT, worker)
    assert desk.told(SUBJECT)[-1].event == MessageRetried(topic=ORDERS, number=2, gone_on=1)
    assert letters(inbox) == [second]


def test_a_message_is_left_out_with_who_decided_it_and_why(desk: Desk, inbox: StoredInbox) -> None:
    _, second = letters(inbox)
    desk.ask(SkipMessage(topic=ORDERS, letter_id=second))
    desk.done(SUBJECT, desk.worker())
    assert desk.told(SUBJECT)[-1].event == MessageSkipped(topic=ORDERS, number=1, gone_on=0)
    (left_out,) = inbox.skipped(ORDERS)
    assert (left_out.letter_id, left_out.reason, left_out.by_whom) == (second, "fold-mended", "service:ops")
    assert second not in letters(inbox)


def test_what_was_left_out_by_who_died_is_recorded(desk: Desk, inbox: StoredInbox) -> None:
    _, second = letters(inbox)
    desk.ask(SkipMessage(topic=ORDERS, letter_id=second))
    worker = desk.worker()
    with patch.object(Retrier, "retry", side_effect=Unavailable("gone")), pytest.raises(Unavailable):
        worker.round()
    worker.close()
    desk.done(SUBJECT, desk.worker())
    assert desk.told(SUBJECT)[-1].event == MessageSkipped(topic=ORDERS, number=1, gone_on=0)
    assert len(inbox.skipped(ORDERS)) == 1


def test_while_another_process_is_at_it_the_worker_waits(house: House, desk: Desk, inbox: StoredInbox) -> None:
    first, _ = letters(inbox)
    register(desk)
    letter = inbox.letter(first)
    assert letter is not None
    worker = desk.worker()
    with closing(StoredInbox(house.url)) as another, another.alone(ORDERS, letter.key) as mine:
        assert mine
        desk.ask(RetryMessage(topic=ORDERS, letter_id=first))
        for _ in range(5):
            worker.round()
        assert desk.topic(ORDERS).under_way
    desk.done(SUBJECT, worker)
    assert desk.told(SUBJECT)[-1].event == MessageRetried(topic=ORDERS, number=1, gone_on=1)


@pytest.mark.parametrize("kind", [RetryMessage, SkipMessage])
def test_of_what_is_not_there_nothing_comes(desk: Desk, inbox: StoredInbox, kind: Any) -> None:
    worker = desk.worker()
    desk.ask(kind(topic=ORDERS, letter_id=UUID(int=9)))
    desk.done(SUBJECT, worker)
    gone = "there is no such letter: it has gone on, was skipped, or was destroyed with somebody"
    assert desk.told(SUBJECT)[-1].event == MessageRequestFailed(topic=ORDERS, number=1, because=gone)
    other = TopicName("hr.staff.v1")
    desk.ask(kind(topic=other, letter_id=letters(inbox)[0]))
    desk.done(f"inbound-topic/{other}", worker)
    last = desk.topic(other).last
    assert last is not None
    assert last.because == "this version of the service reads nothing from a topic hr.staff.v1"
    assert len(letters(inbox)) == 2
