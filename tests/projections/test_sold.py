"""Whose the rows about an order are: as the order itself is seen."""

from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from commands.decider import Holding
from commands.order.orders import orders as decider
from commands.permission import whereabouts
from commands.states import Known
from domain.access import Action, Scope, reaches
from domain.actor import Actor
from domain.order.facts import (
    CustodyBasis,
    InvoiceIssued,
    OrderPlaced,
    PaymentReceived,
    SalesCreditAttributed,
    SalesCreditReversed,
    SalesCustodyNoted,
)
from domain.staff import Employed, Stranger
from domain.values import OrderId, OrgPath, StaffId
from projections.commission_basis import commission_basis
from projections.orders import orders
from projections.projection import Projection
from projections.query import Listing, page
from projections.receivables import receivables
from projections.revenue import revenue
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.commands.order.situations import CUSTOMER, LINES, cny
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import day

ORGS = {
    StaffId("ann"): OrgPath("north/team-1"),
    StaffId("bob"): OrgPath("north/team-1"),
    StaffId("kim"): OrgPath("north/team-10"),
    StaffId("sue"): OrgPath("south"),
}
PEOPLE = [*ORGS, StaffId("stranger")]
RANKS: tuple[CustodyBasis, ...] = ("owner", "lead")
ABOUT_ORDERS = (orders, receivables, revenue)


def told(chance: Random, number: int) -> list[Any]:
    """An order, and whom it was said to be whose."""
    order_id = OrderId(UUID(int=number))
    salesperson = chance.choice([None, *PEOPLE])
    began = OrderPlaced(
        order_id=order_id, customer_id=CUSTOMER, lines=LINES, amount=cny("100"), salesperson=salesperson
    )
    found: list[Any] = [began, InvoiceIssued(order_id=order_id, number="I", amount=cny("100"), due=day(5, 1))]
    found.append(PaymentReceived(order_id=order_id, payment="p", amount=cny("100")))
    if chance.random() < 0.3:
        found.append(SalesCustodyNoted(order_id=order_id, basis="nobody"))
    ranks: list[CustodyBasis] = [basis for basis in RANKS if chance.random() < 0.4]
    found += [SalesCustodyNoted(order_id=order_id, basis=basis, staff_id=chance.choice(PEOPLE)) for basis in ranks]
    for who in chance.sample(PEOPLE, chance.randrange(3)):
        found.append(SalesCreditAttributed(order_id=order_id, staff_id=who, share=cny("50").amount, amount=cny("50")))
        if chance.random() < 0.4:
            found.append(SalesCreditReversed(order_id=order_id, staff_id=who, amount=cny("50")))
    return found


def held(events: list[Any]) -> Holding:
    found = decider.holding and decider.holding(decider.fold(events[0].order_id, events))
    assert isinstance(found, Holding)
    return found


@pytest.mark.parametrize("view", ABOUT_ORDERS, ids=lambda view: view.name)
def test_a_row_is_whose_the_order_is(view: Projection, seed: int) -> None:
    chance = Random(seed)
    for number in range(60):
        events = told(chance, number)
        holding = held(events)
        for row in rows(view, *events):
            assert row.owner_id == holding.owner
            assert {*row.collaborators} == holding.sharers
            assert row.collaborating_until == (None,) * len(row.collaborators)


def get(stream: str) -> Known:
    org = ORGS.get(StaffId(stream.removeprefix("staff/")))
    return Known(Stranger() if org is None else Employed(name="", role="sales", org_path=org, skills=()), 1)


def sees(scope: Scope, actor: Actor, holding: Holding) -> bool:
    return reaches(scope, Action.READ, actor, whereabouts("order", holding, Action.READ, NOW, get))


@pytest.mark.slow
def test_lists_show_the_orders_that_the_decision_function_grants(views: Views, seed: int) -> None:
    """And whoever is shown what somebody was credited with, where both are known here, is shown the order."""
    chance = Random(seed)
    histories = {number: told(chance, number) for number in range(60)}
    views.put(staff_directory, *(Colleague(staff_id=who, name="", role="", org_path=ORGS[who]) for who in ORGS))
    for view in (*ABOUT_ORDERS, commission_basis):
        views.put(view, *(row for events in histories.values() for row in rows(view, *events)))
    known = {n for n, events in histories.items() if not any("stranger" in str(event) for event in events)}
    hidden = 0
    for scope, who, org in product(Scope, PEOPLE, ("north", "north/team-1", "north/team-10", "south")):
        actor = Actor(kind="user", id=who, role="sales", org_path=OrgPath(org))
        asked = Listing(NOW, Reach(actor, scope), limit=400)
        wanted = {number for number, events in histories.items() if sees(scope, actor, held(events))}
        for view in ABOUT_ORDERS:
            assert {row["order_id"].int for row in views.run(page(view, asked))} == wanted, (view.name, scope, who)
        credited = {row["order_id"].int for row in views.run(page(commission_basis, asked))} & known
        assert credited <= wanted, (scope, who)
        hidden += 0 < len(wanted) < len(histories)
    assert hidden > 40, "most of these lists show some orders and hide others"
