"""risk.flags.v1: what the risk system finds wrong with somebody, and that it finds it no longer.

What it raises holds the customer at once. What it clears it only asks for: a person here has to have looked as well
(decision 27), so that this is refused and stands among what was refused, for those who decide about credit.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import account, customer_behind, must_be_known
from consumers.inbound.words import Code, Name, Perhaps, words
from domain.actor import Reason
from domain.values import Instant


@words
class FlagRaised:
    """`severity` is the risk system's own affair: whatever it raises holds."""

    event: Literal["flag.raised"]
    flag: Code
    severity: str | None = None


@words
class FlagCleared:
    """`outcome` is what its case came to."""

    event: Literal["flag.cleared"]
    flag: Code
    outcome: Perhaps[Code] = None


@words
class RiskMessage:
    """`account_id` is that of the shop."""

    event_id: Name
    account_id: Name
    decided_at: Instant
    decision: Annotated[FlagRaised | FlagCleared, Field(discriminator="event")]


def translate(message: RiskMessage, known: Known) -> Iterator[Wanted]:
    """Raises NotYet for an account that is nobody's yet: who is held may not slip in before his flag."""
    customer_id = must_be_known(customer_behind(known, account(message.account_id)))
    match message.decision:
        case FlagRaised(flag=flag):
            yield Wanted(RaiseRiskFlag(customer_id=customer_id, flag=flag), message.decided_at)
        case FlagCleared(flag=flag, outcome=outcome):
            clear = ClearRiskFlag(customer_id=customer_id, flag=flag)
            yield Wanted(clear, message.decided_at, Reason(code=outcome or "cleared"))


risk_flags = Channel(
    topic="risk.flags.v1",
    system="risk",
    message=RiskMessage,
    message_id=lambda message: message.event_id,
    order=lambda message: message.account_id,
    translate=translate,
    mentions=lambda message: (account(message.account_id),),
)
