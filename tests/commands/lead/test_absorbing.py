"""What goes along when two leads turn out to be one: the customer, whom to talk to, who helps, and what exempts it."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from commands.lead.capture import MergeLead
from commands.lead.circulation import RecycleLead
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.relations import ValueSegmentChanged
from domain.identity import IdentityReassigned
from domain.lead.facts.custody import CollaboratorAdded, LeadExempted
from domain.lead.facts.intake import LeadContactLinked
from domain.lead.facts.work import LeadAbsorbed, LeadMerged
from domain.lead.refusals import Exempt
from domain.money import Money
from domain.values import ContactId, CustomerId
from tests.commands.lead.situations import (
    CUSTOMER,
    LEAD,
    OTHER,
    PHONE,
    captured,
    claimed,
    other_captured,
    pooled,
    published,
    slot_freed,
)
from tests.spec import ANN, BOB, MIA, SUE, Given, day, given, identity, mia, policy

STRANGER = CustomerId(UUID(int=0xD))
WANG, QIAN = ContactId(UUID(int=0xA1)), ContactId(UUID(int=0xA2))
customer = CustomerCreated(customer_id=CUSTOMER, customer_type="individual", profile=Profile(name="Li"))
ours, theirs = captured[0], other_captured[0]
key_account = ValueSegmentChanged(
    customer_id=CUSTOMER,
    to="E",
    aov=Money(amount=Decimal(900), currency="CNY"),
    frequency=9,
    thresholds_version="v1",
)
recycle = RecycleLead(lead_id=LEAD, reason="no-first-contact")
merge = MergeLead(lead_id=OTHER, into=LEAD, identity=PHONE)
merged = LeadMerged(lead_id=OTHER, from_="new", into=LEAD)
absorbed = LeadAbsorbed(lead_id=LEAD, absorbed=OTHER, identities={identity(2): "email"})
taken_over = IdentityReassigned(identity_id=identity(2), from_=OTHER, to=LEAD)


def two(ours_is: CustomerId | None = None, theirs_is: CustomerId | None = CUSTOMER) -> Given:
    """Ann holds the one; the other, as its identities told, is a customer's."""
    return given(
        *published,
        replace(ours, customer_id=ours_is),
        captured[1],
        replace(theirs, customer_id=theirs_is),
        other_captured[1],
        pooled(),
        *claimed(ANN),
    )


def test_the_customer_of_the_absorbed_is_the_survivor_s() -> None:
    story = two().also(customer).when(merge, by=mia).then(merged, replace(absorbed, customer_id=CUSTOMER), taken_over)
    story.when(recycle, by=policy, at=day(3, 27)).done()
    story.also(key_account).when(recycle, by=policy, at=day(3, 27)).refused(Exempt, because="key-account")


def test_a_survivor_that_knows_its_customer_keeps_him() -> None:
    story = two(ours_is=STRANGER).also(customer, key_account).when(merge, by=mia).done()
    story.when(recycle, by=policy, at=day(3, 27)).done()


def contact(contact_id: ContactId, lead_id: object = OTHER) -> LeadContactLinked:
    return LeadContactLinked(lead_id=lead_id, contact_id=contact_id)  # type: ignore[arg-type]


def test_contacts_of_the_absorbed_are_the_survivor_s_too() -> None:
    story = two(theirs_is=None).also(contact(WANG), contact(QIAN), contact(QIAN, LEAD))
    story.when(merge, by=mia).then(merged, absorbed, contact(WANG, LEAD), taken_over)


sue_helps = CollaboratorAdded(lead_id=OTHER, staff_id=SUE, access="work", until=day(4, 1))


def test_who_helped_with_the_absorbed_helps_with_the_survivor() -> None:
    in_bob_s_hands = (pooled(OTHER), *claimed(BOB, lead_id=OTHER))
    others = (
        replace(sue_helps, staff_id=MIA, until=day(3, 25)),  # It is over.
        replace(sue_helps, staff_id=ANN),  # She has it herself.
    )
    story = two(theirs_is=None).also(*in_bob_s_hands, sue_helps, *others)
    cooled = replace(absorbed, cooling={BOB: day(4, 1)})
    story.when(merge, by=mia).then(merged, cooled, replace(sue_helps, lead_id=LEAD), taken_over, slot_freed(BOB, OTHER))
    reads = replace(sue_helps, lead_id=LEAD, access="read")
    story.also(reads).when(merge, by=mia).then(merged, cooled, taken_over, slot_freed(BOB, OTHER))


def test_nobody_helps_with_what_nobody_has() -> None:
    loose = given(*published, *captured, *other_captured, pooled(OTHER), *claimed(BOB, lead_id=OTHER), sue_helps)
    loose.when(merge, by=mia).then(
        merged, replace(absorbed, cooling={BOB: day(4, 1)}), taken_over, slot_freed(BOB, OTHER)
    )


contract = LeadExempted(lead_id=OTHER, ground="contract", until=day(5, 1))


def test_what_exempts_the_absorbed_exempts_the_survivor() -> None:
    over = LeadExempted(lead_id=OTHER, ground="key-account", until=day(3, 25))
    for_good = LeadExempted(lead_id=OTHER, ground="open-order")
    story = two(theirs_is=None).also(contract, over, for_good)
    after = story.when(merge, by=mia).then(
        merged, absorbed, replace(contract, lead_id=LEAD), replace(for_good, lead_id=LEAD), taken_over
    )
    after.when(recycle, by=policy, at=day(3, 27)).refused(Exempt)
    own = replace(contract, lead_id=LEAD, until=day(4, 1))
    two(theirs_is=None).also(contract, own).when(merge, by=mia).then(merged, absorbed, taken_over)
