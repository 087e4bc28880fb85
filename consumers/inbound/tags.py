"""bigdata.tags.v1: what those who mine the data call a customer, and call him no longer.

They read our events, and name him by our id. A message is about one customer, so that what is said of him keeps its
order; all that one run of a model has found of him comes in one.
"""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from commands.customer.relations import ApplyTag, RemoveTag
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import must_be_known, who_is_now
from consumers.inbound.words import Code, Name, Perhaps, words
from domain.values import Instant

MOST = 100  # Changes in one message.


@words
class TagChange:
    """How sure the model is, decides nothing here; nor does when it will think otherwise: then it says `remove`."""

    op: Literal["add", "remove"]
    tag: Code
    confidence: float | str | None = None
    expires_at: Perhaps[Instant] = None


@words
class TagMessage:
    """`run` is the number of a run of a `model`, which computed this at an instant."""

    run: Name
    model: Code
    customer_id: UUID
    computed_at: Instant
    changes: Annotated[tuple[TagChange, ...], Field(max_length=MOST)]


def translate(message: TagMessage, known: Known) -> Iterator[Wanted]:
    """Each change by itself: one that is refused, as for a tag that the catalog does not offer, stops no other."""
    customer_id = must_be_known(who_is_now(known, message.customer_id))
    for change in message.changes:
        kind = ApplyTag if change.op == "add" else RemoveTag
        wanted = kind(customer_id=customer_id, tag=change.tag, source=message.model)
        yield Wanted(wanted, message.computed_at)


bigdata_tags = Channel(
    topic="bigdata.tags.v1",
    system="bigdata",
    message=TagMessage,
    message_id=lambda message: f"{message.model}/{message.run}/{message.customer_id}",
    order=lambda message: str(message.customer_id),
    translate=translate,
)
