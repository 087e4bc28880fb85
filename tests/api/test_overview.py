"""All of a customer on one page: who he is, whom to talk to, what is open, what he paid, and what has happened."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from api.shown import MASK
from domain.call.facts import CallLinked, CallRequested, Subject
from domain.money import Money
from domain.order.facts import Line, OrderPlaced, PaymentReceived
from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketResolved
from domain.ticket.facts.work import TicketAssigned
from domain.values import CallId, CustomerId, OrderId, StaffId, TicketId
from tests.api.house import ANN, BOB, LEAD, MIA, OTHER, SUE, House, problem
from tests.api.test_screen_pop import HIS, LI, NA, OF_LEAD, WANG, customer, done, lead
from tests.api.viewed import by_now, kept_up
from tests.consumers.telling import tell

pytestmark = pytest.mark.slow  # On a real database, with a worker.

ANALYST = {"X-Actor": "service:report", "X-Role": "analyst"}
ORDERS = tuple(OrderId(UUID(int=number)) for number in (0xE1, 0xE2))
TICKETS = tuple(TicketId(UUID(int=number)) for number in (0xA1, 0xA2))
CALLS = tuple(CallId(UUID(int=number)) for number in (0xF1, 0xF2))


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with kept_up(database_url) as house:
        yield house


def ordered(house: House, number: int, amount: int, currency: str = "CNY", customer_id: str = LI) -> None:
    money = Money(amount=Decimal(amount), currency=currency)
    placed = OrderPlaced(
        order_id=ORDERS[number],
        customer_id=CustomerId(UUID(customer_id)),
        lines=(Line(product="piano", quantity=1, unit_price=money),),
        amount=money,
        salesperson=StaffId("ann"),
    )
    paid = PaymentReceived(order_id=ORDERS[number], payment=f"p-{number}", amount=money)
    tell(house.app.service.write.ledger, placed, paid)


def called(house: House, number: int, agent: str) -> None:
    requested = CallRequested(call_id=CALLS[number], direction="inbound", agent=StaffId(agent), number=HIS)
    linked = CallLinked(call_id=CALLS[number], subject=Subject(kind="customer", id=UUID(LI)))
    tell(house.app.service.write.ledger, requested, linked)


opened, over = (
    TicketOpened(
        ticket_id=ticket_id,
        customer_id=CustomerId(UUID(LI)),
        type="complaint",
        category="sound",
        priority="high",
        channel="call",
        subject="out of tune",
    )
    for ticket_id in TICKETS
)
anns, overs = (
    TicketAssigned(ticket_id=ticket_id, from_="new", to="open", agent=StaffId("ann")) for ticket_id in TICKETS
)
tickets = (opened, over, anns, overs, TicketResolved(ticket_id=TICKETS[1], from_="open", code="tuned"))


def overview(house: House, by: Any = ANN, customer_id: str = LI, query: str = "") -> Any:
    answer = by_now(house, f"/customers/{customer_id}/overview{query}", by)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["position"]) >= house.position
    return answer.json()


def streams(found: Any) -> set[str]:
    return {each["stream"] for each in found["timeline"]}


def test_all_that_is_known_of_a_customer_is_on_one_page(house: House) -> None:
    customer(house)
    lead(house, HIS)
    done(house, f"/contacts/{WANG}/create", {"name": "Wang"})
    done(house, f"/customers/{LI}/link-contact", {"contact_id": WANG, "role": "decides", "primary": True}, ANN)
    touch = {"channel": "phone", "direction": "inbound", "note": "asks for a stool"}
    done(house, f"/customers/{LI}/record-touchpoint", touch, ANN)
    lesson = {"course": "piano-1", "done": 3, "of": 12, "learned_at": "2026-03-01T10:00:00Z"}
    done(house, f"/customers/{LI}/note-learning", lesson)
    ordered(house, 0, 10)
    ordered(house, 1, 20, "EUR")
    called(house, 0, "ann")
    tell(house.app.service.write.ledger, *tickets)
    found = overview(house)
    him = found["customer"]
    assert (him["name"], him["primary_contact"], him["touch_note"]) == ("Li Na", WANG, "asks for a stool")
    assert (him["courses"], him["lessons_done"], him["lessons"]) == (["piano-1"], [3], [12])
    assert him["subject_id"] == f"customer/{LI}"
    assert [(each["contact_id"], each["name"]) for each in found["contacts"]] == [(WANG, "Wang")]
    assert [each["lead_id"] for each in found["leads"]] == [LEAD]
    assert found["paid"] == [
        {"currency": "CNY", "orders": 1, "amount": "10"},
        {"currency": "EUR", "orders": 1, "amount": "20"},
    ]
    assert found["earlier"] == []
    assert [(each["ticket_id"], each["subject"]) for each in found["tickets"]] == [(str(TICKETS[0]), "out of tune")]
    assert {each["order_id"]: (each["status"], each["amount"]) for each in found["orders"]} == {
        str(ORDERS[0]): ("placed", "10"),
        str(ORDERS[1]): ("placed", "20"),
    }
    others = {*(f"ticket/{each}" for each in TICKETS), *(f"order/{each}" for each in ORDERS)}
    assert streams(found) == {f"customer/{LI}", f"lead/{LEAD}", f"call/{CALLS[0]}", *others}


def test_his_history_has_the_last_first_and_nothing_personal(house: House) -> None:
    customer(house)
    lead(house, HIS)
    timeline = overview(house)["timeline"]
    assert [each["type"] for each in timeline] == [
        "lead.claimed",
        "lead.pooled",
        "lead.captured",
        "customer.assigned",
        "customer.created",
    ]
    assert timeline[-1]["data"]["profile"]["name"] == MASK
    assert timeline[0]["actor"]["id"] == "ann"


def test_his_history_goes_on_from_page_to_page(house: House) -> None:
    customer(house)
    lead(house, HIS)
    whole = overview(house)["timeline"]
    path, pages = f"/customers/{LI}/overview?limit=2", []
    while path:
        answer = by_now(house, path, ANN)
        pages.append(answer.json()["timeline"])
        assert answer.json()["customer"]["customer_id"] == LI
        path = answer.links["next"]["url"] if "link" in answer.headers else ""
    assert [len(each) for each in pages] == [2, 2, 1]
    assert [each for page in pages for each in page] == whole
    assert overview(house, query="?before=1")["timeline"] == []


def test_of_what_is_his_one_sees_what_one_may_see(house: House) -> None:
    customer(house)
    lead(house, HIS)
    lead(house, OF_LEAD, OTHER)
    called(house, 0, "sue")
    ordered(house, 0, 10)
    done(house, f"/customers/{LI}/add-collaborator", {"staff_id": "bob", "access": "read"}, ANN)
    found = overview(house, BOB)
    assert found["leads"] == []
    assert streams(found) == {f"customer/{LI}"}
    assert streams(overview(house, ANN)) == {f"customer/{LI}", f"lead/{LEAD}", f"order/{ORDERS[0]}"}
    everything = overview(house, ANALYST)
    assert f"call/{CALLS[0]}" in streams(everything)
    assert f"lead/{OTHER}" not in streams(everything)
    assert everything["customer"]["name"] == "L***"


def test_who_is_not_to_be_seen_is_not_there(house: House) -> None:
    customer(house)
    for by, customer_id in ((BOB, LI), (SUE, LI), (MIA, NA)):
        problem(by_now(house, f"/customers/{customer_id}/overview", by), 404, "hidden")
    for wrong in ("?limit=0", "?limit=501", "?before=0", "?before=x"):
        problem(house.get(f"/customers/{LI}/overview{wrong}", ANN), 422, "invalid-request")


def test_the_survivor_of_two_has_what_both_had(house: House) -> None:
    customer(house)
    customer(house, NA, "Na Ltd", OF_LEAD)
    lead(house, OF_LEAD)
    done(house, f"/contacts/{WANG}/create", {"name": "Wang"})
    done(house, f"/customers/{NA}/link-contact", {"contact_id": WANG, "role": "decides"}, ANN)
    ordered(house, 0, 10)
    ordered(house, 1, 20, customer_id=NA)
    done(house, f"/customers/{LI}/merge", {"absorbed": NA, "choices": {"name": "survivor"}}, MIA)
    found = overview(house)
    (other,) = found["earlier"]
    assert (other["customer_id"], other["name"], other["phones"]) == (NA, "Na Ltd", ["+86139****4321"])
    assert [each["lead_id"] for each in found["leads"]] == [LEAD]
    assert [each["contact_id"] for each in found["contacts"]] == [WANG]
    assert found["paid"] == [{"currency": "CNY", "orders": 2, "amount": "30"}]
    assert streams(found) >= {f"customer/{NA}", f"customer/{LI}", f"lead/{LEAD}", f"order/{ORDERS[1]}"}
    absorbed = overview(house, customer_id=NA)
    assert (absorbed["customer"]["is_now"], absorbed["customer"]["status"]) == (LI, "closed")
