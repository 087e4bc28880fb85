"""How a customer comes, how he registers, and how what is known of him is put right."""

from dataclasses import replace

import pytest

from commands.customer.creating import (
    AdoptCustomer,
    CorrectCustomer,
    CreateCustomer,
    RegisterCustomer,
    UpdateCustomerProfile,
)
from commands.customer.customers import GivenProfile
from commands.lead.capture import CaptureLead
from domain.customer.dossier import Profile
from domain.customer.facts.person import (
    CustomerAdopted,
    CustomerCorrected,
    CustomerCreated,
    CustomerProfileUpdated,
    CustomerRegistered,
)
from domain.customer.refusals import AlreadyRegistered, KnownCustomer
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.identity import HeldBy, Identifier, IdentityLink, IdentityReleased, IdentityReserved, Unheld
from domain.lead.facts.intake import LeadCaptured
from domain.values import CustomerId, Erased, LeadId
from tests.commands.customer.situations import (
    EMAIL,
    LEAD,
    LI,
    OTHER,
    PHONE,
    WECHAT,
    assigned,
    attributed,
    created,
    detached,
    erased,
    link,
    merged,
    other_created,
    shut,
)
from tests.spec import START, administrator, ann, crm, given, identity, mia, pat, sue

create = CreateCustomer(customer_id=LI, profile=GivenProfile(name="Li Na"), identities=(PHONE,))
captured = (
    LeadCaptured(lead_id=LEAD, source="fair", channel="form", identities=(link(1),)),
    IdentityReserved(identity_id=identity(1), kind="phone", lead_id=LEAD),
)


# Created


def test_a_customer_is_created_with_what_is_known_of_him() -> None:
    given().when(create).then(*created)
    company = CreateCustomer(customer_id=LI, customer_type="company", lead_id=LEAD)
    given().when(company).then(
        CustomerCreated(customer_id=LI, customer_type="company", profile=Profile(), lead_id=LEAD)
    )


def test_an_identity_in_two_spellings_is_one() -> None:
    twice = replace(create, identities=(PHONE, Identifier(kind="phone", value="138 0000 0001", region="CN")))
    given().when(twice).then(*created)


def test_one_customer_has_an_identity_and_is_named() -> None:
    again = replace(create, customer_id=OTHER)
    given(*created).when(again, by=sue).refused(
        KnownCustomer, because=f"the phone belongs to the customer {LI}: go on with that one, or merge the two"
    )
    given(*created).when(create).refused(NotNow, because="this needs Uncreated, and it is Open")


def test_a_profile_says_something_or_nothing() -> None:
    blank = replace(create, profile=GivenProfile(name="Li Na", motive=" "))
    given().when(blank).refused(Invalid, because="profile/motive: this must not be blank")


def test_who_only_reads_creates_nobody() -> None:
    given().when(create, by=pat).refused(NotAllowed, because="capture is not allowed")


# Whose an identity is, and which lead holds it, are two questions


def test_the_identity_of_an_open_lead_is_a_customer_s_as_well() -> None:
    story = given(*captured).when(create).then(*created)
    state = story.when(create).desk.executor.state(f"identity/{identity(1)}").state
    assert state == HeldBy(identity_id=identity(1), lead_id=LEAD, customer_id=LI)


def test_a_customer_s_identity_can_be_captured_again_and_stays_his() -> None:
    capture = CaptureLead(lead_id=LEAD, source="fair", channel="form", identities=(PHONE,))
    story = given(*created).when(capture, by=crm).then(*captured)
    freed = IdentityReleased(identity_id=identity(1), lead_id=LEAD, cooling={"ann": START})  # type: ignore[dict-item]
    state = story.also(freed).when(create).desk.executor.state(f"identity/{identity(1)}").state
    assert state == Unheld(identity_id=identity(1), cooling={"ann": START}, customer_id=LI)  # type: ignore[dict-item]
    second = LeadId(OTHER)
    story.also(freed).when(replace(capture, lead_id=second), by=crm).done()


# Registered

register = RegisterCustomer(customer_id=LI, account_id="u-77")
ACCOUNT = Identifier(kind="external", value="u-77", system="shop")


def registered(number: int, *more: IdentityLink) -> CustomerRegistered:
    return CustomerRegistered(customer_id=LI, account_id="u-77", identities_added=(link(number, ACCOUNT), *more))


def test_an_account_is_noted_and_is_an_identity_from_then_on() -> None:
    story = given(*created).when(register, by=crm).then(registered(2), attributed(2, LI, "external"))
    again = RegisterCustomer(customer_id=OTHER, account_id=" u-77 ")
    story.when(again, by=crm).refused(KnownCustomer, because=f"the external belongs to the customer {LI}")
    elsewhere = replace(again, system="school")
    story.when(elsewhere, by=crm).done()


def test_who_registers_and_only_enquired_before_is_found() -> None:
    """The two sets, of those who enquired and those who registered, are one set of people."""
    stranger = replace(register, customer_id=OTHER, identities=(PHONE,))
    given(*created).when(stranger, by=crm).refused(KnownCustomer, because=f"the phone belongs to the customer {LI}")
    himself = replace(register, identities=(PHONE, EMAIL))
    given(*created).when(himself, by=crm).then(
        registered(2, link(3, EMAIL)), attributed(2, LI, "external"), attributed(3, LI, "email")
    )


