"""Who is forgotten is nowhere any more: with all that is about him, in every view, at every moment, in the database."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL
from psycopg.sql import Identifier as Name

from commands.call.work import LinkCall, RequestCall
from commands.catalog import PublishCatalog
from commands.contact.profile import CreateContact
from commands.customer.creating import CreateCustomer
from commands.customer.customers import GivenProfile
from commands.customer.lifecycle import RecordTouchpoint
from commands.customer.merging import MergeCustomers
from commands.customer.protection import ErasePersonalData, LiftLegalHold, PlaceLegalHold
from commands.customer.relations import LinkContact
from commands.lead.capture import CaptureLead
from commands.lead.work import LoseLead
from commands.order.progress import RequestOrder
from commands.ticket.work import RecordCustomerReply
from consumers.at import fold, moment
from consumers.policies.forgetting import forgetting
from consumers.session import ReadsUnavailable
from domain.call.facts import Subject
from domain.catalog import LOST_REASONS, Entry
from domain.customer.facts.merging import FieldChoices
from domain.erasure import MoreForgotten
from domain.identity import Identifier
from domain.money import Money
from domain.order.facts import Line
from domain.values import CallId, ContactId, CustomerId, Erased, LeadId, OrderId, StaffId, TicketId
from ledger.scan import Wire
from projections import VIEWS, contacts, customers, lead_likeness, sales_worklist, solved_cases, ticket_queue
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, mia, settle
from tests.consumers.policies.service_desk import Desk
from tests.consumers.three_ways import must_agree

pytestmark = pytest.mark.slow  # On a real database.

NAME, FORMER, FRIEND = "Lin Zhiyuan", "Lin the Elder", "Zhou Meiling"
PHONE, BOX, OLD = "+8613812345678", "lin.zhiyuan@example.org", "+8613712345679"
SAID = ("my boat is leaking", "he sails every weekend", "wants it by Friday", "Chen from next door")
HIS = (NAME, FORMER, FRIEND, PHONE, "13812345678", "138 1234 5678", BOX, OLD, "13712345679", *SAID)
HERS = ("Wang Fang", "+8613912345670", "a lamp is broken")

ANN = StaffId("ann")
LIN, DOUBLE, WANG = (CustomerId(UUID(int=0xC0 + number)) for number in range(3))
LEAD, LOST, HER_LEAD = (LeadId(UUID(int=0x10 + number)) for number in range(3))
CALL, ABOUT_TICKET, WITH_BOTH, LATE = (CallId(UUID(int=0x20 + number)) for number in range(4))
FRIEND_OF_HIS, OF_BOTH = (ContactId(UUID(int=0x30 + number)) for number in range(2))
ORDER, TOGETHER = (OrderId(UUID(int=0x40 + number)) for number in range(2))


def phone(value: str) -> Identifier:
    return Identifier(kind="phone", value=value)


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    with patch("consumers.reactor.LEASE_SECONDS", 0.0), patch("consumers.reactor.PAUSE_SECONDS", 0.0):
        yield Desk(house)


def live(desk: Desk) -> dict[str, TicketId]:
    """A person with all that somebody can have, and another one, with whom he shares something."""
    desk.do(ADMIN, PublishCatalog(catalog_id=LOST_REASONS, entries=(Entry(code="price"),)))
    capture = partial(CaptureLead, source="web", channel="form")
    desk.do(CRM, capture(lead_id=LOST, identities=(phone(OLD),), name=FORMER))
    desk.do(mia, LoseLead(lead_id=LOST, reason="price"))
    desk.do(CRM, capture(lead_id=LEAD, identities=(phone(PHONE), Identifier(kind="email", value=BOX)), name=NAME))
    desk.do(CRM, capture(lead_id=HER_LEAD, identities=(phone(HERS[1]),), name=HERS[0]))
    him = GivenProfile(name=NAME, motive=SAID[1])
    desk.do(CRM, CreateCustomer(customer_id=LIN, profile=him, identities=(phone(PHONE),), lead_id=LEAD))
    desk.do(CRM, CreateCustomer(customer_id=DOUBLE, profile=GivenProfile(name=FORMER), identities=(phone(OLD),)))
    her = GivenProfile(name=HERS[0])
    desk.do(CRM, CreateCustomer(customer_id=WANG, profile=her, identities=(phone(HERS[1]),), lead_id=HER_LEAD))
    desk.do(mia, MergeCustomers(customer_id=LIN, absorbed=DOUBLE, choices=FieldChoices(name="survivor")))
    desk.do(mia, RecordTouchpoint(customer_id=LIN, channel="phone", direction="inbound", note=SAID[2]))
    tickets = {
        "his": desk.open(0x51, customer_id=LIN, subject=SAID[0]),
        "hers": desk.open(0x52, customer_id=WANG, subject=HERS[2]),
    }
    desk.do(CRM, RecordCustomerReply(ticket_id=tickets["his"], message=SAID[3]))
    request = partial(RequestCall, direction="outbound", agent=ANN)
    desk.do(CRM, request(call_id=CALL, number=PHONE, subject=Subject(kind="lead", id=LEAD)))
    desk.do(CRM, request(call_id=ABOUT_TICKET, number=PHONE, subject=Subject(kind="ticket", id=tickets["his"])))
    desk.do(CRM, request(call_id=WITH_BOTH, number=HERS[1], subject=Subject(kind="customer", id=LIN)))
    desk.do(CRM, LinkCall(call_id=WITH_BOTH, subject=Subject(kind="customer", id=WANG)))
    desk.do(CRM, request(call_id=LATE, number=PHONE))
    desk.do(CRM, CreateContact(contact_id=FRIEND_OF_HIS, name=FRIEND), CreateContact(contact_id=OF_BOTH, name="Gao"))
    desk.do(CRM, LinkContact(customer_id=LIN, contact_id=FRIEND_OF_HIS, role="pays"))
    for customer_id in (LIN, WANG):
        desk.do(CRM, LinkContact(customer_id=customer_id, contact_id=OF_BOTH, role="pays"))
    lines = (Line(product="boat", quantity=1, unit_price=Money(amount=Decimal(100), currency="CNY")),)
    desk.do(CRM, RequestOrder(order_id=ORDER, customer_id=LIN, lines=lines, salesperson=ANN))
    desk.do(CRM, RequestOrder(order_id=TOGETHER, customer_id=LIN, co_buyers=(WANG,), lines=lines, salesperson=ANN))
    return tickets


def everywhere(url: str) -> Iterator[tuple[str, bytes]]:
    """All that the database has, by table: every value of every row, as it is and as a text."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg\\_%'"
            " AND schemaname <> 'information_schema'"
        ).fetchall()
        for schema, table in found:
            for row in connection.execute(SQL("SELECT * FROM {}.{}").format(Name(schema), Name(table))):
                for value in row:
                    yield f"{schema}.{table}", value if isinstance(value, bytes) else str(value).encode()


