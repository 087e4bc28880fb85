"""web.touchpoints.v1: who was on our pages, filled in a form of ours, or met us in a social network.

Most who come are nobody whom we know, and that is no error: it comes to nothing. What comes of a customer is told of
him, and of the lead alone where nobody is a customer yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from commands.customer.lifecycle import RecordTouchpoint
from commands.lead.work import RecordTouch
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.meant import account, customer_behind, who_is_now
from consumers.inbound.words import Code, Name, Perhaps, Text, is_code, storable
from domain.errors import Invalid
from domain.identity import HeldBy, Identifier, IdentityKind, normalised
from domain.lead.states import Uncaptured
from domain.values import CustomerId, Instant, LeadId

LONGEST_SHOWN = 1_000  # Of an address.

Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000), AfterValidator(storable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """All that the site knows of him: ids of ours that came with a link, an account of the shop, what he has typed.

    A number that is not international is of a `region`; what was mistyped, and can be nobody's, names nobody.
    """

    customer_id: Annotated[UUID | None, Perhaps] = None
    lead_id: Annotated[UUID | None, Perhaps] = None
    account_id: str | None = None
    phone: str | None = None
    region: str | None = None
    email: str | None = None
    wechat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisited:
    type: Literal["page.visited"]
    page: Address = ""
    referrer: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmitted:
    """`message` is what he has written there."""

    type: Literal["form.submitted"]
    form: Code
    message: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialTouch:
    """He has spoken to us there, or we to him. A `network` whose name is no code is a social one all the same."""

    type: Literal["social.touch"]
    network: Text
    direction: Literal["inbound", "outbound"]
    text: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointMessage:
    touch_id: Name
    happened_at: Instant
    visitor: Visitor
    touch: Annotated[PageVisited | FormSubmitted | SocialTouch, Field(discriminator="type")]


def translate(message: TouchpointMessage, known: Known) -> Iterator[Wanted]:
    ref, channel = message.touch_id, channel_of(message.touch)
    note = said_in(message.touch) or None
    customer_id = customer_meant(message.visitor, known)
    if customer_id is not None:
        direction = message.touch.direction if isinstance(message.touch, SocialTouch) else "inbound"
        touchpoint = RecordTouchpoint(customer_id=customer_id, channel=channel, direction=direction, ref=ref, note=note)
        yield Wanted(touchpoint, message.happened_at)
    elif (lead_id := lead_meant(message.visitor, known)) is not None:
        touch = RecordTouch(lead_id=lead_id, channel=channel, ref=ref, note=note)
        yield Wanted(touch, message.happened_at)


def channel_of(touch: PageVisited | FormSubmitted | SocialTouch) -> str:
    match touch:
        case PageVisited():
            return "web"
        case FormSubmitted():
            return "form"
        case SocialTouch(network=network):
            return network.lower() if is_code(network) else "social"


def said_in(touch: PageVisited | FormSubmitted | SocialTouch) -> str:
    """What there is to read of it. Of a page without what was asked of it, in which a site writes whatever it likes."""
    match touch:
        case PageVisited(page=page, referrer=referrer):
            return " ← ".join(filter(None, map(bare, (page, referrer or ""))))
        case FormSubmitted(form=form, message=message):
            return f"{form}: {message}" if message else form
        case SocialTouch(text=text):
            return text or ""


def bare(page: str) -> str:
    return page.partition("#")[0].partition("?")[0][:LONGEST_SHOWN]


# Whom it names


def customer_meant(visitor: Visitor, known: Known) -> CustomerId | None:
    """By our own id, else by the first of his names that is anybody's."""
    named = None if visitor.customer_id is None else who_is_now(known, visitor.customer_id)
    customers = (customer_behind(known, each) for each in names(visitor))
    return named or next((each for each in customers if each is not None), None)


def lead_meant(visitor: Visitor, known: Known) -> LeadId | None:
    if visitor.lead_id is not None and not isinstance(known.state(f"lead/{visitor.lead_id}"), Uncaptured):
        return LeadId(visitor.lead_id)
    return next(leads_behind(names(visitor), known), None)


def leads_behind(identifiers: Iterable[Identifier], known: Known) -> Iterator[LeadId]:
    for identifier in identifiers:
        identity_id = known.find(identifier)
        held: Any = None if identity_id is None else known.state(f"identity/{identity_id}")
        if isinstance(held, HeldBy):
            yield held.lead_id


def names(visitor: Visitor) -> Sequence[Identifier]:
    """Those of his names that can be somebody's."""
    told: tuple[tuple[IdentityKind, str | None], ...] = (
        ("external", visitor.account_id),
        ("phone", visitor.phone),
        ("email", visitor.email),
        ("wechat", visitor.wechat),
    )
    return tuple(found for kind, name in told if name and (found := possible(kind, name, visitor.region)) is not None)


def possible(kind: IdentityKind, name: str, region: str | None) -> Identifier | None:
    try:
        return account(name) if kind == "external" else normalised(Identifier(kind=kind, value=name, region=region))
    except Invalid:
        return None


web_touchpoints = Channel(
    topic="web.touchpoints.v1",
    system="web",
    message=TouchpointMessage,
    message_id=lambda message: message.touch_id,
    order=None,
    translate=translate,
    mentions=lambda message: names(message.visitor),
)