def test_who_registers_and_is_known_to_nobody_becomes_a_customer() -> None:
    given().when(replace(register, identities=(EMAIL,)), by=crm).then(
        CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile()),
        registered(1, link(2, EMAIL)),
        attributed(1, LI, "external"),
        attributed(2, LI, "email"),
    )


def test_a_customer_registers_once() -> None:
    story = given(*created, registered(2), attributed(2, LI, "external"))
    story.when(register, by=crm).refused(AlreadyRegistered, because="this customer has an account already")
    repeated = CustomerRegistered(customer_id=LI, account_id="u-77")
    story.when(register, by=crm, imported=True).then(repeated)


def test_only_the_system_that_has_the_account_says_so() -> None:
    given(*created).when(register, by=mia).refused(NotAllowed, because="mirror is not allowed")


def test_an_account_has_an_id() -> None:
    given(*created).when(replace(register, account_id=" "), by=crm).refused(Invalid, because="an external id names")
    given(*created, *shut).when(register, by=crm).refused(NotNow, because="and it is Closed")


# Corrected, and updated


def test_a_correction_names_the_event_that_was_wrong() -> None:
    correct = CorrectCustomer(customer_id=LI, corrects=1, customer_type="merchant", profile=GivenProfile(name="Li"))
    corrected = CustomerCorrected(customer_id=LI, corrects=1, customer_type="merchant", profile=Profile(name="Li"))
    given(*created).when(correct, by=mia).then(corrected)
    for wrong in (0, 2):
        given(*created).when(replace(correct, corrects=wrong), by=mia).refused(Invalid, because="has versions 1 to 1")
    nothing = CorrectCustomer(customer_id=LI, corrects=1)
    given(*created).when(nothing, by=mia).refused(Invalid, because="corrects: say what is right instead")
    blank = replace(correct, profile=GivenProfile(family=""))
    given(*created).when(blank, by=mia).refused(Invalid, because="profile/family")


def test_identities_are_corrected_as_a_whole() -> None:
    correct = CorrectCustomer(customer_id=LI, corrects=1, identities=(WECHAT,))
    story = (
        given(*created)
        .when(correct, by=mia)
        .then(
            CustomerCorrected(
                customer_id=LI,
                corrects=1,
                identities_added=(link(2, WECHAT),),
                identities_removed=(identity(1),),
            ),
            attributed(2, LI, "wechat"),
            detached(1),
        )
    )
    story.when(replace(create, customer_id=OTHER)).done()
    taken = replace(correct, identities=(EMAIL,))
    given(*created, *other_created).when(taken, by=mia).refused(KnownCustomer, because=f"the customer {OTHER}")
    same = replace(correct, identities=(PHONE,))
    given(*created).when(same, by=mia).then(CustomerCorrected(customer_id=LI, corrects=1))


def test_what_becomes_known_of_the_person_is_noted() -> None:
    update = UpdateCustomerProfile(customer_id=LI, profile=GivenProfile(motive="her son", family="two children"))
    updated = CustomerProfileUpdated(customer_id=LI, profile=Profile(motive="her son", family="two children"))
    story = given(*created, assigned()).when(update, by=ann).then(updated)
    state = story.when(update).desk.executor.state(f"customer/{LI}").state
    assert state.dossier.profile == Profile(name="Li Na", motive="her son", family="two children")
    nothing = UpdateCustomerProfile(customer_id=LI, profile=GivenProfile())
    given(*created, assigned()).when(nothing, by=ann).refused(Invalid, because="profile: say what is new")


def test_what_was_erased_can_be_lived_with() -> None:
    gone = Erased(on=START, by="privacy")
    forgotten = replace(created[0], profile=Profile(name=gone), identities=(replace(link(1), value=gone),))
    update = UpdateCustomerProfile(customer_id=LI, profile=GivenProfile(motive="her son"))
    story = given(forgotten, attributed(1)).when(update, by=mia).done()
    state = story.when(update, by=mia).desk.executor.state(f"customer/{LI}").state
    assert state.dossier.profile == Profile(name=gone, motive="her son")


# Adopted, and whom it concerns


def test_imported_history_becomes_a_live_customer() -> None:
    adopt = AdoptCustomer(customer_id=LI)
    given(*created).when(adopt, by=administrator).then(CustomerAdopted(customer_id=LI))
    given(*created).when(adopt, by=mia).refused(NotAllowed, because="import is not allowed")


OF_WHO_IS_THERE = [
    CorrectCustomer(customer_id=LI, corrects=1, customer_type="company"),
    UpdateCustomerProfile(customer_id=LI, profile=GivenProfile(name="Li")),
]


@pytest.mark.parametrize("command", OF_WHO_IS_THERE, ids=lambda command: type(command).__name__)
def test_a_customer_is_there_and_within_reach(command: object) -> None:
    given().when(command, by=mia).refused(Hidden)
    given(*created, assigned()).when(command, by=sue).refused(Hidden, because=f"no customer/{LI} is to be seen here")
    given(*created, *shut).when(command, by=mia).refused(NotNow, because="this needs Open, and it is Closed")
    given(*created, *erased).when(command, by=mia).refused(NotNow, because="this needs Open, and it is Closed")


def test_an_identity_of_who_was_shut_is_free_again() -> None:
    given(*created, *shut).when(replace(create, customer_id=OTHER)).done()


def test_an_identity_of_who_was_absorbed_is_the_survivor_s() -> None:
    third = CreateCustomer(customer_id=CustomerId(LEAD), identities=(EMAIL,))
    given(*created, *other_created, *merged).when(third).refused(KnownCustomer, because=f"the customer {LI}")
