"""The chat tells of visitors who have left word how they can be reached: to us they are leads.

A conversation is one person's, so it is an identity of whoever talks in it: what is told of it again, with more or less
of what he can be reached by, is one more touch of the same lead, whichever comes first. What he can be reached by now,
and could not before, rules do not believe: it stands in the note, for a person to look at. What cannot be read of him
is left out: nobody is lost for that. When he came decides nothing: a lead is new when it comes.
"""

from collections.abc import Iterator
from typing import Literal

from commands.lead.intake import ReceiveEnquiry
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import known_by, reached_by
from consumers.inbound.words import Long, Name, Perhaps, Text, as_id, rounded, shortened, words
from domain.identity import Identifier
from domain.values import LeadId

ANYWHERE = "chat"  # Where a conversation began, if nobody says.


# Their words


@words
class Visitor:
    """`country` is that of a national phone number, by two letters."""

    name: Perhaps[Text] = None
    phone: str | None = None
    country: str | None = None
    email: str | None = None
    wechat: str | None = None


@words
class Budget:
    amount: str | int | float | None = None
    currency: str | None = None


@words
class Origin:
    """Where the conversation began, and which campaign had brought him there."""

    site: Perhaps[Text] = None
    campaign: Perhaps[Text] = None


@words
class ChatMessage:
    """`lead-left` comes once in a conversation, `lead-updated` whenever more is known. `bot` or `agent` asked."""

    id: Name
    type: Literal["lead-left", "lead-updated"]
    conversation: Name
    visitor: Visitor
    origin: Origin | None = None
    product: Perhaps[Text] = None
    budget: Budget | None = None
    summary: Perhaps[Long] = None
    answered_by: str | None = None


# What that comes to


def translate(message: ChatMessage, known: Known) -> Iterator[Wanted]:
    visitor, origin, budget = message.visitor, message.origin or Origin(), message.budget or Budget()
    left = message.type == "lead-left"
    name = message.conversation if left else f"{message.conversation} {message.id}"
    yield Wanted(
        ReceiveEnquiry(
            lead_id=LeadId(known.id_of("lead", chat_leads.system, name)),
            source=origin.site or ANYWHERE,
            channel="chat",
            identities=(*reached(visitor), talking(message)),
            ref=f"{chat_leads.system}/{message.conversation}",
            note=shortened(message.summary, *(() if left else (each.value for each in reached(visitor)))),
            campaign=as_id(origin.campaign),
            name=visitor.name,
            product_line=message.product,
            requested_amount=rounded(budget.amount, budget.currency),
        )
    )


def reached(visitor: Visitor) -> tuple[Identifier, ...]:
    return reached_by(phone=visitor.phone, country=visitor.country, email=visitor.email, wechat=visitor.wechat)


def talking(message: ChatMessage) -> Identifier:
    return Identifier(kind="external", value=message.conversation, system=chat_leads.system)


def mentions(message: ChatMessage) -> tuple[Identifier, ...]:
    return known_by(*reached(message.visitor), talking(message))


chat_leads = Channel(
    topic="chat.leads.v1",
    system="chat",
    message=ChatMessage,
    message_id=lambda message: message.id,
    order=None,
    translate=translate,
    mentions=mentions,
)
