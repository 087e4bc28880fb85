"""A risk flag holds what a customer has open, until a person has cleared it."""

from dataclasses import replace

from commands.customer.protection import ClearRiskFlag
from commands.lead.work import ConvertLead
from commands.order.progress import AuthoriseOrder, PlaceOrder
from domain.actor import Reason
from domain.customer.dossier import Profile
from domain.customer.facts import CustomerAbsorbed, CustomerCreated, RiskFlagRaised
from domain.customer.refusals import HeldForRisk
from tests.commands.customer.situations import controllers, cora
from tests.commands.lead.situations import CUSTOMER as LEADS_CUSTOMER
from tests.commands.lead.situations import LEAD, contacted, held, negotiating, qualified
from tests.commands.order.situations import CUSTOMER, HUNDRED, ORDER, RESERVATION, SPOUSE, authorised, bought, requested
from tests.spec import ann, crm, given

him = CustomerCreated(customer_id=CUSTOMER, customer_type="individual", profile=Profile())
flagged = (him, RiskFlagRaised(customer_id=CUSTOMER, flag="fraud"))
authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=RESERVATION)
place = PlaceOrder(order_id=ORDER)
clear = ClearRiskFlag(customer_id=CUSTOMER, flag="fraud")
checked = Reason(code="checked")


def test_an_order_of_one_with_a_risk_flag_is_not_authorised_until_it_is_cleared() -> None:
    story = given(*controllers, *flagged, requested)
    story.when(authorise, by=cora).refused(HeldForRisk, because="is held for fraud: clear that first")
    cleared = story.when(clear, by=cora, reason=checked).done()
    cleared.when(authorise, by=cora).then(authorised)


def test_nor_is_one_placed_that_was_authorised_before() -> None:
    story = given(*controllers, *flagged, requested, authorised)
    story.when(place, by=crm).refused(HeldForRisk)
    story.when(clear, by=cora, reason=checked).done().when(place, by=crm).done()
    given(*flagged, requested, authorised).when(place, by=crm, imported=True).done()


def test_what_he_has_placed_himself_in_the_shop_has_happened() -> None:
    alone = PlaceOrder(order_id=ORDER, customer_id=CUSTOMER, lines=bought.lines)
    given(*flagged).when(alone, by=crm).then(bought)


def test_a_flag_of_the_survivor_holds_what_the_absorbed_one_ordered() -> None:
    gone = (him, CustomerAbsorbed(customer_id=CUSTOMER, into=SPOUSE, from_="prospect"))
    survivor = (replace(him, customer_id=SPOUSE), RiskFlagRaised(customer_id=SPOUSE, flag="fraud"))
    given(*controllers, *gone, *survivor, requested).when(authorise, by=cora).refused(HeldForRisk)


def test_a_lead_is_not_converted_into_one_with_a_risk_flag() -> None:
    story = (*held, contacted, qualified, negotiating)
    convert = ConvertLead(lead_id=LEAD, customer_id=LEADS_CUSTOMER)
    other = replace(him, customer_id=LEADS_CUSTOMER)
    given(*story, other).when(convert, by=ann).done()
    risky = RiskFlagRaised(customer_id=LEADS_CUSTOMER, flag="fraud")
    given(*story, other, risky).when(convert, by=ann).refused(HeldForRisk)
