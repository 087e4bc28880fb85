"""web.touchpoints.v1: who was on our pages, filled in a form of ours, or met us in a social network.

Most who come are nobody whom we know, and that is no error: it comes to nothing. What comes of a customer is told of
him, and of the lead alone where nobody is a customer yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from commands.customer.lifecycle import RecordTouchpoint
from commands.lead.work import RecordTouch
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import account, customer_behind, known_by, reached_by, who_is_now
from consumers.inbound.words import Code, Long, Name, Perhaps, Text, as_code, shortened, words
from domain.identity import HeldBy, Identifier
from domain.lead.states import Uncaptured
from domain.values import CustomerId, Instant, LeadId

LONGEST_SHOWN = 1_000  # Of an address.


@words
class Visitor:
    """All that the site knows of him: ids of ours that came with a link, an account of the shop, what he has typed.

    A number that is not international is of a `region`; what was mistyped, and can be nobody's, names nobody.
    """

    customer_id: Perhaps[UUID] = None
    lead_id: Perhaps[UUID] = None
    account_id: str | None = None
    phone: str | None = None
    region: str | None = None
    email: str | None = None
    wechat: str | None = None


@words
class PageVisited:
    type: Literal["page.visited"]
    page: Perhaps[Long] = None
    referrer: Perhaps[Long] = None


@words
class FormSubmitted:
    """`message` is what he has written there."""

    type: Literal["form.submitted"]
    form: Code
    message: Perhaps[Long] = None


@words
class SocialTouch:
    """He has spoken to us there, or we to him. A `network` whose name is no code is a social one all the same."""

    type: Literal["social.touch"]
    network: Text
    direction: Literal["inbound", "outbound"]
    text: Perhaps[Long] = None


@words
class TouchpointMessage:
    touch_id: Name
    happened_at: Instant
    visitor: Visitor
    touch: Annotated[PageVisited | FormSubmitted | SocialTouch, Field(discriminator="type")]


def translate(message: TouchpointMessage, known: Known) -> Iterator[Wanted]:
    ref, channel = message.touch_id, channel_of(message.touch)
    note = shortened(said_in(message.touch))
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
            return (as_code(network) or "social").lower()


def said_in(touch: PageVisited | FormSubmitted | SocialTouch) -> str | None:
    """What there is to read of it. Of a page without what was asked of it, in which a site writes whatever it likes."""
    match touch:
        case PageVisited(page=page, referrer=referrer):
            return " ← ".join(bare(each) for each in (page, referrer) if each)
        case FormSubmitted(form=form, message=message):
            return f"{form}: {message}" if message else form
        case SocialTouch(text=text):
            return text


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
    reached = reached_by(phone=visitor.phone, country=visitor.region, email=visitor.email, wechat=visitor.wechat)
    return known_by(account(visitor.account_id or ""), *reached)


web_touchpoints = Channel(
    topic="web.touchpoints.v1",
    system="web",
    message=TouchpointMessage,
    message_id=lambda message: message.touch_id,
    order=None,
    translate=translate,
    mentions=lambda message: names(message.visitor),
)
