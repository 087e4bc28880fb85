"""Customers: who each of them is, how he stands with us, who looks after him, and what becomes of two who are one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.customer.customers import holding
from domain.customer.dossier import (
    Collaboration,
    Credit,
    CreditHold,
    LinkedContact,
    PaidOrder,
    Profile,
)
from domain.customer.facts.credit import CreditHoldLifted
from domain.customer.facts.lifecycle import CustomerRefundNoted, CustomerWonBack, TouchpointRecorded
from domain.customer.facts.merging import (
    CustomerAbsorbed,
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerCorrected, CustomerCreated, CustomerProfileUpdated, CustomerRegistered
from domain.customer.facts.protection import (
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
    RiskFlagCleared,
    RiskFlagRaised,
)
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    RevenueStandingChanged,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.customer.states import NAMES, Closed, Customer, Open, Uncreated, evolve
from domain.lead.facts.work import LeadConverted
from domain.values import Erased, LeadId, PolicyId, StaffId
from projections.customers import CustomerCard, customers
from projections.query import Filter
from tests.commands.customer.situations import (
    EMAIL,
    LATER,
    LEAD,
    LI,
    ORDER,
    OTHER,
    PHONE,
    TENTH,
    THIRD,
    WANG,
    ZHAO,
    assigned,
    changed,
    dossier,
    level,
    line,
    link,
    money,
    on_hold,
    ordered,
)
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import ANN, BOB, day

CAT = StaffId("cat")
MASKED = "+86138****0001"
phone, mail = link(1), link(2, EMAIL)
second = link(3, replace(PHONE, value="+8613900000002"))
born = day(3, 1)
created = CustomerCreated(
    customer_id=LI,
    customer_type="individual",
    profile=Profile(name="Li Na", preferences="tea", motive="a gift", family="two sons"),
    identities=(phone, mail),
    lead_id=LEAD,
)
other = CustomerCreated(
    customer_id=OTHER, customer_type="company", profile=Profile(name="Na Ltd"), identities=(second,)
)
third = replace(other, customer_id=THIRD, profile=Profile(name="Third"), identities=())


def told(*events: Any, of: Any = LI, erased: Erased | None = None) -> CustomerCard:
    """The row of a customer; events come a day after another, from the first of March on."""
    found = rows(customers, *((born + timedelta(days=nth), each) for nth, each in enumerate(events)), erased=erased)
    (row,) = (row for row in found if row.customer_id == of)
    assert isinstance(row, CustomerCard)
    return row


def test_who_comes_is_a_prospect_with_what_is_known_of_him() -> None:
    assert told(created) == CustomerCard(
        customer_id=LI,
        is_now=LI,
        type="individual",
        created_at=born,
        status_since=born,
        name="Li Na",
        preferences="tea",
        motive="a gift",
        family="two sons",
        phones=(MASKED,),
        phone_ids=(phone.identity_id,),
        leads=(LEAD,),
    )
    assert told(created, replace(created, customer_type="company")).type == "individual"
    assert rows(customers, assigned()) == [], "nobody is known by what is said of him alone"


def test_only_what_is_told_anew_changes() -> None:
    better = CustomerProfileUpdated(customer_id=LI, profile=Profile(name="Li Nana", motive="herself"))
    row = told(created, better)
    assert (row.name, row.preferences, row.motive, row.family) == ("Li Nana", "tea", "herself", "two sons")
    right = CustomerCorrected(
        customer_id=LI,
        corrects=1,
        customer_type="merchant",
        profile=Profile(family="a daughter"),
        identities_added=(second,),
        identities_removed=(phone.identity_id,),
    )
    row = told(created, right)
    assert (row.type, row.name, row.family) == ("merchant", "Li Na", "a daughter")
    assert (row.phones, row.phone_ids) == (("+86139****0002",), (second.identity_id,))
    untouched = told(created, CustomerCorrected(customer_id=LI, corrects=1))
    assert (untouched.type, untouched.phones) == ("individual", (MASKED,))


def test_who_registers_is_registered_and_known_under_more() -> None:
    row = told(created, CustomerRegistered(customer_id=LI, account_id="na", identities_added=(second,)))
    assert row.registered
    assert row.phones == (MASKED, "+86139****0002")


def test_a_status_lasts_from_when_it_came() -> None:
    row = told(created, changed("prospect", "new"), changed("new", "active"), changed("active", "active"))
    assert (row.status, row.status_since) == ("active", day(3, 3))
    back = told(created, changed("prospect", "churned"), CustomerWonBack(customer_id=LI))
    assert (back.status, back.status_since) == ("active", day(3, 3))


def test_orders_count_by_when_they_were_paid_until_they_are_refunded() -> None:
    row = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH))
    assert (row.orders, row.paid_at) == ((LATER, ORDER), (day(2, 1), TENTH))
    assert row.last_order_at == day(2, 1)
    refunded = CustomerRefundNoted(customer_id=LI, order_id=LATER)
    row = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH), refunded)
    assert (row.orders, row.last_order_at) == ((ORDER,), TENTH)
    nothing = told(created, ordered(LATER, day(2, 1)), refunded)
    assert (nothing.orders, nothing.last_order_at) == ((), None)


def test_leads_that_led_to_him_are_known_once() -> None:
    other_lead = LeadId(UUID(int=77))
    won = LeadConverted(lead_id=other_lead, from_="negotiating", customer_id=LI)
    assert told(created, won, won).leads == (LEAD, other_lead)


def touch(**more: Any) -> TouchpointRecorded:
    given: dict[str, Any] = {"channel": "learning", "direction": "inbound", "note": "lesson 3 of 12"} | more
    return TouchpointRecorded(customer_id=LI, **given)


def test_the_last_touchpoint_is_the_latest_whenever_it_was_told() -> None:
    found = rows(
        customers,
        (born, created),
        (day(3, 9), touch(active_at=day(3, 9))),
        (day(3, 5), touch(channel="visit", direction="outbound", note=None, active_at=None)),
        (day(3, 7), touch(channel="web", active_at=day(3, 7))),
    )
    (row,) = found
    assert (row.touched_at, row.touch_channel, row.touch_direction) == (day(3, 9), "learning", "inbound")
    assert (row.touch_note, row.active_at) == ("lesson 3 of 12", day(3, 9))
    later = told(created, touch(active_at=day(3, 2)), touch(channel="post", direction="outbound", note=None))
    assert (later.touch_channel, later.touch_direction, later.touch_note) == ("post", "outbound", None)
    assert (later.touched_at, later.active_at) == (day(3, 3), day(3, 2))


def test_a_customer_is_restricted_as_long_as_a_hold_lasts() -> None:
    held = told(created, level(), on_hold)
    assert (held.credit_level, held.credit_restricted, held.hold_reason) == ("gold", True, "manual")
    free = told(created, level(), on_hold, CreditHoldLifted(customer_id=LI, reason="paid"))
    assert (free.credit_level, free.credit_restricted, free.hold_reason) == ("gold", False, None)


def test_what_stops_him_is_told_until_it_is_cleared() -> None:
    raised = RiskFlagRaised(customer_id=LI, flag="fraud"), RiskFlagRaised(customer_id=LI, flag="debt")
    kept = LegalHoldPlaced(customer_id=LI, matter="court"), LegalHoldPlaced(customer_id=LI, matter="tax")
    row = told(created, *raised, raised[0], *kept, kept[0])
    assert (row.risk_flags, row.legal_holds) == (("fraud", "debt"), ("court", "tax"))
    over = RiskFlagCleared(customer_id=LI, flag="fraud"), LegalHoldLifted(customer_id=LI, matter="court")
    row = told(created, *raised, *kept, *over)
    assert (row.risk_flags, row.legal_holds) == (("debt",), ("tax",))


def worth(segment: Any) -> ValueSegmentChanged:
    return ValueSegmentChanged(customer_id=LI, to=segment, aov=money(9), frequency=2, thresholds_version="1")


best = RevenueStandingChanged(
    customer_id=LI,
    from_="usual",
    to="best",
    month="2026-03",
    ranks=(),
    policy_id=PolicyId("standard"),
    number=1,
    share_percent=20,
    window_days=365,
    seen_at=9,
)


def test_what_is_said_of_him_by_whom_and_what_he_is_worth() -> None:
    vip, away = (TagApplied(customer_id=LI, tag=tag, source="desk") for tag in ("vip", "away"))
    by_model = TagApplied(customer_id=LI, tag="vip", source="model")
    row = told(created, vip, away, by_model, worth("C"), best)
    assert (row.tags, row.tag_sources) == (("vip", "away"), ("model", "desk"))
    assert (row.segment, row.standing) == ("C", "best")
    left = told(created, vip, away, TagRemoved(customer_id=LI, tag="vip", source="desk"))
    assert (left.tags, left.tag_sources) == (("away",), ("desk",))


linked = (
    ContactLinked(customer_id=LI, contact_id=WANG, role="decides", primary=True),
    ContactLinked(customer_id=LI, contact_id=ZHAO, role="uses"),
)


def test_contacts_have_roles_and_one_is_the_primary() -> None:
    row = told(created, *linked)
    assert (row.contact_ids, row.contact_roles, row.primary_contact) == ((WANG, ZHAO), ("decides", "uses"), WANG)
    minor = ContactRoleChanged(customer_id=LI, contact_id=WANG, from_="decides", to="pays")
    major = ContactRoleChanged(customer_id=LI, contact_id=ZHAO, from_="uses", to="blocks", primary=True)
    assert told(created, *linked, minor).primary_contact is None
    row = told(created, *linked, minor, major)
    assert (row.contact_roles, row.primary_contact) == (("pays", "blocks"), ZHAO)
    gone = told(created, *linked, ContactUnlinked(customer_id=LI, contact_id=WANG))
    assert (gone.contact_ids, gone.contact_roles, gone.primary_contact) == ((ZHAO,), ("uses",), None)
    still = told(created, *linked, ContactUnlinked(customer_id=LI, contact_id=ZHAO))
    assert still.primary_contact == WANG


# Whose he is


def helps(staff_id: StaffId, access: Any = "work", until: datetime | None = None) -> CustomerCollaboratorAdded:
    return CustomerCollaboratorAdded(customer_id=LI, staff_id=staff_id, access=access, until=until)


def released(owner: StaffId = ANN, role: Any = "primary") -> CustomerReleased:
    return CustomerReleased(customer_id=LI, from_=owner, role=role)


HELD: tuple[tuple[Any, ...], ...] = (
    (),
    (assigned(),),
    (assigned(BOB, "key_account"),),
    (assigned(BOB, "service"), assigned(BOB, "key_account"), assigned()),
    (assigned(), assigned(BOB, "key_account"), CustomerTransferred(customer_id=LI, from_=ANN, to=CAT, role="primary")),
    (assigned(), released()),
    (assigned(), assigned(BOB, "service"), released()),
    (assigned(), assigned(BOB, "service"), released(), released(BOB, "service")),
    (helps(BOB),),
    (assigned(), helps(BOB), helps(CAT, "read", day(4, 1))),
    (assigned(), helps(BOB), helps(CAT, "read", day(4, 1)), released()),
    (assigned(), helps(BOB, "work", day(4, 1)), helps(BOB, "read")),
    (assigned(), assigned(BOB, "service"), helps(BOB, "work", day(4, 1)), helps(CAT)),
)


def state_after(*events: Any) -> Customer:
    state: Customer = Uncreated()
    for event in events:
        state = evolve(state, event)
    return state


def must_agree(row: CustomerCard, state: Customer) -> None:
    """Who may see the row are those who may see the customer."""
    holds = holding(state)
    assert holds is not None
    last = f"staff/{holds.formerly}" if holds.formerly else None
    assert (row.owner_id, row.formerly) == (holds.owner, last)
    readers = holds.readers if holds.owner else {}  # Where nobody has him, readers are not asked for.
    helpers = dict(zip(row.collaborators, row.collaborating_until, strict=True))
    assert helpers == {**(readers or {}), **(holds.workers or {})}


@pytest.mark.parametrize("custody", HELD)
def test_his_row_is_seen_by_whoever_may_see_him(custody: tuple[Any, ...]) -> None:
    must_agree(told(created, *custody), state_after(created, *custody))


def test_everybody_who_looks_after_him_is_told_with_the_role() -> None:
    row = told(created, assigned(BOB, "service"), assigned(), helps(CAT, "read", day(4, 1)))
    assert (row.roles, row.owners) == (("primary", "service"), (ANN, BOB))
    assert (row.let_in, row.let_in_access, row.let_in_until) == ((CAT,), ("read",), (day(4, 1),))
    assert told(created, assigned(), released()).last_owner == ANN


# Two that are one


kept = dossier(
    customer_type="merchant",
    profile=Profile(name="Li", preferences="tea", motive="a gift", family="two sons"),
    identities={phone.identity_id: "phone", second.identity_id: "phone"},
    owners={"primary": BOB, "service": ANN},
    collaborators={CAT: Collaboration(access="read", until=day(4, 1))},
    contacts={WANG: LinkedContact(role="uses"), ZHAO: LinkedContact(role="decides", primary=True)},
    tags={"vip": "desk"},
    orders={ORDER: PaidOrder(paid_at=TENTH), LATER: PaidOrder(paid_at=day(2, 1), refunded=True)},
    credit=Credit(reservations={}, line=line(), hold=CreditHold(reason="manual")),
    registered=True,
    segment="E",
    standing="best",
    active_at=day(3, 2),
    risk_flags=("fraud",),
    legal_holds=("court",),
)
merged = CustomersMerged(
    customer_id=LI, absorbed=OTHER, version=2, from_="prospect", to="new", kept=kept, choices=FieldChoices()
)
absorbed = CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect")


def unmerged(own: Any = None, others: Any = None) -> tuple[CustomerUnmerged, CustomerRestored]:
    own = own or dossier(profile=Profile(name="Li Na"), identities={phone.identity_id: "phone"})
    others = others or dossier(profile=Profile(name="Na Ltd"), identities={second.identity_id: "phone"})
    return (
        CustomerUnmerged(customer_id=LI, absorbed=OTHER, version=2, from_="new", to="prospect", kept=own),
        CustomerRestored(customer_id=OTHER, out_of=LI, to="active", kept=others),
    )


def test_the_survivor_is_what_both_are() -> None:
    row = told(created, other, merged, absorbed)
    assert row == CustomerCard(
        customer_id=LI,
        is_now=LI,
        type="merchant",
        created_at=born,
        status="new",
        status_since=day(3, 3),
        name="Li",
        preferences="tea",
        motive="a gift",
        family="two sons",
        phones=(MASKED,),
        phone_ids=(phone.identity_id,),
        registered=True,
        segment="E",
        standing="best",
        credit_level="gold",
        credit_restricted=True,
        hold_reason="manual",
        risk_flags=("fraud",),
        legal_holds=("court",),
        tags=("vip",),
        tag_sources=("desk",),
        contact_ids=(WANG, ZHAO),
        contact_roles=("uses", "decides"),
        primary_contact=ZHAO,
        leads=(LEAD,),
        orders=(ORDER,),
        paid_at=(TENTH,),
        last_order_at=TENTH,
        active_at=day(3, 2),
        roles=("primary", "service"),
        owners=(BOB, ANN),
        let_in=(CAT,),
        let_in_access=("read",),
        let_in_until=(day(4, 1),),
        owner_id=BOB,
        collaborators=(CAT, ANN),
        collaborating_until=(day(4, 1), None),
    )


def test_who_was_absorbed_leads_to_the_survivor_and_is_found_by_name_and_phone() -> None:
    row = told(other, TagApplied(customer_id=OTHER, tag="vip", source="desk"), absorbed, of=OTHER)
    assert (row.became, row.is_now, row.status) == ((LI,), LI, "closed")
    assert (row.name, row.phones, row.tags) == ("Na Ltd", ("+86139****0002",), ())


def test_whoever_became_him_before_leads_there_too_until_he_is_himself_again() -> None:
    first = CustomerAbsorbed(customer_id=THIRD, into=OTHER, from_="prospect")
    row = told(created, other, third, first, absorbed, of=THIRD)
    assert (row.became, row.is_now) == ((OTHER, LI), LI)
    _, restored = unmerged()
    row = told(created, other, third, first, absorbed, restored, of=THIRD)
    assert (row.became, row.is_now, row.status) == ((OTHER,), OTHER, "closed")
    beside = CustomerAbsorbed(customer_id=THIRD, into=LI, from_="prospect")
    assert told(created, other, third, beside, absorbed, restored, of=THIRD).is_now == LI


def test_two_after_all_are_what_they_were_and_each_has_its_phones() -> None:
    story = (created, other, merged, absorbed, *unmerged())
    own, restored = told(*story), told(*story, of=OTHER)
    assert (own.name, own.phones, own.status, own.contact_ids) == ("Li Na", (MASKED,), "prospect", ())
    assert (own.credit_level, own.credit_restricted, own.hold_reason) == (None, False, None)
    assert (own.primary_contact, own.last_order_at) == (None, None)
    assert (restored.name, restored.phones, restored.status) == ("Na Ltd", ("+86139****0002",), "active")
    assert (restored.became, restored.is_now, restored.type) == ((), OTHER, "individual")


def test_a_number_that_goes_elsewhere_is_his_no_more() -> None:
    gone = dossier(profile=Profile(name="Li Na"))
    assert told(created, other, merged, absorbed, *unmerged(own=gone)).phones == ()


def test_whose_they_are_is_right_after_each_step_of_a_merge() -> None:
    steps = (created, assigned(), released(), other, merged, absorbed, *unmerged())
    for end in range(4, len(steps) + 1):
        for customer_id in (LI, OTHER):
            own = [each for each in steps[:end] if each.customer_id == customer_id]
            must_agree(told(*steps[:end], of=customer_id), state_after(*own))


def test_every_column_says_what_the_state_of_the_customer_says() -> None:
    for state, row in (
        (state_after(created, *linked, level(), on_hold), told(created, *linked, level(), on_hold)),
        (state_after(created, merged), told(created, merged)),
    ):
        assert isinstance(state, Open)
        found = state.dossier
        assert row.status == NAMES[type(state.lifecycle)]
        assert dict(zip(row.contact_ids, row.contact_roles, strict=True)) == {
            contact_id: contact.role for contact_id, contact in found.contacts.items()
        }
        assert row.credit_restricted is (found.credit.hold is not None)
        assert (row.type, row.registered, row.tags) == (found.customer_type, found.registered, tuple(found.tags))


# Who is shut, and who is forgotten


def test_under_the_numbers_of_who_is_shut_somebody_new_may_come() -> None:
    shut, flag = changed("prospect", "closed"), RiskFlagRaised(customer_id=LI, flag="fraud")
    row = told(created, shut)
    assert (row.status, row.name, row.phones, row.phone_ids) == ("closed", "Li Na", (), ())
    assert told(created, flag, shut).phones == (MASKED,)
    assert told(created, flag, shut, RiskFlagCleared(customer_id=LI, flag="fraud")).phones == ()
    for story in ((created, shut), (created, flag, shut)):
        state = state_after(*story)
        assert isinstance(state, Closed)
        assert bool(told(*story).phones) is bool(state.was.dossier.identities)


def test_of_who_is_forgotten_nothing_personal_is_left_not_with_whom_he_was_either() -> None:
    forgotten = PersonalDataErased(customer_id=LI, from_="new", absorbed=(OTHER,))
    story = (created, other, touch(), merged, absorbed, forgotten)
    for customer_id in (LI, OTHER):
        row = told(*story, of=customer_id)
        assert (row.name, row.preferences, row.motive, row.family, row.touch_note) == (None,) * 5
        assert (row.phones, row.phone_ids, row.status) == ((), (), "closed")
        assert (row.erased_on, row.erased_by) == (day(3, 6), "tests")
    assert told(*story, touch(), of=LI).touch_note is None
    beside = told(created, third, forgotten, of=THIRD)
    assert (beside.name, beside.erased_on) == ("Third", None)


def test_what_was_erased_before_it_is_read_says_when_and_by_whom() -> None:
    gone = Erased(on=datetime(2026, 5, 1, tzinfo=UTC), by="dpo")
    row = told(created, touch(), erased=gone)
    assert (row.name, row.phones, row.touch_note) == (None, (), None)
    assert (row.erased_on, row.erased_by) == (gone.on, "dpo")
    merged_too = told(created, other, merged, absorbed, erased=gone, of=LI)
    assert (merged_too.name, merged_too.tags) == (None, ("vip",))


# Lists


@pytest.mark.slow
def test_customers_are_sought_by_name_and_number_and_by_what_is_said_of_them(views: Views) -> None:
    na = told(created, ordered(LATER, day(2, 1)), ordered(ORDER, TENTH), *linked)
    ltd = told(other, TagApplied(customer_id=OTHER, tag="vip", source="desk"), of=OTHER)
    views.put(customers, na, ltd)

    def found(*filters: Filter, **more: Any) -> list[Any]:
        return [row["customer_id"] for row in views.list(customers, *filters, **more)]

    assert found(search="li n") == [LI]
    assert found(search="+8613900000002") == [OTHER]
    assert found(Filter("tags", "has", "vip")) == [OTHER]
    assert found(Filter("contact_ids", "has", ZHAO)) == [LI]
    assert found(Filter("is_now", "eq", OTHER)) == [OTHER]
    assert found(sort="-order_count") == [LI, OTHER]
    assert found(sort="first_order_at") == [LI, OTHER]
    (row,) = views.list(customers, Filter("customer_id", "eq", LI))
    assert (row["order_count"], row["first_order_at"]) == (2, TENTH)
    assert row["days_without_order"] == (NOW - day(2, 1)).days
    assert row["subject_id"] == f"customer/{LI}"
