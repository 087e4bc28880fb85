"""How a customer comes, how he registers, and how what is known of him is put right."""

from collections.abc import Iterator, Mapping

from commands.customer.customers import (
    GivenProfile,
    attributed,
    customers,
    detached,
    link,
    must_be_nobody_elses,
    told,
)
from domain.access import Action
from domain.actor import Asked
from domain.customer.dossier import CustomerType, Profile
from domain.customer.facts.person import (
    CustomerAdopted,
    CustomerCorrected,
    CustomerCreated,
    CustomerProfileUpdated,
    CustomerRegistered,
)
from domain.customer.lapse import ahead_of
from domain.customer.refusals import AlreadyRegistered, HeldForRisk
from domain.customer.states import NAMES, Open, Uncreated
from domain.errors import Invalid
from domain.identity import Identifier, Identity, IdentityAttributed, IdentityDetached, normalised
from domain.values import CustomerId, IdentityId, LeadId, value


@value
class CreateCustomer:
    """`lead_id` is the lead that he was until now, if he was one."""

    customer_id: CustomerId
    customer_type: CustomerType = "individual"
    profile: GivenProfile = GivenProfile()
    identities: tuple[Identifier, ...] = ()
    lead_id: LeadId | None = None


def identifiers(command: CreateCustomer) -> list[Identifier]:
    """Each once, in the one spelling that can be compared."""
    return list(dict.fromkeys(map(normalised, command.identities)))


@customers.decides(Action.CAPTURE, identities=identifiers)
def create(
    command: CreateCustomer, _: Uncreated, identities: Mapping[Identifier, Identity]
) -> Iterator[CustomerCreated | IdentityAttributed]:
    """Create a customer whom nobody knows yet; who has one of his identities is named otherwise."""
    must_be_nobody_elses(identities, command.customer_id)
    yield CustomerCreated(
        customer_id=command.customer_id,
        customer_type=command.customer_type,
        profile=told(command.profile),
        identities=tuple(link(identity, identifier) for identifier, identity in identities.items()),
        lead_id=command.lead_id,
    )
    yield from attributed(identities, command.customer_id)


@value
class RegisterCustomer:
    """Somebody has opened an account in a `system`: he himself, whom we know from an enquiry, or whom nobody knows.

    `identities` are what he gave there. Whose they are already is named: register that customer, or merge.
    """

    customer_id: CustomerId
    account_id: str
    system: str = "shop"
    identities: tuple[Identifier, ...] = ()
    customer_type: CustomerType = "individual"


def account_and_identities(command: RegisterCustomer) -> list[Identifier]:
    account = Identifier(kind="external", value=command.account_id, system=command.system)
    return list(dict.fromkeys(map(normalised, (account, *command.identities))))


@customers.decides(Action.MIRROR, identities=account_and_identities)
def register(
    command: RegisterCustomer, customer: Uncreated | Open, identities: Mapping[Identifier, Identity], asked: Asked
) -> Iterator[CustomerCreated | CustomerRegistered | IdentityAttributed]:
    """Note that a customer has an account of his own. Whom nobody knows becomes a customer thereby."""
    must_be_nobody_elses(identities, command.customer_id)
    if isinstance(customer, Open) and customer.dossier.registered and not asked.imported:
        raise AlreadyRegistered
    if isinstance(customer, Uncreated):
        yield CustomerCreated(customer_id=command.customer_id, customer_type=command.customer_type, profile=Profile())
    new = {each: identity for each, identity in identities.items() if identity.customer_id is None}
    yield CustomerRegistered(
        customer_id=command.customer_id,
        account_id=next(iter(identities)).value,
        identities_added=tuple(link(identity, identifier) for identifier, identity in new.items()),
    )
    yield from attributed(new, command.customer_id)


@value
class CorrectCustomer:
    """`corrects` is the version of the event that was wrong; only what is given is corrected."""

    customer_id: CustomerId
    corrects: int
    customer_type: CustomerType | None = None
    profile: GivenProfile | None = None
    identities: tuple[Identifier, ...] | None = None


def corrected_identifiers(command: CorrectCustomer) -> list[Identifier]:
    return list(dict.fromkeys(map(normalised, command.identities or ())))


def present_identities(command: CorrectCustomer, customer: Open) -> list[IdentityId]:
    return [] if command.identities is None else list(customer.dossier.identities)


@customers.decides(Action.CLOSE, given=corrected_identifiers, present=present_identities)
def correct(
    command: CorrectCustomer,
    customer: Open,
    given: Mapping[Identifier, Identity],
    present: Mapping[IdentityId, Identity],
    asked: Asked,
) -> Iterator[CustomerCorrected | IdentityAttributed | IdentityDetached]:
    """Correct what was noted wrongly; the wrong fact stays readable, and the correction names it."""
    if not 1 <= command.corrects <= asked.version:
        raise Invalid(field="corrects", because=f"the customer has versions 1 to {asked.version}")
    if command.customer_type is None and command.profile is None and command.identities is None:
        raise Invalid(field="corrects", because="say what is right instead")
    must_be_nobody_elses(given, command.customer_id)
    added = {each: identity for each, identity in given.items() if identity.identity_id not in present}
    kept = {identity.identity_id for identity in given.values()}
    removed = tuple(each for each in present if each not in kept)
    if removed and customer.dossier.risk_flags and not asked.imported:
        # Free, it would be another customer's, of whom nothing is known.
        raise HeldForRisk(customer_id=command.customer_id, flags=customer.dossier.risk_flags)
    yield CustomerCorrected(
        customer_id=command.customer_id,
        corrects=command.corrects,
        customer_type=command.customer_type,
        profile=None if command.profile is None else told(command.profile),
        identities_added=tuple(link(identity, identifier) for identifier, identity in added.items()),
        identities_removed=removed,
    )
    yield from attributed(added, command.customer_id)
    yield from detached([present[each] for each in removed], command.customer_id)


@value
class UpdateCustomerProfile:
    customer_id: CustomerId
    profile: GivenProfile


@customers.decides(Action.WORK)
def update_profile(command: UpdateCustomerProfile, _: Open) -> CustomerProfileUpdated:
    """Note what has changed, or become known, of what the person likes and needs."""
    if command.profile == GivenProfile():
        raise Invalid(field="profile", because="say what is new")
    return CustomerProfileUpdated(customer_id=command.customer_id, profile=told(command.profile))


@value
class AdoptCustomer:
    customer_id: CustomerId


@customers.decides(Action.IMPORT)
def adopt(command: AdoptCustomer, customer: Open) -> CustomerAdopted:
    """Take an imported customer into live work: from now on his deadlines run and policies see him."""
    ahead = ahead_of(NAMES[type(customer.lifecycle)], customer.dossier)
    return CustomerAdopted(customer_id=command.customer_id, ahead=ahead)
