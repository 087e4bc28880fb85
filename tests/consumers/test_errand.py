"""What a policy sends again after a death is what it sent before, whatever it would say by now."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from commands.ask import Ask, Outcome
from commands.customer.creating import CreateCustomer
from commands.customer.owners import AssignCustomer, ReleaseCustomer, TransferCustomer
from commands.staff import DepartStaff, MoveStaff, OnboardStaff
from consumers.errand import Errand, Sender
from consumers.policies.departure_of_customers import departure_of_customers
from consumers.process import Because, FirstOf, derived
from domain.actor import Actor, Reason
from domain.customer.dossier import OwnerRole
from domain.customer.facts.owners import CustomerReleased, CustomerTransferred, OwnerChoice
from domain.staff import StaffDeparted
from domain.values import CustomerId, OrgPath, StaffId
from tests.consumers.policies.order_desk import Desk, Seeing
from tests.spec import ANN, BOB, MIA, STAFF, administrator, crm, mia

LI = CustomerId(UUID(int=0xC01))
CAUSE = UUID(int=0xE1)
NOBODY = StaffId("nobody")
WHY = Reason(code="owner-departed")


@pytest.fixture
def desk() -> Desk:
    desk = Desk((departure_of_customers,), *STAFF)
    for name in ("max", "moe"):
        manager = OnboardStaff(staff_id=StaffId(name), name=name, role="sales_manager", org_path=OrgPath("north"))
        desk.do(administrator, manager)
    desk.do(crm, CreateCustomer(customer_id=LI))
    for role in ("primary", "service"):
        desk.do(mia, AssignCustomer(customer_id=LI, owner=ANN, role=role))
    desk.settle()
    return desk


def wanted(seen_at: int, *people: StaffId, role: OwnerRole = "primary") -> FirstOf:
    """To be handed to the first who takes him, or to nobody, as seen at a position."""
    choice = OwnerChoice(rule_id="departure/manager", seen_at=seen_at)

    def commands() -> Iterator[Because]:
        for each in people:
            yield Because(TransferCustomer(customer_id=LI, from_=ANN, to=each, role=role, choice=choice), WHY)
        yield Because(ReleaseCustomer(customer_id=LI, from_=ANN, role=role, choice=choice), WHY)

    return FirstOf(tuple(commands()))


def sent(desk: Desk, *choices: FirstOf) -> list[bool]:
    """By a worker that knows nothing of those before it."""
    sender = Sender("departure", desk.executor)
    for each in choices:
        sender.add(Errand(each, CAUSE, CAUSE))
    done = sender.send()
    assert not any(done) or sender.position > 0
    return done


def whose(desk: Desk, role: OwnerRole = "primary") -> StaffId | None:
    return desk.state("customer", LI).dossier.owners.get(role)  # type: ignore[no-any-return]


def test_two_deadlines_that_ask_for_the_same_are_two(desk: Desk) -> None:
    sender = Sender("circulation", desk.executor)
    asked = ReleaseCustomer(customer_id=LI)
    first, second, again = (
        sender.ask(asked, Errand(asked, CAUSE, CAUSE, 3, deadline)).command_id
        for deadline in ("lapse", "hard-limit", "lapse")
    )
    anew = Sender("circulation", desk.executor)
    assert anew.ask(asked, Errand(asked, CAUSE, CAUSE, 3, "hard-limit")).command_id == second
    assert len({first, second, again}) == 3


def test_what_was_done_is_done_and_no_alternative_is_tried(desk: Desk) -> None:
    assert sent(desk, wanted(1, BOB, MIA)) == [True]
    before = desk.ledger.last_position()
    assert sent(desk, wanted(2, BOB, MIA)) == [True]
    assert sent(desk, wanted(3, MIA)) == [True]
    assert desk.ledger.last_position() == before
    assert whose(desk) == BOB


def test_what_was_refused_stays_so_and_the_next_is_tried(desk: Desk) -> None:
    assert sent(desk, wanted(1, NOBODY, BOB)) == [True]
    before = desk.ledger.last_position()
    assert sent(desk, wanted(2, MIA, StaffId("moe"))) == [True]
    assert desk.ledger.last_position() == before
    assert whose(desk) == BOB


def test_whoever_is_somebody_elses_by_now_is_not_let_go(desk: Desk) -> None:
    assert sent(desk, wanted(1, NOBODY, BOB)) == [True]
    assert sent(desk, wanted(2, MIA)) == [False]
    assert whose(desk) == BOB


def test_one_choice_is_not_taken_for_another_of_the_same_cause(desk: Desk) -> None:
    assert sent(desk, wanted(1, NOBODY, BOB)) == [True]
    sent(desk, wanted(2, BOB), wanted(2, MIA, role="service"))
    assert whose(desk) == BOB
    assert whose(desk, "service") == MIA


def test_what_somebody_else_has_sent_under_the_same_id_is_no_answer(desk: Desk) -> None:
    command_id = derived("departure", CAUSE, f"TransferCustomer customer/{LI}", 1)
    theirs = TransferCustomer(customer_id=LI, to=BOB, role="service")
    (answer,) = desk.executor([Ask(theirs, command_id, mia, reason=WHY)])
    assert isinstance(answer, Outcome)
    assert answer.refusal is None
    assert sent(desk, wanted(1, BOB)) == [True]
    assert whose(desk) is None
    assert desk.recorded(CustomerReleased)[-1].actor == Actor(
        kind="policy", id="departure", name="departure", role="policy"
    )


def reacts(desk: Desk) -> None:
    """A worker that dies before it remembers: what the policy remembers is as it was."""
    (departed,) = desk.recorded(StaffDeparted)
    sender = Sender("departure", desk.executor)
    for each in departure_of_customers.react(departed, desk.tables["departure_customers"], Seeing(desk)):
        sender.add(Errand(each, departed.event_id, departed.correlation_id))
    sender.send()


@pytest.mark.parametrize("moving", [(), ("max",), ("max", "moe", "mia")])
def test_a_customer_is_handed_on_once_whoever_moves_meanwhile(desk: Desk, moving: tuple[str, ...]) -> None:
    desk.do(administrator, DepartStaff(staff_id=ANN))
    reacts(desk)
    told = desk.told(CustomerTransferred)
    assert {(each.to, each.role) for each in told} == {("max", "primary"), ("max", "service")}
    for name in moving:
        desk.do(administrator, MoveStaff(staff_id=StaffId(name), role="sales_manager", to=OrgPath("south")))
    reacts(desk)
    assert desk.told(CustomerTransferred) == told
    assert desk.told(CustomerReleased) == []
