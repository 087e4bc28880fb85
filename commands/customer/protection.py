"""What stands in the way of business with a customer, or of forgetting him."""

from collections.abc import Iterator, Mapping

from commands.customer.customers import customers, detached, identities_freed, stopped_for
from commands.lead.leads import reason_given
from commands.people import in_person
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.protection import (
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
    RiskFlagCleared,
    RiskFlagRaised,
)
from domain.customer.refusals import OnLegalHold
from domain.customer.states import NAMES, Closed, Open
from domain.errors import Invalid, NotNow
from domain.identity import Identity, IdentityDetached
from domain.values import CustomerId, IdentityId, value


@value
class RaiseRiskFlag:
    """`flag` is a code of the system that found it."""

    customer_id: CustomerId
    flag: str


@customers.decides(Action.MIRROR)
def raise_risk_flag(command: RaiseRiskFlag, customer: Open | Closed) -> RiskFlagRaised | None:
    """Note that something is wrong with a customer: none of his orders and leads goes on until a person has looked."""
    flag = coded("flag", command.flag)
    must_be_somebody(customer)
    if flag in known_of(customer).dossier.risk_flags:
        return None
    return RiskFlagRaised(customer_id=command.customer_id, flag=flag)


@value
class ClearRiskFlag:
    customer_id: CustomerId
    flag: str


def identities_waiting(command: ClearRiskFlag, customer: Open | Closed) -> list[IdentityId]:
    """Those of a customer who was shut, when this is the last flag that keeps them."""
    if isinstance(customer, Open) or customer.was.dossier.risk_flags != (command.flag,):
        return []
    return list(customer.was.dossier.identities)


@customers.decides(Action.CREDIT, identities=identities_waiting)
def clear_risk_flag(
    command: ClearRiskFlag, customer: Open | Closed, identities: Mapping[IdentityId, Identity], asked: Asked
) -> Iterator[RiskFlagCleared | IdentityDetached]:
    """A person has looked at it, and says that all is well."""
    if not asked.imported:
        in_person(asked, Action.CREDIT)
        reason_given(asked)
    must_be_somebody(customer)
    if command.flag not in known_of(customer).dossier.risk_flags:
        raise Invalid(field="flag", because="no such flag is raised")
    yield RiskFlagCleared(customer_id=command.customer_id, flag=command.flag)
    yield from detached(identities.values(), command.customer_id)


@value
class ShutCustomer:
    customer_id: CustomerId


def identities_if_shut(customer: Open) -> list[IdentityId]:
    return identities_freed(customer)


@customers.decides(Action.CREDIT, identities=identities_if_shut)
def shut_customer(
    command: ShutCustomer, customer: Open, identities: Mapping[IdentityId, Identity], asked: Asked
) -> Iterator[CustomerStatusChanged | IdentityDetached]:
    """Shut a customer who is stopped. His flags stay on him, and nobody comes back under his identities meanwhile."""
    if not asked.imported:
        in_person(asked, Action.CREDIT)
        reason_given(asked)
    if not stopped_for(customer):
        raise NotNow(found="Open", wanted=("RiskFlag", "CreditHold"))
    before = NAMES[type(customer.lifecycle)]
    yield CustomerStatusChanged(customer_id=command.customer_id, from_=before, to="closed")
    yield from detached(identities.values(), command.customer_id)


def known_of(customer: Open | Closed) -> Open:
    return customer.was if isinstance(customer, Closed) else customer


def must_be_somebody(customer: Open | Closed) -> None:
    if isinstance(customer, Closed) and customer.because == "erased":
        raise NotNow(found="erased", wanted=("Open",))


def matters_of(customer: Open | Closed) -> tuple[str, ...]:
    return known_of(customer).dossier.legal_holds


@value
class PlaceLegalHold:
    """`matter` is the code of what it is kept for."""

    customer_id: CustomerId
    matter: str


@customers.decides(Action.ADMINISTER)
def place_legal_hold(command: PlaceLegalHold, customer: Open | Closed) -> LegalHoldPlaced | None:
    """Keep what is known of a customer, whoever asks for its erasure."""
    must_be_somebody(customer)
    matter = coded("matter", command.matter)
    if matter in matters_of(customer):
        return None
    return LegalHoldPlaced(customer_id=command.customer_id, matter=matter)


@value
class LiftLegalHold:
    customer_id: CustomerId
    matter: str


@customers.decides(Action.ADMINISTER)
def lift_legal_hold(command: LiftLegalHold, customer: Open | Closed, asked: Asked) -> LegalHoldLifted:
    """The matter is over."""
    reason_given(asked)
    if command.matter not in matters_of(customer):
        raise Invalid(field="matter", because="it is not kept for that")
    return LegalHoldLifted(customer_id=command.customer_id, matter=command.matter)


@value
class ErasePersonalData:
    customer_id: CustomerId


def identities_left(customer: Open | Closed) -> list[IdentityId]:
    return list(known_of(customer).dossier.identities)


@customers.decides(Action.ADMINISTER, identities=identities_left)
def erase_personal_data(
    command: ErasePersonalData, customer: Open | Closed, identities: Mapping[IdentityId, Identity]
) -> Iterator[PersonalDataErased | IdentityDetached]:
    """Forget the person, and close the customer, unless a court may ask for it."""
    must_be_somebody(customer)
    if matters := matters_of(customer):
        raise OnLegalHold(matters=matters)
    found = known_of(customer)
    yield PersonalDataErased(
        customer_id=command.customer_id,
        from_=NAMES[type(found.lifecycle)] if isinstance(customer, Open) else "closed",
        absorbed=tuple(each for merge in found.merges for each in (merge.absorbed, *merge.earlier)),
        identities=tuple(each.identity_id for each in identities.values() if each.customer_id == command.customer_id),
    )
    yield from detached(identities.values(), command.customer_id)
