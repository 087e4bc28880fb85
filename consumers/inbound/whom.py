"""Whom another system means: by what he is called there, and as whom he is known here by now."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from uuid import UUID

from consumers.inbound.channel import Known, NotYet
from domain.customer.states import Absorbed, Uncreated
from domain.errors import Invalid
from domain.identity import Identifier, normalised
from domain.values import CustomerId

SHOP = "shop"  # Whose accounts and order numbers other systems use as well.


def account(number: str) -> Identifier:
    """Somebody by his account in the shop."""
    return Identifier(kind="external", value=number, system=SHOP)


def known_by(*given: Identifier) -> tuple[Identifier, ...]:
    """Those by which somebody can be found, each once and in the one spelling; what cannot be one leads to nobody."""
    return tuple(dict.fromkeys(spelled(given)))


def spelled(given: Iterable[Identifier]) -> Iterator[Identifier]:
    for each in given:
        with suppress(Invalid):
            yield normalised(each)


def reached_by(
    *, phone: str | None, country: str | None, email: str | None, wechat: str | None
) -> tuple[Identifier, ...]:
    """By what somebody can be reached, of all that he has typed. A national number is of a country, by two letters."""
    return known_by(
        Identifier(kind="phone", value=phone or "", region=country or None),
        Identifier(kind="email", value=email or ""),
        Identifier(kind="wechat", value=wechat or ""),
    )


def customer_behind(known: Known, identifier: Identifier) -> CustomerId | None:
    """Whose it is, as far as it is anybody's; whom he has become, where two were found to be one."""
    identity_id = known.find(identifier)
    found = None if identity_id is None else known.state(f"identity/{identity_id}").customer_id
    return None if found is None else who_is_now(known, found)


def who_is_now(known: Known, customer_id: UUID) -> CustomerId | None:
    """Whom a customer has become, who may be himself; None where nobody has that id."""
    state = known.state(f"customer/{customer_id}")
    while isinstance(state, Absorbed):
        customer_id = state.into
        state = known.state(f"customer/{customer_id}")
    return None if isinstance(state, Uncreated) else CustomerId(customer_id)


def must_be_known(customer_id: CustomerId | None) -> CustomerId:
    """Raises NotYet: whom one system knows, another will tell us of sooner or later."""
    if customer_id is None:
        raise NotYet("whom this is about is not a customer here yet")
    return customer_id
