"""What stands in the way of business with a customer, or of forgetting him."""

from collections.abc import Iterator, Mapping

from commands.customer.customers import customers, detached
from commands.lead.leads import reason_given
from commands.people import in_person
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.facts import (
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
def raise_risk_flag(command: RaiseRiskFlag, customer: Open) -> RiskFlagRaised | None:
    """Note that something is wrong with a customer: none of his orders and leads goes on until a person has looked."""
    flag = coded("flag", command.flag)
    if flag in customer.dossier.risk_flags:
        return None
    return RiskFlagRaised(customer_id=command.customer_id, flag=flag)


@value
class ClearRiskFlag:
    customer_id: CustomerId
    flag: str


@customers.decides(Action.CREDIT)
def clear_risk_flag(command: ClearRiskFlag, customer: Open, asked: Asked) -> RiskFlagCleared:
    """A person has looked at it, and says that all is well."""
    if not asked.imported:
        in_person(asked, Action.CREDIT)
        reason_given(asked)
    if command.flag not in customer.dossier.risk_flags:
        raise Invalid(field="flag", because="no such flag is raised")
    return RiskFlagCleared(customer_id=command.customer_id, flag=command.flag)


def matters_of(customer: Open | Closed) -> tuple[str, ...]:
    return (customer.was if isinstance(customer, Closed) else customer).dossier.legal_holds


@value
class PlaceLegalHold:
    """`matter` is the code of what it is kept for."""

    customer_id: CustomerId
    matter: str


@customers.decides(Action.ADMINISTER)
def place_legal_hold(command: PlaceLegalHold, customer: Open | Closed) -> LegalHoldPlaced | None:
    """Keep what is known of a customer, whoever asks for its erasure."""
    if isinstance(customer, Closed) and customer.because == "erased":
        raise NotNow(found="erased", wanted=("Open",))
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
    return list(customer.dossier.identities) if isinstance(customer, Open) else []


@customers.decides(Action.ADMINISTER, identities=identities_left)
def erase_personal_data(
    command: ErasePersonalData, customer: Open | Closed, identities: Mapping[IdentityId, Identity]
) -> Iterator[PersonalDataErased | IdentityDetached]:
    """Forget the person, and close the customer, unless a court may ask for it."""
    if isinstance(customer, Closed) and customer.because == "erased":
        raise NotNow(found="erased", wanted=("Open",))
    if matters := matters_of(customer):
        raise OnLegalHold(matters=matters)
    found = customer.was if isinstance(customer, Closed) else customer
    yield PersonalDataErased(
        customer_id=command.customer_id,
        from_=NAMES[type(found.lifecycle)] if isinstance(customer, Open) else "closed",
        absorbed=tuple(each for merge in found.merges for each in (merge.absorbed, *merge.earlier)),
    )
    yield from detached(identities.values(), command.customer_id)
