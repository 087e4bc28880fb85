"""Whom a lead may name as its customer: one who is still himself, and with whom there is business."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.lead.work import ConvertLead, QualifyLead
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.refusals import CustomerIsClosed, HasBeenMerged
from domain.values import CustomerId
from tests.commands.lead.situations import AMOUNT, CUSTOMER, LEAD, buyer, contacted, held, negotiating, qualified
from tests.spec import Given, ann, given

OTHER, THIRD = CustomerId(UUID(int=0xD)), CustomerId(UUID(int=0xE))
others = (replace(buyer, customer_id=OTHER), replace(buyer, customer_id=THIRD))
merged = CustomerAbsorbed(customer_id=CUSTOMER, into=OTHER, from_="prospect")
merged_on = CustomerAbsorbed(customer_id=OTHER, into=THIRD, from_="prospect")
shut = CustomerStatusChanged(customer_id=CUSTOMER, from_="prospect", to="closed")
erased = PersonalDataErased(customer_id=CUSTOMER, from_="prospect")

qualify = QualifyLead(lead_id=LEAD, amount=AMOUNT, customer_id=CUSTOMER)
convert = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER)
TALKS = {
    "qualify": (given(*held, contacted, buyer, *others), qualify),
    "convert": (given(*held, contacted, qualified, negotiating, buyer, *others), convert),
}
whatever_names_one = pytest.mark.parametrize(("story", "command"), TALKS.values(), ids=TALKS)


@whatever_names_one
def test_who_has_become_another_is_named_as_that_one(story: Given, command: QualifyLead | ConvertLead) -> None:
    story.also(merged).when(command, by=ann).refused(HasBeenMerged, because=f"into the customer {OTHER}: go on there")
    twice = story.also(merged, merged_on)
    twice.when(command, by=ann).refused(HasBeenMerged, because=f"into the customer {THIRD}")
    twice.when(replace(command, customer_id=OTHER), by=ann).refused(HasBeenMerged, because=f"the customer {THIRD}")
    twice.when(replace(command, customer_id=THIRD), by=ann).done()


@whatever_names_one
def test_history_too_goes_on_with_the_survivor(story: Given, command: QualifyLead | ConvertLead) -> None:
    story.also(merged).when(command, by=ann, imported=True).refused(HasBeenMerged)


@whatever_names_one
def test_nothing_begins_with_who_is_shut_or_forgotten(story: Given, command: QualifyLead | ConvertLead) -> None:
    story.also(shut).when(command, by=ann).refused(
        CustomerIsClosed, because=f"the customer {CUSTOMER} has been shut: who comes again is created anew"
    )
    story.also(erased).when(command, by=ann).refused(CustomerIsClosed, because="has been erased")
    for closed in (shut, erased):
        story.also(closed).when(command, by=ann, imported=True).done()


def test_what_was_said_before_he_became_another_stands() -> None:
    was = replace(qualified, customer_id=CUSTOMER)
    story = given(*held, contacted, was, negotiating, buyer, *others, merged)
    story.when(replace(convert, customer_id=OTHER), by=ann).done()
