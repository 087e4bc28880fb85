"""Under which names an order comes: it is whose those have become, and nothing of what was said is lost."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.order.custody import NoteSalesCustody
from commands.order.progress import AuthoriseOrder, PlaceOrder, RequestOrder
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.protection import RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from domain.errors import Invalid, NotAllowed
from domain.lead.facts.work import LeadConverted
from domain.order.facts import Buyers, OrderPlaced, OrderRepriced, OrderRequested, SalesCustodyNoted
from domain.values import CustomerId
from tests.commands.customer.situations import dossier
from tests.commands.lead.situations import LEAD, contacted, held, negotiating, qualified
from tests.commands.order.situations import (
    CUSTOMER,
    HUNDRED,
    LINES,
    ORDER,
    OTHER_RESERVATION,
    SPOUSE,
    authorised,
    bought,
    credit_for,
    him,
    requested,
    taken,
)
from tests.spec import ANN, BOB, SUE, ann, crm, day, given, mia, policy

AUNT = CustomerId(UUID(int=0xE))
spouse, aunt = (replace(him, customer_id=each) for each in (SPOUSE, AUNT))


def became(customer_id: CustomerId, into: CustomerId) -> CustomerAbsorbed:
    return CustomerAbsorbed(customer_id=customer_id, into=into, from_="prospect")


def apart(customer_id: CustomerId, out_of: CustomerId) -> CustomerRestored:
    return CustomerRestored(customer_id=customer_id, out_of=out_of, to="prospect", kept=dossier())


def flagged(customer_id: CustomerId) -> RiskFlagRaised:
    return RiskFlagRaised(customer_id=customer_id, flag="fraud")


one = (him, spouse, became(SPOUSE, CUSTOMER))  # The spouse was the customer all the time.
two = (*one, aunt, became(CUSTOMER, AUNT))  # And both were the aunt.
request = RequestOrder(order_id=ORDER, customer_id=SPOUSE, lines=LINES)
buy = PlaceOrder(order_id=ORDER, customer_id=SPOUSE, lines=LINES)
place = PlaceOrder(order_id=ORDER)


def as_named(*names: CustomerId) -> Buyers:
    return Buyers(customer_id=names[0], co_buyers=names[1:])


# Who buys


def test_what_is_ordered_under_an_old_name_is_ordered_by_whom_he_has_become() -> None:
    his = replace(requested, came_as=as_named(SPOUSE))
    given(*one).when(request, by=ann).then(his)
    given(*two).when(request, by=ann).then(replace(his, customer_id=AUNT))
    given(*one).when(buy, by=crm).then(replace(bought, came_as=as_named(SPOUSE)))
    given(*two).when(buy, by=crm).then(replace(bought, customer_id=AUNT, came_as=as_named(SPOUSE)))
    given(*two, apart(CUSTOMER, AUNT)).when(request, by=ann).then(his)
    given(*one, apart(SPOUSE, CUSTOMER)).when(request, by=ann).then(replace(requested, customer_id=SPOUSE))


def test_who_is_named_as_he_is_has_no_other_name() -> None:
    given(*one).when(replace(request, customer_id=CUSTOMER), by=ann).then(requested)
    given().when(request, by=ann).then(replace(requested, customer_id=SPOUSE))
    alone = OrderPlaced(order_id=ORDER, customer_id=AUNT, lines=LINES, amount=HUNDRED, co_buyers=(CUSTOMER,))
    given(*one, aunt).when(replace(buy, customer_id=AUNT, co_buyers=(CUSTOMER,)), by=crm).then(alone)


def test_history_is_told_of_whom_he_has_become_as_well() -> None:
    told = replace(requested, salesperson=None, came_as=as_named(SPOUSE))
    given(*one).when(request, by=crm, at=day(1, 2), imported=True).then(told)
    given(*one).when(buy, by=crm, at=day(1, 2), imported=True).then(replace(bought, came_as=as_named(SPOUSE)))


def test_who_buys_with_him_is_whom_he_has_become() -> None:
    with_spouse = replace(request, customer_id=AUNT, co_buyers=(SPOUSE,))
    together = replace(requested, customer_id=AUNT, co_buyers=(CUSTOMER,), came_as=as_named(AUNT, SPOUSE))
    given(*one, aunt).when(with_spouse, by=ann).then(together)
    both = replace(with_spouse, co_buyers=(SPOUSE, CUSTOMER))
    given(*one, aunt).when(both, by=ann).then(replace(together, came_as=as_named(AUNT, SPOUSE, CUSTOMER)))
    himself = replace(request, co_buyers=(CUSTOMER,))
    given(*one).when(himself, by=ann).then(replace(requested, came_as=as_named(SPOUSE, CUSTOMER)))
    given(*one).when(replace(himself, co_buyers=(SPOUSE,)), by=ann).refused(Invalid, because="co_buyers: these are")


def test_a_manager_names_another_only_where_whom_he_has_become_is_hers_to_give() -> None:
    named = replace(request, salesperson=BOB, co_buyers=(AUNT,))
    owned = CustomerAssigned(customer_id=CUSTOMER, owner=SUE, role="primary")
    given(*one, aunt, owned).when(named, by=mia).refused(NotAllowed, because="sue lies outside the scope of mia")
    hers = (replace(owned, owner=ANN), replace(owned, customer_id=AUNT))
    given(*one, aunt, *hers).when(named, by=mia).done()


# It is placed


came = replace(requested, came_as=as_named(SPOUSE))


@pytest.mark.parametrize("name", [None, SPOUSE, CUSTOMER])
def test_it_is_placed_under_any_of_his_names(name: CustomerId | None) -> None:
    as_told = replace(place, customer_id=name)
    given(*one, came, authorised).when(as_told, by=crm).then(replace(taken, came_as=as_named(SPOUSE)))
    before = replace(requested, customer_id=SPOUSE)
    given(*one, before, authorised).when(as_told, by=crm).then(replace(taken, customer_id=SPOUSE))
    later = (apart(SPOUSE, CUSTOMER),)
    given(*one, came, authorised, *later).when(as_told, by=crm).then(replace(taken, came_as=as_named(SPOUSE)))


def test_it_is_not_placed_for_somebody_else() -> None:
    theirs = replace(place, customer_id=AUNT)
    given(*one, aunt, came, authorised).when(theirs, by=crm).refused(Invalid, because="somebody else requested it")
    given(*two, came, authorised).when(theirs, by=crm).done()


def test_who_buys_with_him_may_be_told_when_it_is_placed() -> None:
    given(*one, came, authorised).when(replace(place, co_buyers=(CUSTOMER,)), by=crm).then(
        replace(taken, came_as=as_named(SPOUSE, CUSTOMER))
    )
    given(*one, aunt, came, authorised).when(replace(place, co_buyers=(AUNT,)), by=crm).then(
        replace(taken, co_buyers=(AUNT,), came_as=as_named(SPOUSE, AUNT))
    )
    before = replace(requested, customer_id=AUNT)
    given(*one, aunt, before, authorised).when(replace(place, co_buyers=(SPOUSE,)), by=crm).then(
        replace(taken, customer_id=AUNT, co_buyers=(CUSTOMER,), came_as=as_named(AUNT, SPOUSE))
    )
    kept = replace(came, co_buyers=(AUNT,), came_as=as_named(SPOUSE, AUNT))
    given(*one, aunt, kept, authorised).when(place, by=crm).then(
        replace(taken, co_buyers=(AUNT,), came_as=as_named(SPOUSE, AUNT))
    )


# Who holds it


def test_who_is_told_to_buy_with_him_only_when_it_is_placed_holds_it_as_well() -> None:
    with_spouse = replace(place, co_buyers=(SPOUSE,))
    story = given(him, spouse, requested, authorised)
    story.also(flagged(SPOUSE)).when(with_spouse, by=crm).refused(HeldForRisk, because=str(SPOUSE))
    story.also(flagged(SPOUSE)).when(place, by=crm).done()
    story.also(flagged(SPOUSE)).when(with_spouse, by=crm, imported=True).done()
    merged = (aunt, became(SPOUSE, AUNT), flagged(AUNT))
    story.also(*merged).when(with_spouse, by=crm).refused(HeldForRisk, because=str(AUNT))


def test_who_was_to_buy_with_him_holds_it_though_he_is_left_out_when_it_is_placed() -> None:
    with_spouse = replace(requested, co_buyers=(SPOUSE,))
    story = given(him, spouse, with_spouse, authorised, flagged(SPOUSE))
    story.when(replace(place, co_buyers=()), by=crm).refused(HeldForRisk)


def test_what_he_bought_by_himself_has_happened_whoever_buys_with_him() -> None:
    bare = replace(buy, customer_id=CUSTOMER, co_buyers=(SPOUSE,))
    given(him, spouse, flagged(SPOUSE), flagged(CUSTOMER)).when(bare, by=crm).done()


def test_under_whose_name_it_came_holds_it_when_he_turns_out_to_be_himself() -> None:
    authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=OTHER_RESERVATION)
    parted = (*one, credit_for("100"), apart(SPOUSE, CUSTOMER), flagged(SPOUSE))
    given(*parted, came).when(authorise, by=policy).refused(HeldForRisk, because=str(SPOUSE))
    given(*parted, came, authorised).when(place, by=crm).refused(HeldForRisk, because=str(SPOUSE))
    with_aunt = replace(requested, customer_id=AUNT, co_buyers=(CUSTOMER,), came_as=as_named(AUNT, SPOUSE))
    given(*parted, aunt, with_aunt, authorised).when(place, by=crm).refused(HeldForRisk, because=str(SPOUSE))
    given(*parted, requested, authorised).when(place, by=crm).done()
    dearer = OrderRepriced(order_id=ORDER, from_="placed", to="requested", lines=LINES, before=HUNDRED, amount=HUNDRED)
    told_late = (replace(requested, customer_id=AUNT), authorised, replace(taken, came_as=with_aunt.came_as), dearer)
    given(*parted, aunt, *told_late).when(authorise, by=policy).refused(HeldForRisk, because=str(SPOUSE))


# Whose success it is


@pytest.mark.parametrize("name", [SPOUSE, CUSTOMER])
@pytest.mark.parametrize("later", [(), (apart(SPOUSE, CUSTOMER),)])
def test_a_lead_leads_to_an_order_that_came_under_its_customer_s_name(
    name: CustomerId, later: tuple[object, ...]
) -> None:
    led = LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=name, order_id=ORDER)
    note = NoteSalesCustody(order_id=ORDER, lead_id=LEAD)
    story = given(*one, *held, contacted, qualified, negotiating, led, came, *later)
    story.when(note, by=policy).then(SalesCustodyNoted(order_id=ORDER, basis="lead", staff_id=ANN, lead_id=LEAD))


def test_a_lead_of_somebody_else_has_led_to_nothing_here() -> None:
    led = LeadConverted(lead_id=LEAD, from_="negotiating", customer_id=AUNT, order_id=ORDER)
    story = given(*one, aunt, *held, contacted, qualified, negotiating, led, came)
    note = NoteSalesCustody(order_id=ORDER, lead_id=LEAD)
    story.when(note, by=policy).then(SalesCustodyNoted(order_id=ORDER, basis="nobody"))


def test_before_names_were_kept_an_order_had_one() -> None:
    assert requested.came_as is None
    assert isinstance(requested, OrderRequested)
