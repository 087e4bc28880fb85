"""lifeledger kafka: what has come in is listed, letters are shown, tried again, and skipped by whoever says why."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from commands.ask import Ask, Outcome
from commands.customer.creating import RegisterCustomer
from commands.service import WriteSide, server_clock
from consumers.inbound.orders import shop_orders
from consumers.inbound.reader import Reader
from consumers.inbound.reading import Reading
from consumers.inbound.writing import through
from consumers.message import Arrived, Partition
from domain.values import CustomerId
from ledger.envelope import time_ordered_id
from ledger.stored_inbox import StoredInbox
from tests.cli.running import Said, lifeledger, on
from tests.consumers.inbound.house import NOON, SHOP
from tests.memory import MASTER

pytestmark = pytest.mark.slow
SECRET = "u-secret"
PLACED = {"id": "m-1", "type": "placed", "order": "1", "at": NOON.isoformat(), "account": SECRET}
LINES = [{"article": "piano", "quantity": 1, "price": "10"}]


@pytest.fixture
def taken(database_url: str) -> Iterator[str]:
    """An order that went on, one of somebody unknown, and one that cannot be read."""
    inbox = StoredInbox(database_url)
    with closing(WriteSide.open(database_url, MASTER)) as side, closing(inbox):
        register(side, "u-known")
        reading = Reading(shop_orders, side.ledger, side.executor, "lifeledger", server_clock, inbox)
        reader = Reader(reading, inbox, through(side), timedelta(minutes=15))
        partition = Partition("shop.orders.v1", 0)
        sent: list[dict[str, Any]] = [
            {**PLACED, "id": "m-0", "order": "0", "account": "u-known", "lines": LINES},
            {**PLACED, "lines": LINES},
            {**PLACED, "id": "m-2", "order": "2", "type": "archived"},
        ]
        records = [Arrived(nth, b"k", json.dumps(each).encode()) for nth, each in enumerate(sent)]
        reader.place(partition, 0, len(records))
        reader.take(partition, records)
        yield database_url


def register(side: WriteSide, account: str) -> None:
    command = RegisterCustomer(customer_id=CustomerId(time_ordered_id()), account_id=account)
    (found,) = side.executor([Ask(command, time_ordered_id(), SHOP)])
    assert isinstance(found, Outcome)
    assert found.refusal is None


def kafka(url: str, *arguments: str) -> Said:
    return lifeledger("kafka", *arguments, "--json", env=on(url))


def letters(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kafka(url, "dead-letters", "list").document["dead_letters"]
    return found


def test_what_has_come_in_is_listed_with_what_became_of_it(taken: str) -> None:
    found = kafka(taken, "inbox").document
    (topic,) = found["topics"]
    assert (topic["came"], topic["commands"], topic["dead"], topic["patient"]) == (3, 1, 1, 1)
    states = {each["message_id"]: (each["state"], each["types"]) for each in found["messages"]}
    assert states == {"m-0": ("done", ["PlaceOrder"]), "m-1": ("waits", []), None: ("waits", [])}
    assert len(kafka(taken, "inbox", "--message", "m-0").document["messages"]) == 1
    told = lifeledger("kafka", "inbox", env=on(taken))
    assert (told.code, "m-0" in told.out) == (0, True)


@pytest.mark.parametrize("command", [["inbox"], ["dead-letters", "list"], ["dead-letters", "retry"]])
def test_of_a_topic_that_nobody_reads_it_is_said_that_nobody_reads_it(taken: str, command: list[str]) -> None:
    said = kafka(taken, *command, "hr.stuff.v1")
    assert (said.code, said.out) == (2, "")
    assert "nothing is read from a topic hr.stuff.v1; there is" in said.err
    assert "hr.staff.v1" in said.err


def test_letters_are_listed_without_what_they_say(taken: str) -> None:
    said = kafka(taken, "dead-letters", "list")
    assert SECRET not in said.out
    errors = {each["error"] for each in said.document["dead_letters"]}
    assert errors == {"NotYet: whom this is about is not a customer here yet", "Unreadable: type: literal_error"}
    assert kafka(taken, "dead-letters", "list", "hr.staff.v1").document["dead_letters"] == []


def test_what_one_says_is_shown_for_a_purpose_and_that_is_on_record(taken: str) -> None:
    (first, *_) = letters(taken)
    name = first["letter_id"]
    assert SECRET not in kafka(taken, "dead-letters", "show", name).out
    shown = kafka(taken, "dead-letters", "show", name, "--purpose", "complaint", "--by", "ann").document
    assert json.loads(shown["value"])["account"] == SECRET
    with psycopg.connect(taken) as connection:
        looks = connection.execute("SELECT viewer_id, purpose, subjects FROM ledger.looks").fetchall()
    assert looks == [("ann", "complaint", [f"letter/{name}"])]
    for words in ("", "two words", "a" * 41, "13800001111"):
        refused = kafka(taken, "dead-letters", "show", name, "--purpose", words)
        assert (refused.code, "--purpose" in refused.err, SECRET in refused.out) == (2, True, False)
    wrong = kafka(taken, "dead-letters", "show", "nothing")
    assert (wrong.code, "no letter's id" in wrong.err) == (2, True)


def test_what_is_mended_goes_on_when_it_is_tried_again(taken: str) -> None:
    assert kafka(taken, "dead-letters", "retry").code == 1
    with closing(WriteSide.open(taken, MASTER)) as side:
        register(side, SECRET)
    (first, *_) = letters(taken)
    came = kafka(taken, "dead-letters", "retry", "--letter", first["letter_id"]).document
    assert (came["gone_on"], came["still_failing"]) == (1, [])
    assert [each["error"] for each in letters(taken)] == ["Unreadable: type: literal_error"]


def test_what_is_skipped_stays_on_record(taken: str) -> None:
    _, second = letters(taken)
    name = second["letter_id"]
    assert kafka(taken, "dead-letters", "skip", name, "--reason", " ").code == 2
    assert kafka(taken, "dead-letters", "skip", name, "--reason", "ask 138 0000 1111 about it").code == 2
    said = kafka(taken, "dead-letters", "skip", name, "--reason", "sent by mistake", "--by", "ann")
    assert said.document["gone_on"] == 0
    (skipped,) = kafka(taken, "dead-letters", "list").document["skipped"]
    assert (skipped["reason"], skipped["by_whom"], skipped["place"]) == ("sent by mistake", "ann", 2)
    again = kafka(taken, "dead-letters", "skip", name, "--reason", "again")
    assert (again.code, "there is no letter" in again.err) == (2, True)