def traces(url: str, *values: str) -> set[tuple[str, str]]:
    """Where which of these values stands, or a plain hash of it."""
    sought: dict[bytes, str] = {}
    for value in values:
        sought[value.encode()] = value
        for kind in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(kind, value.encode())
            for form in (digest.digest(), digest.hexdigest().encode(), base64.b64encode(digest.digest())):
                sought[form] = f"{kind} of {value}"
    return {(table, sought[form]) for table, text in everywhere(url) for form in sought if form in text}


def test_a_person_who_is_forgotten_is_nowhere_any_more(desk: Desk) -> None:
    house = desk.house
    house.worker()
    policy = desk.reactor(forgetting)
    settle(policy)
    tickets = live(desk)
    house.caught_up()
    before = house.ledger.last_position()
    shown = {value for _, value in traces(house.url, *HIS)}
    assert {NAME, FORMER, FRIEND, PHONE, SAID[0]} <= shown, "he is there to begin with"
    for view in (customers, contacts, lead_likeness, ticket_queue):
        house.rebuild(view)  # So that something is kept of each that could show him.
    desk.do(ADMIN, ErasePersonalData(customer_id=LIN))
    for _ in range(3):
        house.caught_up()
        settle(policy)
    house.caught_up()

    told = [each.event for each in desk.told(MoreForgotten)]
    subjects = {subject for event in told for subject in event.subjects}
    kept = {each.subject: each.others for event in told for each in event.kept}
    assert subjects == {
        f"lead/{LEAD}",
        f"lead/{LOST}",
        f"ticket/{tickets['his']}",
        f"call/{CALL}",
        f"call/{ABOUT_TICKET}",
        f"contact/{FRIEND_OF_HIS}",
        f"order/{ORDER}",
    }
    hers = (f"customer/{WANG}",)
    assert kept == dict.fromkeys((f"call/{WITH_BOTH}", f"contact/{OF_BOTH}", f"order/{TOGETHER}"), hers)

    assert traces(house.url, *HIS) == set()
    with closing(Wire(house.url)) as wire:
        for at in (before, house.ledger.last_position()):
            for view in (customers, contacts, sales_worklist, ticket_queue, solved_cases, lead_likeness):
                then = moment(house.ledger, at, None, datetime.now(UTC))
                rows = list(fold(house.ledger, wire, view, then).rows())
                assert not any(value in repr(rows) for value in HIS), (view.name, at)
            then = moment(house.ledger, before, None, datetime.now(UTC))
            card: Any = fold(house.ledger, wire, customers, then).states[LIN.int]
            assert (card.name, card.erased_by, card.erased_on is not None) == (None, ADMIN.id, True)
    assert {value for _, value in traces(house.url, *HERS)} == {*HERS}, "of her nothing is lost"
    must_agree(house.ledger, house.url, VIEWS, house.rebuild)
    assert traces(house.url, *HIS) == set(), "nor in what was rebuilt"


