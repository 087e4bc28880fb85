"""Whatever is asked of three customers' credit, in whatever order: the plain model says the same, and nobody owes more
by what he was granted than his limit and the exceptions from it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.ask import Outcome
from commands.customer.credit import (
    LiftCreditHold,
    OverrideCredit,
    PlaceCreditHold,
    ReleaseCredit,
    ReserveCredit,
    SetCreditLevel,
)
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from domain.actor import Actor, Reason
from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditRefused
from domain.customer.facts.merging import FieldChoices
from domain.customer.facts.person import CustomerCreated
from domain.customer.states import Absorbed, Open
from domain.identity import Identifier, Unheld
from domain.money import Money
from domain.values import CustomerId, OrderId
from tests.commands.customer.plain_credit import LIMITS, Answer, Credits
from tests.commands.customer.situations import CORA, attributed, controllers, cora, link, money, published
from tests.commands.office import Process, Rows, ask
from tests.spec import ANN, START, crm, identity, policy

NUMBERS = range(3)
IDS = [CustomerId(UUID(int=0xC0 + number)) for number in NUMBERS]
ORDERS = [OrderId(UUID(int=0xD0 + number)) for number in range(4)]
MAILS = [Identifier(kind="email", value=f"li{number}@example.cn") for number in NUMBERS]
why = Reason(code="spec")

customers = st.sampled_from(NUMBERS)
orders = st.sampled_from(range(len(ORDERS)))
amounts = st.sampled_from([1, 40, 100, 400, 600, 1000, 1001, 1400])
currencies = st.sampled_from(["CNY", "CNY", "CNY", "EUR"])


class CreditMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Credits(START, len(NUMBERS))
        self.rows = Rows(*controllers, *published, *self.first())
        self.processes = Process(self.rows), Process(self.rows, cache=2)
        self.turn = 0
        self.owed: dict[tuple[int, str], Money] = {}

    def first(self) -> list[object]:
        found: list[object] = []
        for number, customer in enumerate(IDS):
            brought = (link(number + 1, MAILS[number]),)
            found.append(
                CustomerCreated(customer_id=customer, customer_type="individual", profile=Profile(), identities=brought)
            )
            found.append(attributed(number + 1, customer, "email"))
        return found

    @initialize(levels=st.lists(st.sampled_from([None, *LIMITS]), min_size=len(NUMBERS), max_size=len(NUMBERS)))
    def some_have_a_level(self, levels: list[str | None]) -> None:
        for customer, level in enumerate(levels):
            if level is not None:
                self.set_level(customer, level)

    def asked(self, command: object, by: Actor, expected: Answer) -> None:
        """Each process in turn hears it, and answers what the model says."""
        self.turn += 1
        process = self.processes[self.turn % 2]
        process.now = self.model.now
        before = process.ledger.last_position()
        (answer,) = process(ask(command, by, reason=why))
        assert isinstance(answer, Outcome), answer
        events = [each.event for each in process.ledger.events(before, 100)]
        if answer.refusal is not None:
            found = "no"
        else:
            found = "recorded" if any(isinstance(each, CreditRefused) for each in events) else "yes"
        assert found == expected, f"{command}: {answer.refusal or events}"

    # What is asked

    @rule(passed=st.sampled_from([0, 1, 3, 8]))
    def time_passes(self, passed: int) -> None:
        self.model.now += timedelta(days=passed)

    @rule(customer=customers, level=st.sampled_from(sorted(LIMITS)))
    def set_level(self, customer: int, level: str) -> None:
        command = SetCreditLevel(customer_id=IDS[customer], level=level)
        self.asked(command, cora, self.model.set_level(customer, level))

    @rule(customer=customers, order=orders, amount=amounts, currency=currencies)
    def reserve(self, customer: int, order: int, amount: int, currency: str) -> None:
        command = ReserveCredit(customer_id=IDS[customer], order_id=ORDERS[order], amount=money(amount, currency))
        self.asked(command, policy, self.model.reserve(customer, order, amount, currency))

    @rule(customer=customers, order=orders, amount=amounts)
    def reserve_more(self, customer: int, order: int, amount: int) -> None:
        self.reserve(customer, order, amount, "CNY")

    @rule(customer=customers, order=orders, part=st.none() | amounts)
    def release(self, customer: int, order: int, part: int | None) -> None:
        amount = None if part is None else money(part)
        command = ReleaseCredit(customer_id=IDS[customer], order_id=ORDERS[order], amount=amount)
        expected = self.model.release(customer, order, part)
        self.asked(command, crm, expected)

    @rule(customer=customers, amount=amounts, days=st.sampled_from([-1, 0, 2, 5]), own=st.booleans())
    def override(self, customer: int, amount: int, days: int, own: bool) -> None:
        command = OverrideCredit(
            customer_id=IDS[customer],
            amount=money(amount),
            until=self.model.now + timedelta(days=days),
            requested_by=CORA if own else ANN,
        )
        self.asked(command, cora, self.model.override(customer, amount, days, own=own))

    @rule(customer=customers)
    def hold(self, customer: int) -> None:
        self.asked(PlaceCreditHold(customer_id=IDS[customer], reason="manual"), cora, self.model.hold(customer))

    @rule(customer=customers)
    def lift(self, customer: int) -> None:
        self.asked(LiftCreditHold(customer_id=IDS[customer]), cora, self.model.lift(customer))

    @rule(customer=customers)
    def flag(self, customer: int) -> None:
        self.asked(RaiseRiskFlag(customer_id=IDS[customer], flag="fraud"), policy, self.model.flag(customer))

    @rule(customer=customers)
    def clear(self, customer: int) -> None:
        self.asked(ClearRiskFlag(customer_id=IDS[customer], flag="fraud"), cora, self.model.clear(customer))

    @rule(survivor=customers, absorbed=customers, side=st.sampled_from(["survivor", "absorbed"]))
    def merge(self, survivor: int, absorbed: int, side: Any) -> None:
        command = MergeCustomers(customer_id=IDS[survivor], absorbed=IDS[absorbed], choices=FieldChoices(credit=side))
        self.asked(command, policy, self.model.merge(survivor, absorbed, side))

    @rule(survivor=customers, absorbed=customers, named=st.none() | orders)
    def unmerge(self, survivor: int, absorbed: int, named: int | None) -> None:
        orders = () if named is None else (ORDERS[named],)
        command = UnmergeCustomer(customer_id=IDS[survivor], absorbed=IDS[absorbed], orders=orders)
        self.asked(command, policy, self.model.unmerge(survivor, absorbed, named))

    # What holds after each step

    def state(self, stream: str) -> Any:
        return self.processes[0].executor.state(stream).state

    @invariant()
    def every_customer_is_as_the_model_has_it(self) -> None:
        for number, customer in enumerate(IDS):
            match self.state(f"customer/{customer}"):
                case Absorbed(into=into):
                    assert IDS[self.model.into[number]] == into
                case Open(dossier=dossier):
                    account, credit = self.model.open[number], dossier.credit
                    assert (credit.line and credit.line.level) == account.level
                    owed = {ORDERS[order]: money(*owed) for order, owed in account.owed.items()}
                    assert credit.reservations == owed
                    assert (credit.hold is not None, set(dossier.risk_flags)) == (account.held, account.flags)
                    granted = [(int(each.amount.amount), each.amount.currency, each.until) for each in credit.overrides]
                    assert sorted(granted) == sorted(account.granted)
                case other:
                    raise AssertionError(other)

    @invariant()
    def nobody_comes_to_owe_more_than_he_may(self) -> None:
        """A limit that was lowered, or an exception that ended, leaves debts: they only shrink from then on."""
        for number, customer in enumerate(IDS):
            found = self.state(f"customer/{customer}")
            if isinstance(found, Open):
                credit = found.dossier.credit
                for currency in ("CNY", "EUR"):
                    exposure = credit.exposure(currency)
                    if exposure > self.owed.get((number, currency), money(0, currency)):
                        assert credit.line is not None
                        assert exposure <= credit.allowed(credit.line, self.model.now)
                    self.owed[number, currency] = exposure
            else:
                self.owed = {key: owed for key, owed in self.owed.items() if key[0] != number}

    @invariant()
    def every_identity_is_the_survivor_s(self) -> None:
        for number in NUMBERS:
            whose = number
            while whose in self.model.into:
                whose = self.model.into[whose]
            found = self.state(f"identity/{identity(number + 1)}")
            assert found == Unheld(identity_id=identity(number + 1), customer_id=IDS[whose])


TestCredit = CreditMachine.TestCase
TestCredit.settings = settings(max_examples=(settings.default or settings()).max_examples // 2, stateful_step_count=30)
TestCredit.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
