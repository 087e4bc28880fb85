"""Contacts: who they are, to whom they have something to say, and what they want; and who may see them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.contact.facts import (
    Address,
    ContactMerged,
    ContactReportsTo,
    ContactSeparated,
    ContactUnmerged,
    ContactUpdated,
    OutreachReleased,
    Wish,
)
from domain.contact.states import Contact, NoContact, evolve
from domain.customer.dossier import LinkedContact
from domain.customer.facts.merging import (
    CustomerRestored,
    CustomersMerged,
    CustomerUnmerged,
    FieldChoices,
)
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import ContactLinked, ContactRoleChanged, ContactUnlinked
from domain.lead.facts.intake import ContactAttitudeRecorded, LeadContactLinked
from domain.outreach_policy import OutreachTerms, next_allowed
from domain.values import ContactId, Erased, LeadId, OrgPath, StaffId
from projections.contact_pressure import Pressure, contact_pressure
from projections.contacts import ContactCard, contacts
from projections.customers import CustomerCard, customers
from projections.query import Filter, Listing, page
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.commands.contact.situations import (
    LI,
    LIN,
    WU,
    absorbed,
    another,
    consent,
    created,
    lin_created,
    made,
    merged,
    reserved,
    silenced,
    slot,
)
from tests.commands.customer.situations import LI as FIRM
from tests.commands.customer.situations import OTHER as SHOP
from tests.commands.customer.situations import dossier
from tests.projections.lists import NOW, Views
from tests.projections.spec import rows
from tests.spec import START, day

LEAD, LATER = LeadId(UUID(int=1)), LeadId(UUID(int=2))
PHONE, MAIL = "+86138****0001", "l***@example.cn"


def told(*events: Any, of: Any = LI, erased: Erased | None = None) -> ContactCard:
    (row,) = (row for row in rows(contacts, (START, created), *events, erased=erased) if row.contact_id == of)
    assert isinstance(row, ContactCard)
    return row


def test_a_contact_is_told_with_masked_addresses() -> None:
    assert told() == ContactCard(
        contact_id=LI,
        subject_id=f"contact/{LI}",
        is_now=LI,
        created_at=START,
        name="Li Na",
        job_title="Buyer",
        phones=(PHONE,),
    )
    row = told(lin_created, of=LIN)
    assert (row.phones, row.emails, row.language) == ((PHONE,), (MAIL,), "zh-CN")
    assert (row.time_zone, row.note) == ("Asia/Urumqi", "left-handed")
    assert told(replace(created, name="Somebody")).name == "Li Na"
    assert rows(contacts, consent()) == []


def test_only_what_is_new_is_changed() -> None:
    everything = ContactUpdated(
        contact_id=LI,
        name="Lina",
        addresses=(Address(kind="email", value="li@example.cn"),),
        job_title="Boss",
        language="en",
        time_zone="Asia/Urumqi",
        note="rings back",
    )
    row = told(everything)
    assert (row.name, row.phones, row.emails, row.job_title) == ("Lina", (), (MAIL,), "Boss")
    assert (row.language, row.time_zone, row.note) == ("en", "Asia/Urumqi", "rings back")
    again = told(everything, ContactUpdated(contact_id=LI))
    assert replace(again, as_of_position=0) == row
    assert told(ContactReportsTo(contact_id=LI, to=WU)).reports_to == WU
    assert told(ContactReportsTo(contact_id=LI, to=WU), ContactReportsTo(contact_id=LI, from_=WU)).reports_to is None


def link(customer_id: Any = FIRM, role: Any = "decides", *, primary: bool = False) -> ContactLinked:
    return ContactLinked(customer_id=customer_id, contact_id=LI, role=role, primary=primary)


def test_he_has_a_role_at_each_customer() -> None:
    row = told(link(), link(SHOP, "uses", primary=True))
    assert (row.customers, row.roles) == ((FIRM, SHOP), ("decides", "uses"))
    assert (row.primary_of, row.only_customer) == ((SHOP,), None)
    minor = ContactRoleChanged(customer_id=SHOP, contact_id=LI, from_="uses", to="pays")
    row = told(link(), link(SHOP, "uses", primary=True), minor)
    assert (row.roles, row.primary_of) == (("decides", "pays"), ())
    left = told(link(primary=True), link(SHOP, "uses"), ContactUnlinked(customer_id=FIRM, contact_id=LI))
    assert (left.customers, left.roles, left.primary_of, left.only_customer) == ((SHOP,), ("uses",), (), SHOP)


def test_his_attitude_to_each_lead_is_the_last_one() -> None:
    linked = LeadContactLinked(lead_id=LEAD, contact_id=LI)
    against = ContactAttitudeRecorded(lead_id=LATER, contact_id=LI, attitude="opposes")
    row = told(linked, against)
    assert (row.leads, row.attitudes) == ((LEAD, LATER), (None, "opposes"))
    row = told(linked, against, replace(against, lead_id=LEAD), replace(against, attitude="supports"), linked)
    assert (row.leads, row.attitudes) == ((LEAD, LATER), ("opposes", "supports"))


# What he wants


def test_what_he_wants_is_told_by_channel_and_purpose() -> None:
    row = told(consent(), consent("withdrawn", purpose="survey"))
    assert (row.wishes, row.standings) == (("email/marketing", "email/survey"), ("given", "withdrawn"))
    assert (row.wished_since, row.given, row.do_not_contact) == ((START, START), ("email/marketing",), False)


def test_who_wants_nothing_by_a_channel_is_not_to_be_reached_there() -> None:
    row = told(silenced("sms"))
    assert (row.refused_channels, row.do_not_contact) == (("sms",), False)
    everything = told(silenced())
    assert everything.do_not_contact
    assert len(everything.refused_channels) == 7
    yes = consent(channel="sms", from_="refused", since=START + timedelta(days=1))
    lifted = told(silenced(), yes)
    assert not lifted.do_not_contact
    assert "sms" not in lifted.refused_channels
    assert lifted.given == ("sms/marketing",)
    assert told(yes, silenced()).given == ("sms/marketing",), "what was said later counts, whenever it is told"


# Two that are one person


lin = (lin_created, ContactLinked(customer_id=SHOP, contact_id=LIN, role="uses"))
both_wish = replace(absorbed, reports_to=WU, wishes={"sms/sales": Wish(standing="refused", since=START)})
apart = (
    ContactSeparated(
        contact_id=LI,
        separated=LIN,
        to_version=1,
        name="Li",
        addresses=(),
        reports_to=None,
        wishes={"sms/sales": Wish(standing="given", since=START)},
    ),
    ContactUnmerged(
        contact_id=LIN, from_=LI, reports_to=WU, wishes={"call/sales": Wish(standing="withdrawn", since=START)}
    ),
)


def test_the_survivor_is_what_both_are_and_the_other_leads_to_him() -> None:
    row = told(*lin, both_wish, merged)
    assert (row.name, row.job_title, row.note, row.language) == ("Li Na", "Buyer", "left-handed", "zh-CN")
    assert (row.phones, row.emails, row.time_zone, row.reports_to) == ((PHONE,), (MAIL,), "Asia/Urumqi", WU)
    assert (row.wishes, row.standings, row.is_now) == (("sms/sales",), ("refused",), LI)
    other = told(*lin, both_wish, merged, of=LIN)
    assert (other.became, other.is_now, other.customers) == ((LI,), LI, (SHOP,))
    assert (other.name, other.phones) == ("Lina", (PHONE,))


def test_two_after_all_stand_again_as_they_are() -> None:
    own = told(*lin, both_wish, merged, *apart)
    assert (own.name, own.job_title, own.phones, own.reports_to, own.given) == ("Li", None, (), None, ("sms/sales",))
    other = told(*lin, both_wish, merged, *apart, of=LIN)
    assert (other.became, other.is_now, other.reports_to) == ((), LIN, WU)
    assert (other.wishes, other.name) == (("call/sales",), "Lina")


def test_whoever_became_him_before_leads_to_the_survivor_too() -> None:
    wu = another(WU), ContactMerged(contact_id=WU, into=LIN)
    row = told(lin_created, *wu, both_wish, merged, of=WU)
    assert (row.became, row.is_now) == ((LIN, LI), LI)
    row = told(lin_created, *wu, both_wish, merged, *apart, of=WU)
    assert (row.became, row.is_now) == ((LIN,), LIN)
    beside = another(WU), ContactMerged(contact_id=WU, into=LI)
    assert told(lin_created, *beside, both_wish, merged, *apart, of=WU).is_now == LI


# Customers that are one, and two after all


def has(role: Any = "decides", *, primary: bool = False, others: Any = ()) -> Any:
    return dossier(contacts={LI: LinkedContact(role=role, primary=primary), **dict(others)})


joined = CustomersMerged(
    customer_id=SHOP, absorbed=FIRM, version=2, choices=FieldChoices(), from_="new", to="new", kept=has("pays")
)


def parted(own: Any, others: Any) -> tuple[tuple[datetime, Any], ...]:
    undone = CustomerUnmerged(customer_id=SHOP, absorbed=FIRM, version=2, from_="new", to="new", kept=own)
    back = CustomerRestored(customer_id=FIRM, out_of=SHOP, to="new", kept=others)
    return (day(4, 1), undone), (day(4, 1), back)


def test_he_is_linked_to_whom_his_customer_became() -> None:
    row = told(link(primary=True), joined)
    assert (row.customers, row.roles, row.primary_of) == ((SHOP,), ("pays",), ())
    row = told(link(), link(SHOP), joined)
    assert row.customers == (SHOP,)
    nobody = told(link(), replace(joined, kept=dossier()))
    assert nobody.customers == (FIRM,)


def test_he_goes_with_his_own_when_two_are_two_after_all() -> None:
    row = told(link(), joined, *parted(dossier(), has(primary=True)))
    assert (row.customers, row.roles, row.primary_of) == ((FIRM,), ("decides",), (FIRM,))
    both = told(link(), link(SHOP), joined, *parted(has("uses"), has()))
    assert (both.customers, both.roles) == ((SHOP, FIRM), ("uses", "decides"))
    stays = told(link(SHOP), joined, *parted(has("uses"), dossier()))
    assert stays.customers == (SHOP,)


# Who is forgotten


def test_who_is_known_for_the_sake_of_one_is_forgotten_with_that_one() -> None:
    forgotten = PersonalDataErased(customer_id=FIRM, from_="new")
    row = told(link(), forgotten)
    assert (row.name, row.job_title, row.phones, row.emails) == (None, None, (), ())
    assert (row.erased_on, row.erased_by) == (START + timedelta(minutes=2), "tests")
    assert told(link(), joined, PersonalDataErased(customer_id=SHOP, from_="new")).name is None
    assert told(link(), PersonalDataErased(customer_id=SHOP, from_="new", absorbed=(FIRM,))).name is None
    assert told(link(), link(SHOP), forgotten).name == "Li Na"
    assert told(forgotten).name == "Li Na"


def test_what_was_erased_before_it_is_read_says_when_and_by_whom() -> None:
    gone = Erased(on=datetime(2026, 5, 1, tzinfo=UTC), by="dpo")
    row = told(erased=gone)
    assert (row.name, row.phones, row.erased_on, row.erased_by) == (None, (), gone.on, "dpo")
    assert told(*lin, erased=gone, of=LIN).emails == ()


# How often he was spoken to


def pressed(*events: Any, of: Any = LI) -> Pressure:
    (row,) = (row for row in rows(contact_pressure, created, *events) if row.contact_id == of)
    assert isinstance(row, Pressure)
    return row


def test_what_counts_is_told_with_what_is_planned() -> None:
    row = pressed(reserved("c-1", day(3, 26)), reserved("c-2", day(3, 28)), reserved("c-3", purpose="service"))
    assert (row.made, row.planned, row.planned_at) == ((), ("c-1", "c-2"), (day(3, 26), day(3, 28)))
    done = pressed(
        reserved("c-1", day(3, 26)),
        reserved("c-2", day(3, 28)),
        made("c-2", day(3, 29)),
        made("c-1", day(3, 26)),
        made("c-4", day(3, 29), purpose="service"),
    )
    assert (done.made, done.planned) == ((day(3, 26), day(3, 29)), ())
    assert pressed(reserved(), OutreachReleased(contact_id=LI, ref="c-1")).planned == ()
    assert rows(contact_pressure, reserved()) == []


def test_what_no_window_sees_any_more_is_forgotten() -> None:
    old, late = made("c-1", day(3, 1)), made("c-9", day(3, 31, 11))
    assert pressed(old, reserved("c-2", day(3, 1, 10, 30), asked=day(3, 1)), late).planned == ()
    assert pressed(old, late).made == (day(3, 31, 11),)
    assert pressed(old, reserved("c-2", day(4, 2), asked=day(3, 31, 11))).made == ()


def test_what_he_does_not_want_is_told_beside_it_in_the_zone_where_he_is() -> None:
    row = pressed(silenced(), ContactUpdated(contact_id=LI, time_zone="Asia/Urumqi"), ContactUpdated(contact_id=LI))
    assert (row.do_not_contact, row.time_zone) == (True, "Asia/Urumqi")
    assert pressed(consent()).given == ("email/marketing",)
    assert pressed(replace(created, time_zone="Europe/Berlin")).time_zone is None, "it was there already"


def test_what_was_made_and_planned_goes_with_a_merge() -> None:
    together = replace(
        both_wish,
        reserved={"c-1": slot(day(3, 27)), "s": slot(day(3, 28), "service")},
        made=(day(3, 20), day(3, 22)),
    )
    row = pressed(lin_created, together, merged)
    assert (row.made, row.planned, row.planned_at) == ((day(3, 20), day(3, 22)), ("c-1",), (day(3, 27),))
    assert (row.time_zone, row.standings) == ("Asia/Urumqi", ("refused",))
    assert pressed(lin_created, together, merged, of=LIN).merged
    separated, itself = apart
    back = pressed(lin_created, together, merged, separated, replace(itself, made=(day(3, 20),)), of=LIN)
    assert (back.merged, back.made, back.planned, back.wishes) == (False, (day(3, 20),), (), ("call/sales",))
    own = pressed(lin_created, together, merged, separated)
    assert (own.made, own.given, own.time_zone) == ((day(3, 20), day(3, 22)), ("sms/sales",), None)


def test_what_is_folded_is_what_the_contact_itself_knows() -> None:
    story = (created, reserved("c-1", day(3, 26)), made("c-2", day(3, 24)), silenced("sms"), consent())
    state: Any = NoContact()
    for event in story:
        state = evolve(state, event)
    assert isinstance(state, Contact)
    row = pressed(*story[1:])
    assert row.made == state.made
    assert dict(zip(row.planned, row.planned_at, strict=True)) == {ref: at.at for ref, at in state.reserved.items()}
    wishes = {of: Wish(standing=standing, since=since) for of, standing, since in several(row)}
    assert wishes == state.wishes


def several(row: Pressure) -> Any:
    return zip(row.wishes, row.standings, row.wished_since, strict=True)


@pytest.mark.slow
def test_it_is_counted_by_how_long_ago_it_was(views: Views) -> None:
    hours = (1, 23, 25, 24 * 6, 24 * 8, 24 * 29)
    row = Pressure(contact_id=LI, made=tuple(NOW - timedelta(hours=each) for each in reversed(hours)))
    views.put(contact_pressure, row, Pressure(contact_id=WU, merged=True))
    (found,) = views.list(contact_pressure)
    assert (found["last_day"], found["last_week"], found["last_month"]) == (2, 4, 6)
    assert found["subject_id"] == f"contact/{LI}"
    assert [each["contact_id"] for each in views.list(contact_pressure, sort="-last_month")] == [LI]


ZONES = (None, "Asia/Urumqi", "Europe/Berlin", "America/New_York")


@pytest.mark.slow
def test_when_it_is_not_too_much_is_what_the_policy_itself_says(views: Views, seed: int) -> None:
    chance, terms = Random(seed), OutreachTerms()
    people = dict[UUID, Pressure]()
    for number in range(1, 121):
        step = chance.choice((1, 1440))  # Some are whole days apart, where windows just end.
        about = [timedelta(minutes=chance.randrange(-45 * 1440, 20 * 1440, step)) for _ in range(chance.randrange(14))]
        instants = sorted(NOW + each for each in about)
        past, ahead = [at for at in instants if at <= NOW], [at for at in instants if at > NOW]
        people[UUID(int=number)] = Pressure(
            contact_id=ContactId(UUID(int=number)),
            time_zone=chance.choice(ZONES),
            made=tuple(past),
            planned=tuple(str(at) for at in ahead),
            planned_at=tuple(ahead),
        )
    views.put(contact_pressure, *people.values())
    moved = 0
    for hours in (0, 5, 15, 22):
        now = NOW + timedelta(hours=hours)
        found = views.run(page(contact_pressure, Listing(now, None, limit=200)))
        for each in found:
            row = people[each["contact_id"]]
            others = [at for at in (*row.made, *row.planned_at) if at > now - timedelta(days=30)]
            wanted = next_allowed(terms, row.time_zone or terms.time_zone, others, now)
            assert each["next_allowed_at"] == wanted, (row, now)
            moved += wanted != now
    assert moved > 200


@pytest.mark.slow
def test_who_wants_nothing_is_never_to_be_spoken_to(views: Views) -> None:
    views.put(contact_pressure, pressed(silenced()))
    (found,) = views.list(contact_pressure, Filter("do_not_contact", "eq", value=True))
    assert found["next_allowed_at"] is None


# Who may see them

NORTH, SOUTH = OrgPath("north"), OrgPath("south")
ann, sue = (Actor(kind="user", id=name, role="sales", org_path=org) for name, org in (("ann", NORTH), ("sue", SOUTH)))
mia = Actor(kind="user", id="mia", role="sales_manager", org_path=NORTH)
otto = Actor(kind="user", id="otto", role="sales_manager", org_path=SOUTH)
pat = Actor(kind="user", id="pat", role="analyst", org_path=SOUTH)
SCOPES = {"sales": Scope.OWN, "sales_manager": Scope.SUBTREE, "analyst": Scope.ALL}


def card(customer_id: Any, owner: str, *contact_ids: Any) -> CustomerCard:
    return CustomerCard(
        customer_id=customer_id,
        is_now=customer_id,
        type="company",
        created_at=START,
        status_since=START,
        owner_id=StaffId(owner),
        contact_ids=contact_ids,
    )


@pytest.mark.slow
def test_a_contact_is_seen_by_whoever_sees_one_of_its_customers(views: Views) -> None:
    people = (("ann", NORTH), ("sue", SOUTH), ("mia", NORTH), ("otto", SOUTH))
    views.put(
        staff_directory,
        *(Colleague(staff_id=StaffId(name), name=name, role="sales", org_path=org) for name, org in people),
    )
    views.put(customers, card(FIRM, "ann", LIN), card(SHOP, "sue", WU))
    wu = (another(WU), ContactLinked(customer_id=SHOP, contact_id=WU, role="uses"))
    he = ContactId(UUID(int=0xAB))
    story = (
        *(created, *wu, replace(another(WU), contact_id=he)),
        *(lin_created, ContactLinked(customer_id=FIRM, contact_id=LIN, role="uses"), both_wish, merged),
    )
    views.put(contacts, *rows(contacts, *story))
    views.put(contact_pressure, *rows(contact_pressure, *story))

    def seen(view: Any, who: Actor) -> set[Any]:
        asked = Listing(NOW, Reach(who, SCOPES[who.role]))
        return {row["contact_id"] for row in views.run(page(view, asked))}

    assert seen(contacts, ann) == {LIN, LI}, "who is linked, and whom that one has become"
    assert seen(contacts, sue) == {WU}
    assert seen(contacts, mia) == {LIN, LI, he}, "who is nobody's is the managers'"
    assert seen(contacts, otto) == {WU, he}
    assert seen(contacts, pat) == {LI, LIN, WU, he}
    assert seen(contact_pressure, ann) == {LI}
    assert seen(contact_pressure, sue) == {WU}
    assert seen(contact_pressure, mia) == {LI, he}
    (row,) = views.run(page(contacts, Listing(NOW, Reach(pat, Scope.ALL), [Filter("contact_id", "eq", LI)])))
    assert (row["name"], row["phones"]) == ("L***", [PHONE]), "who reads everything sees how names begin"


@pytest.mark.slow
def test_contacts_are_sought_by_name_and_number_and_by_what_they_want(views: Views) -> None:
    views.put(contacts, *rows(contacts, created, consent(), lin_created, silenced(contact_id=LIN), link()))

    def found(*filters: Filter, **more: Any) -> set[Any]:
        return {row["contact_id"] for row in views.list(contacts, *filters, **more)}

    assert found(search="li n") == {LI}
    assert found(search="+8613800000001") == {LI, LIN}
    assert found(Filter("given", "has", "email/marketing")) == {LI}
    assert found(Filter("do_not_contact", "eq", value=True)) == {LIN}
    assert found(Filter("customers", "has", FIRM)) == {LI}
