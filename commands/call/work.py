"""What an agent does with a call: he asks for it, sums it up, and says what it was about."""

from collections.abc import Mapping

from commands.call.calls import calls, numbered, who
from commands.call.line import later, status_of
from domain.access import Action
from domain.actor import Asked
from domain.call.facts import CallDispositioned, CallLinked, CallRequested, Direction, Subject
from domain.call.refusals import AlreadyRequested
from domain.call.states import Call, Unheard
from domain.call_policy import CALLS, CallPolicy
from domain.catalog import CALL_DISPOSITIONS, Catalog, chosen, coded
from domain.errors import Invalid, NotAllowed, said
from domain.identity import e164
from domain.lead.refusals import NotEmployed
from domain.staff import Employed, Staff
from domain.values import CallId, CatalogId, Instant, PolicyId, StaffId, value


@value
class RequestCall:
    """Without an agent, it is for whoever asks; a program may leave it open. `region` is that of a national number."""

    call_id: CallId
    direction: Direction
    agent: StaffId | None = None
    number: str | None = None
    region: str | None = None
    subject: Subject | None = None
    message_id: str | None = None


def caller(command: RequestCall, asked: Asked) -> list[StaffId]:
    """Who is to make the call, if that is known: a person asks for himself."""
    agent = who(command.agent)
    if agent is None and not asked.imported:
        agent = asked.person
    return [] if agent is None else [agent]


def number(command: RequestCall) -> str | None:
    """In E.164 where it can be read so; else as the line has it, for there are short numbers and extensions."""
    text = said("number", command.number)
    if text is None:
        return None
    try:
        return e164(text.strip(), command.region)
    except Invalid:
        return text.strip()


@calls.decides(Action.CAPTURE, agents=caller)
def request(
    command: RequestCall, call: Unheard | Call, agents: Mapping[StaffId, Staff], asked: Asked
) -> CallRequested | None:
    """A call is to be made, or has come in; the provider may have told of it before."""
    message_id = numbered(command.message_id)
    if isinstance(call, Call) and call.requested:
        if (CallRequested.__name__, message_id) in call.messages:
            return None
        raise AlreadyRequested(call_id=command.call_id)
    for agent, found in agents.items():
        if asked.person not in (None, agent) and not asked.imported:
            raise NotAllowed(action=Action.CAPTURE, because=f"only {agent}, or a program, asks for a call of {agent}")
        if command.direction == "outbound" and not asked.imported and not isinstance(found, Employed):
            raise NotEmployed(staff_id=agent)
    return CallRequested(
        call_id=command.call_id,
        direction=command.direction,
        agent=next(iter(agents), None),
        number=number(command),
        subject=command.subject,
        message_id=message_id,
        from_=status_of(call),
        to=later(call, "requested"),
    )


@value
class DispositionCall:
    """`code` is one of the catalog call-dispositions."""

    call_id: CallId
    code: str
    next_action_at: Instant | None = None


def policy_of_calls() -> PolicyId:
    return CALLS


def dispositions() -> CatalogId:
    return CALL_DISPOSITIONS


@calls.decides(Action.WORK, policy=policy_of_calls, codes=dispositions)
def disposition(
    command: DispositionCall, call: Call, policy: CallPolicy, codes: Catalog, asked: Asked
) -> CallDispositioned | None:
    """Sum up what came of it; who thinks better of it says so again, and the first terms still hold."""
    code = coded("code", command.code) if asked.imported else chosen(codes, command.code, "code")
    seconds = policy.terms.effective_from_seconds
    before = call.disposition
    if before is not None:
        if (before.code, before.next_action_at) == (code, command.next_action_at):
            return None  # Saying it twice is not an error.
        seconds = before.effective_from_seconds
    return CallDispositioned(
        call_id=command.call_id,
        code=code,
        next_action_at=command.next_action_at,
        effective_from_seconds=seconds,
        interested=code in policy.terms.interested,
        replaces=None if before is None else before.code,
    )


@value
class LinkCall:
    call_id: CallId
    subject: Subject


@calls.decides(Action.WORK)
def link(command: LinkCall, call: Call) -> CallLinked | None:
    """Say which lead, customer or ticket the call was about; there may be several."""
    if (command.subject.kind, str(command.subject.id)) in call.subjects:
        return None
    return CallLinked(call_id=command.call_id, subject=command.subject)
