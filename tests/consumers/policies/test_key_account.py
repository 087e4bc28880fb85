"""Key account: the best customers have somebody of their own, the one who has fewest, and it is told why him."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.customer.relations import AssignSegment
from commands.policy import PausePolicy
from commands.staff import DepartStaff, OnboardStaff
from consumers.policies.key_account import give_the_best_somebody_of_their_own, key_account, try_again_when_somebody_can
from domain.actor import Actor
from domain.customer.facts.owners import CustomerAssigned, OwnerChoice, Passed
from domain.customer.facts.relations import ValueSegmentChanged
from domain.money import Money
from domain.staff import StaffOnboarded
from domain.values import CustomerId, OrgPath, StaffId
from projections.capacity import Capacity
from projections.key_accounts import KeyAccount
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, START, mia
from tests.consumers.policies.shop import DAY, Shop, money, quick
from tests.spec import day

NOW = day(3, 25)


@dataclass
class Looked:
    """Views as a spec puts them there."""

    tables: dict[str, tuple[Any, ...]]
    now: datetime = NOW

    def position(self, view: Any) -> int:
        return {"key_accounts": 70, "capacity": 60}[view.name]

    def rows(self, view: Any, **where: Any) -> tuple[Any, ...]:
        rows = self.tables[view.name]
        return tuple(row for row in rows if all(getattr(row, name) == value for name, value in where.items()))


def person(name: str, *skills: str, **more: Any) -> Capacity:
    return Capacity(staff_id=StaffId(name), skills=skills, **({"active": True} | more))


def account(number: int, owner: str | None = None, since: int = 1) -> KeyAccount:
    row = KeyAccount(customer_id=CustomerId(UUID(int=number)), since=day(3, since), live=True, segment="E", counts=True)
    return row if owner is None else replace(row, roles=("key_account",), owners=(StaffId(owner),))


def seen(*rows: KeyAccount, people: tuple[Capacity, ...]) -> Looked:
    return Looked({"key_accounts": rows, "capacity": people})


def best(number: int) -> ValueSegmentChanged:
    aov = Money(amount=Decimal(900), currency="CNY")
    return ValueSegmentChanged(
        customer_id=CustomerId(UUID(int=number)), to="E", aov=aov, frequency=9, thresholds_version="1"
    )


KIM, LEE = person("kim", "key-account"), person("lee", "key-account", "english")
ALL = (
    KIM,
    LEE,
    person("ann", "english"),
    person("old", "key-account", active=False),
    person("sick", "key-account", on_duty=False),
)


def test_whoever_has_fewest_gets_him_and_each_of_the_others_has_a_reason() -> None:
    (wanted,) = give_the_best_somebody_of_their_own(best(3), seen(account(1, "kim"), account(3), people=ALL))
    first, second = wanted.commands
    assert (first.customer_id, first.owner, first.role) == (UUID(int=3), "lee", "key_account")
    assert first.choice == OwnerChoice(
        rule_id="key-account/fewest",
        seen_at=60,
        passed=(
            Passed(staff_id=StaffId("kim"), because="has-more"),
            Passed(staff_id=StaffId("old"), because="departed"),
            Passed(staff_id=StaffId("sick"), because="away"),
        ),
    )
    assert second.owner == "kim"
    assert second.choice.passed[0] == Passed(staff_id=StaffId("lee"), because="refused")


def test_who_has_somebody_already_is_given_nobody() -> None:
    assert list(give_the_best_somebody_of_their_own(best(1), seen(account(1, "kim"), people=ALL))) == []


def test_while_nobody_can_they_wait_and_then_the_longest_waiting_come_first_each_to_another() -> None:
    waiting = (account(1, since=3), account(2, since=1), account(3, since=2))
    assert list(give_the_best_somebody_of_their_own(best(1), seen(*waiting, people=()))) == []
    come = StaffOnboarded(staff_id=StaffId("kim"), name="Kim", role="sales", org_path=OrgPath("north"))
    found = [wanted.commands[0] for wanted in try_again_when_somebody_can(come, seen(*waiting, people=ALL))]
    assert [(each.customer_id.int, each.owner) for each in found] == [(2, "kim"), (3, "lee"), (1, "kim")]


# On a real database


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    with quick():
        yield Shop(house, key_account)


def skilled(shop: Shop, *names: str) -> None:
    for name in names:
        onboard = OnboardStaff(
            staff_id=StaffId(name), name=name, role="sales", org_path=OrgPath("north"), skills=("key-account",)
        )
        shop.office.do(ADMIN, onboard)


def best_one(shop: Shop, number: int, **how: Any) -> CustomerId:
    customer_id = shop.customer(number)
    command = AssignSegment(customer_id=customer_id, segment="E", aov=money(900), frequency=9, thresholds_version="1")
    shop.office.do(how.pop("by", CRM), command, **how)
    return customer_id


@pytest.mark.slow
def test_the_best_customers_are_shared_out_and_it_is_told_why(shop: Shop) -> None:
    skilled(shop, "kim", "lee")
    shop.settle()
    customers = [best_one(shop, number) for number in range(1, 5)]
    shop.settle()
    owners = [shop.dossier(each).owners["key_account"] for each in customers]
    assert sorted(owners) == ["kim", "kim", "lee", "lee"]
    told = shop.office.told(CustomerAssigned)
    causes = shop.office.told(ValueSegmentChanged)
    assert [each.causation_id for each in told] == [each.event_id for each in causes]
    assert {each.actor for each in told} == {Actor(kind="policy", id="key-account", name="key-account", role="policy")}
    assert all(each.event.choice.seen_at >= cause.position for each, cause in zip(told, causes, strict=True))
    shop.reactor.close()
    shop.reactor = shop.office.reactor(key_account)
    shop.settle()
    assert len(shop.office.told(CustomerAssigned)) == 4


@pytest.mark.slow
def test_who_waits_gets_somebody_when_there_is_one_and_a_leaver_gets_nobody(shop: Shop) -> None:
    customer_id = best_one(shop, 1)
    skilled(shop, "kim")
    shop.office.do(ADMIN, DepartStaff(staff_id=StaffId("kim")))
    shop.settle()
    assert shop.dossier(customer_id).owners == {}
    skilled(shop, "lee")
    shop.settle()
    assert shop.dossier(customer_id).owners == {"key_account": "lee"}


@pytest.mark.slow
def test_history_wakes_it_not_and_a_pause_is_caught_up_with(shop: Shop) -> None:
    skilled(shop, "kim")
    before = best_one(shop, 1, by=ADMIN, imported=True)
    shop.office.do(mia, PausePolicy(policy_name="key-account", until=START + DAY), reason="audit")
    during = best_one(shop, 2)
    shop.settle()
    assert shop.dossier(before).owners == shop.dossier(during).owners == {}
    shop.office.now = START + DAY
    shop.settle()
    assert shop.dossier(during).owners == {"key_account": "kim"}
    assert shop.dossier(before).owners == {}
