"""Whoever was forgotten, there is a receipt of it, written by the sealer; anybody can check it, and nothing in it is
somebody's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.customers import GivenProfile
from commands.customer.merging import MergeCustomers
from commands.customer.protection import ErasePersonalData
from commands.service import codec
from consumers.sealer import Sealer
from domain.customer.facts.merging import FieldChoices
from domain.customer.facts.protection import PersonalDataErased
from domain.erasure import MoreForgotten
from domain.identity import Identifier
from domain.values import CustomerId
from ledger.merkle import Unproven
from ledger.note import Signer
from ledger.receipt import Receipt, receipts_in, receipts_of
from ledger.rotation import rotate
from ledger.seal import signer
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, Office, mia
from tests.consumers.telling import tell
from tests.memory import MASTER

pytestmark = pytest.mark.slow

LIN, DOUBLE, WANG = (CustomerId(UUID(int=0xC0 + number)) for number in range(3))
LEAD = UUID(int=7)
NAME, PHONE = "Lin Zhiyuan", "+8613812345678"


@contextmanager
def connected(house: House) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(house.url, autocommit=True) as connection:
        yield connection


def sealed(house: House) -> Signer:
    with connected(house) as connection:
        signs = signer(connection, MASTER)
    sealer = Sealer(house.url, signs, codec())
    sealer.round()
    sealer.close()
    return signs


def of(house: House, subject: str) -> list[str]:
    with connected(house) as connection:
        return [*receipts_of(connection, subject)]


@pytest.fixture
def erased(office: Office) -> House:
    """A customer with a double and a lead is forgotten; another one is not."""
    phone = Identifier(kind="phone", value=PHONE)
    office.do(CRM, CreateCustomer(customer_id=LIN, profile=GivenProfile(name=NAME), identities=(phone,)))
    office.do(CRM, CreateCustomer(customer_id=DOUBLE), CreateCustomer(customer_id=WANG))
    office.do(mia, MergeCustomers(customer_id=LIN, absorbed=DOUBLE, choices=FieldChoices(name="survivor")))
    sealed(office.house)
    assert of(office.house, f"customer/{LIN}") == []
    office.do(ADMIN, ErasePersonalData(customer_id=LIN))
    return office.house


def event_of(house: House, kind: type) -> Any:
    return next(each for each in house.ledger.events(0, 1_000) if isinstance(each.event, kind))


def test_who_was_forgotten_with_whom_on_whose_demand_and_when(erased: House) -> None:
    signs = sealed(erased)
    (text,) = of(erased, f"customer/{LIN}")
    event = event_of(erased, PersonalDataErased)
    told = Receipt.read(text).check(signs.verifier, codec())
    assert told.split("\n") == [
        "lifeledger/erasure@v1",
        f"ledger {signs.verifier.name}",
        f"event {event.position} customer.personal-data-erased of customer/{LIN}",
        f"occurred {event.occurred_at.isoformat()}",
        f"recorded {event.recorded_at.isoformat()}",
        f"by {ADMIN.kind} {ADMIN.id} as administrator",
        f"command {event.command_id}",
        f"correlation {event.correlation_id}",
        f"forgotten customer/{LIN}",
        f"forgotten customer/{DOUBLE}",
        f"forgotten identity/{event.event.identities[0]}",
        "keys destroyed 1",
        "",
    ]
    for value in (NAME, PHONE, PHONE[1:]):
        assert value not in text
    assert of(erased, f"customer/{DOUBLE}") == [text], "he was asked for under another name"
    assert of(erased, f"customer/{WANG}") == []


def test_what_is_forgotten_later_has_a_receipt_of_its_own(erased: House) -> None:
    tell(erased.ledger, MoreForgotten(customer_id=LIN, subjects=(f"lead/{LEAD}",)))
    signs = sealed(erased)
    first, second = of(erased, f"customer/{LIN}")
    assert of(erased, f"lead/{LEAD}") == [first, second]
    told = [each.check(signs.verifier, codec()) for each in receipts_in(first + second)]
    assert [f"lead/{LEAD}" in each for each in told] == [False, True]
    assert told[1].endswith("keys destroyed 0\n"), "of the lead nothing was ever kept"


def test_it_is_written_once_and_stands_when_the_master_key_is_another(erased: House) -> None:
    signs = sealed(erased)
    before = of(erased, f"customer/{LIN}")
    sealed(erased)
    erased.ledger.close()
    with connected(erased) as connection:
        rotate(connection, MASTER, bytes(32))
        assert str(signer(connection, bytes(32)).verifier) == str(signs.verifier)
        assert [*receipts_of(connection, f"customer/{LIN}")] == before
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM ledger.receipts")


def test_a_receipt_that_says_something_else_is_none(erased: House) -> None:
    signs = sealed(erased)
    (text,) = of(erased, f"customer/{LIN}")
    good = Receipt.read(text)
    told = signs.verifier.text_of(good.note)
    for old, new in (
        (str(DOUBLE), str(WANG)),
        (f"forgotten customer/{DOUBLE}\n", ""),
        (" as administrator", " as auditor"),
        ("occurred 20", "occurred 19"),
        ("keys destroyed 1", "keys destroyed all"),
        (f"by {ADMIN.kind}", "by user"),
    ):
        assert told.count(old) > 0
        with pytest.raises(Unproven):
            replace(good, note=signs.note(told.replace(old, new))).check(signs.verifier, codec())
        with pytest.raises(Unproven):
            replace(good, note=good.note.replace(old, new)).check(signs.verifier, codec())
    other = Signer(signs.verifier.name, bytes(32))
    with pytest.raises(Unproven):
        good.check(other.verifier, codec())
    for broken in (text[:-1], text.replace("index ", "index 1"), re.sub("extra ....", "extra AAAA", text), "", "x\n"):
        with pytest.raises(Unproven):
            Receipt.read(broken).check(signs.verifier, codec())