def test_what_turns_out_later_to_be_about_him_is_forgotten_then(desk: Desk) -> None:
    desk.house.worker()
    policy = desk.reactor(forgetting)
    settle(policy)
    live(desk)
    desk.do(ADMIN, ErasePersonalData(customer_id=LIN))
    desk.house.caught_up()
    settle(policy)
    count = len(desk.told(MoreForgotten))
    desk.do(CRM, LinkCall(call_id=LATE, subject=Subject(kind="lead", id=LEAD)))
    desk.house.caught_up()
    settle(policy)
    assert [each.event.subjects for each in desk.told(MoreForgotten)[count:]] == [(f"call/{LATE}",)]
    [requested, *_] = desk.house.ledger.history(f"call/{LATE}")
    assert isinstance(requested.event.number, Erased)


def test_a_policy_that_dies_in_between_comes_to_the_same(desk: Desk) -> None:
    desk.house.worker()
    policy = desk.reactor(forgetting)
    settle(policy)
    live(desk)
    desk.do(ADMIN, ErasePersonalData(customer_id=LIN))
    desk.house.caught_up()
    gone = patch("consumers.reactor.move", side_effect=ReadsUnavailable)
    with gone, pytest.raises(ReadsUnavailable):
        policy.round()  # It has sent what follows, and dies before it has noted that.
    policy.close()
    desk.house.caught_up()
    settle(desk.reactor(forgetting))
    told = [subject for each in desk.told(MoreForgotten) for subject in each.event.subjects]
    assert len(told) == len({*told}) == 7


def test_what_a_court_may_ask_for_is_kept_until_it_does_not(desk: Desk) -> None:
    live(desk)
    desk.do(ADMIN, PlaceLegalHold(customer_id=LIN, matter="case-7"))
    with pytest.raises(AssertionError, match="case-7"):
        desk.do(ADMIN, ErasePersonalData(customer_id=LIN))
    assert desk.house.ledger.erased_subjects() == 0
    desk.do(ADMIN, LiftLegalHold(customer_id=LIN, matter="case-7"), reason="over")
    desk.do(ADMIN, ErasePersonalData(customer_id=LIN))
    assert desk.house.ledger.erased_subjects() > 0
