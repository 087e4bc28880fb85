"""The decider of calls, and what its rules share."""

import re
from uuid import UUID

from commands.decider import Decider, Holding, stream_name
from domain.call.facts import CallEvent
from domain.call.states import AnyCall, Call, Unheard, agent_of, evolve
from domain.errors import Invalid
from domain.values import StaffId


def holding(call: AnyCall) -> Holding | None:
    """A call is its agent's; where none is known yet, it is every manager's."""
    return Holding(owner=agent_of(call)) if isinstance(call, Call) else None


calls = Decider[AnyCall, CallEvent](
    name="call",
    plural="calls",
    id_field="call_id",
    key=UUID,
    initial=lambda _: Unheard(),
    evolve=evolve,
    holding=holding,
)

NUMBER = re.compile(r"[!-~]{1,128}")


def numbered(message_id: str | None) -> str | None:
    """The provider's number of a message, when it can be one. Refused with Invalid otherwise."""
    if message_id is not None and not NUMBER.fullmatch(message_id):
        raise Invalid(field="message_id", because="this is up to 128 letters, digits and signs, without blanks")
    return message_id


def who(agent: StaffId | None) -> StaffId | None:
    """The id of somebody who works here, as far as it looks like one. Refused with Invalid otherwise."""
    if agent is not None:
        stream_name("staff", "agent", agent)
    return agent
