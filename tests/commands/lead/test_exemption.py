"""Leads that are exempt from being taken back, for as long as there is a ground."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from commands.customer.contracts import RecordContract
from commands.lead.circulation import RecycleLead, WarnOfLapse
from commands.lead.exemption import EndExemption, ExemptLead
from domain.actor import Reason
from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditReleased, CreditReserved
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.person import CustomerCreated
from domain.customer.facts.protection import ContractEnded, ContractRecorded, PersonalDataErased
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import LeadExempted, LeadExemptionEnded, LeadRecycled
from domain.lead.facts.terms import RecycleReason
from domain.lead.refusals import Exempt
from domain.money import Money
from domain.revenue import Rank
from domain.values import CustomerId, OrderId, PolicyId
from tests.commands.lead.situations import CUSTOMER, LEAD, captured, claimed, contacted, held, in_pool, lost, qualified
from tests.spec import BOB, When, ann, crm, day, given, mia, otto, policy

UNTIL = day(5, 1)
contract = LeadExempted(lead_id=LEAD, ground="contract", until=UNTIL)
for_good = LeadExempted(lead_id=LEAD, ground="open-order")
exempt = ExemptLead(lead_id=LEAD, ground="contract", until=UNTIL)
ORDER = OrderId(UUID(int=0x0D))
MONEY = Money(amount=Decimal(10), currency="CNY")


def recycling(*history: object, reason: RecycleReason = "no-first-contact", at: int = 20) -> When:
    command = RecycleLead(lead_id=LEAD, reason=reason)
    return given(*held, *history).when(command, by=policy, at=day(4, at))


@pytest.mark.parametrize("reason", ["no-first-contact", "no-follow-up", "no-opportunity", "hard-limit"])
def test_what_is_exempt_is_not_taken_back_for_not_being_worked_on(reason: RecycleReason) -> None:
    recycling(contract, reason=reason).refused(Exempt, because="contract, until 2026-05-01T02:00:00")
    recycling(for_good, reason=reason).refused(Exempt, because="open-order$")
    assert isinstance(recycling(reason=reason).recorded[0].event, LeadRecycled)


def test_it_ends_at_its_end_or_when_it_is_ended() -> None:
    over = replace(contract, until=day(4, 20))
    assert recycling(over).recorded
    recycling(over, at=19).refused(Exempt)
    ended = LeadExemptionEnded(lead_id=LEAD, ground="contract")
    assert recycling(contract, ended).recorded
    recycling(contract, for_good, ended).refused(Exempt, because="open-order")
    end = EndExemption(lead_id=LEAD, ground="contract")
    given(*held, contract).when(end, by=mia).then(ended)
    given(*held, for_good).when(end, by=policy).refused(Invalid, because="ground: it is not exempt for contract")


def test_other_reasons_hold_for_what_is_exempt_too() -> None:
    back = RecycleLead(lead_id=LEAD, reason="manager-reclaim")
    reason = Reason(code="needed")
    assert given(*held, contract).when(back, by=mia, reason=reason).recorded


def test_nobody_is_warned_of_what_will_not_happen() -> None:
    warn = WarnOfLapse(lead_id=LEAD)
    given(*held, contract).when(warn, by=policy, at=day(4, 2)).refused(Exempt)
    assert given(*held).when(warn, by=policy, at=day(4, 2)).recorded


def test_a_manager_grants_it_with_a_reason_and_an_end() -> None:
    reason = Reason(code="signed")
    given(*held).when(exempt, by=mia, reason=reason).then(contract)
    given(*held).when(exempt, by=mia).refused(Invalid, because="this needs a reason")
    endless = replace(exempt, until=None)
    given(*held).when(endless, by=mia, reason=reason).refused(Invalid, because="until: an exemption has an end")
    given(*held).when(endless, by=policy).then(replace(contract, until=None))
    given(*held).when(exempt, by=policy, at=UNTIL).refused(Invalid, because="until: that has passed already")
    given(*held).when(exempt, by=ann, reason=reason).refused(NotAllowed)
    given(*held).when(exempt, by=otto, reason=reason).refused(Hidden)
    given(*in_pool, lost).when(exempt, by=mia, reason=reason).refused(NotNow)
    told = given(*held).when(endless, by=ann, imported=True)
    told.then(replace(contract, until=None))


# What the customer shows by himself

created = CustomerCreated(customer_id=CUSTOMER, customer_type="company", profile=Profile())
about_him = replace(qualified, customer_id=CUSTOMER)
key_account = ValueSegmentChanged(customer_id=CUSTOMER, to="E", aov=MONEY, frequency=9, thresholds_version="1")
best = RevenueStandingChanged(
    customer_id=CUSTOMER,
    from_="usual",
    to="best",
    month="2026-02",
    ranks=(Rank(rank=1, of=4, places=1, revenue=MONEY),),
    policy_id=PolicyId("standard"),
    number=1,
    share_percent=20,
    window_days=365,
    seen_at=9,
)
ordered = CreditReserved(customer_id=CUSTOMER, order_id=ORDER, amount=MONEY, exposure=MONEY)
released = CreditReleased(customer_id=CUSTOMER, order_id=ORDER, amount=MONEY)


def test_leads_of_key_accounts_stay_where_they_are() -> None:
    recycling(created, key_account, contacted, about_him, reason="no-follow-up").refused(Exempt, because="key-account")
    usual = replace(key_account, to="D")
    assert recycling(created, key_account, usual, contacted, about_him, reason="no-follow-up").recorded


def test_so_do_leads_of_who_is_one_for_what_he_brings() -> None:
    known = (created, best, contacted, about_him)
    recycling(*known, reason="no-follow-up").refused(Exempt, because="key-account")
    recycling(*known, replace(key_account, to="D"), reason="no-follow-up").refused(Exempt, because="key-account")
    fallen = replace(best, from_="best", to="usual")
    assert recycling(created, best, fallen, contacted, about_him, reason="no-follow-up").recorded
    recycling(created, best, fallen, key_account, contacted, about_him, reason="no-follow-up").refused(
        Exempt, because="key-account"
    )
    looked_after = CustomerAssigned(customer_id=CUSTOMER, owner=BOB, role="key_account")
    assert recycling(created, looked_after, contacted, about_him, reason="no-follow-up").recorded


def test_leads_of_who_has_an_open_order_stay_where_they_are() -> None:
    known = (created, contacted, about_him)
    recycling(*known, ordered, reason="no-follow-up").refused(Exempt, because="open-order")
    assert recycling(*known, ordered, released, reason="no-follow-up").recorded
    assert recycling(*known, reason="hard-limit").recorded


bound = ContractRecorded(customer_id=CUSTOMER, contract="HT-1", until=day(4, 20))


def test_leads_of_who_is_bound_by_a_contract_stay_where_they_are_until_it_ends() -> None:
    known = (created, contacted, about_him)
    recycling(*known, bound, reason="no-follow-up", at=19).refused(
        Exempt, because="it is exempt: contract, until 2026-04-20T02:00:00"
    )
    assert recycling(*known, bound, reason="no-follow-up", at=20).recorded, "at its end it is over"
    longer = (bound, replace(bound, contract="HT-2", until=day(5, 1)))
    for at in (19, 20):
        recycling(*known, *longer, reason="no-follow-up", at=at).refused(Exempt, because="until 2026-05-01T02:00:00")
    anew = replace(bound, until=day(4, 19))
    assert recycling(*known, bound, anew, reason="no-follow-up", at=19).recorded, "it is said anew"
    ended = ContractEnded(customer_id=CUSTOMER, contract="HT-1")
    assert recycling(*known, bound, ended, reason="no-follow-up", at=19).recorded
    recycling(*known, *longer, ended, reason="no-follow-up", at=19).refused(Exempt)
    others = replace(bound, customer_id=CustomerId(UUID(int=0xE)))
    stranger = replace(created, customer_id=others.customer_id)
    assert recycling(*known, stranger, others, reason="no-follow-up", at=19).recorded, "it is somebody else's"


def test_what_is_told_of_a_contract_in_history_counts_like_any_other() -> None:
    story = given(*held, created, contacted, about_him)
    told = story.when(RecordContract(customer_id=CUSTOMER, contract="HT-1", until=day(4, 20)), by=crm, imported=True)
    back = RecycleLead(lead_id=LEAD, reason="no-follow-up")
    told.done().when(back, by=policy, at=day(4, 19)).refused(Exempt, because="contract")
    assert told.done().when(back, by=policy, at=day(4, 20)).recorded


def test_who_is_no_customer_any_more_is_bound_by_none() -> None:
    gone = PersonalDataErased(customer_id=CUSTOMER, from_="prospect")
    assert recycling(created, bound, gone, contacted, about_him, reason="no-follow-up", at=19).recorded


def test_a_contract_binds_whom_the_customer_has_become() -> None:
    survivor = CustomerId(UUID(int=0xD))
    became = CustomerAbsorbed(customer_id=CUSTOMER, into=survivor, from_="prospect")
    there = (replace(created, customer_id=survivor), replace(bound, customer_id=survivor))
    known = (created, became, *there, contacted, about_him)
    recycling(*known, reason="no-follow-up", at=19).refused(Exempt, because="contract")
    warn = WarnOfLapse(lead_id=LEAD)
    given(*held, *known).when(warn, by=policy, at=day(4, 2)).refused(Exempt, because="contract")


def test_what_a_customer_shows_he_shows_in_whom_he_has_become() -> None:
    survivor = CustomerId(UUID(int=0xD))
    became = CustomerAbsorbed(customer_id=CUSTOMER, into=survivor, from_="prospect")
    there = (replace(created, customer_id=survivor), replace(key_account, customer_id=survivor))
    recycling(created, became, *there, contacted, about_him, reason="no-follow-up").refused(Exempt)


def test_nor_is_anybody_warned_of_what_the_customer_prevents() -> None:
    warn = WarnOfLapse(lead_id=LEAD)
    history = (*held, created, key_account, contacted, about_him)
    given(*history).when(warn, by=policy, at=day(4, 2)).refused(Exempt, because="key-account")


def test_whose_lead_it_is_may_be_known_from_the_beginning() -> None:
    known = (replace(captured[0], customer_id=CUSTOMER), captured[1])
    history = (*in_pool[: in_pool.index(captured[0])], *known, in_pool[-1], *claimed(), created, key_account)
    back = RecycleLead(lead_id=LEAD, reason="no-follow-up")
    given(*history).when(back, by=policy, at=day(4, 20)).refused(Exempt, because="key-account")
