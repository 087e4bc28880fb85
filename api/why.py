"""Why something has happened: from an event to its command, to who or what sent that and by which rule, to what that
followed from, and so on to what came from outside. What is missing on the way is said, and so is a way without an end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from api.changed import Changes, Subjects, moved
from api.shown import envelope
from api.trace import changed, refused
from consumers.policies import POLICIES
from consumers.sent import Sent, sent
from domain.actor import Actor
from domain.group import GroupPublished, MemberEntered, MemberLeft
from ledger.envelope import Logged, Recorded
from ledger.ledger import Ledger
from ledger.trace import Place, RefusedCommand, Sought
from projections.deadlines import deadlines
from projections.explained import Explained, explanations
from projections.folding import Table

MOST_EVENTS = 50  # On the way to the beginning; then it is said where to go on.
MOST_TOLD = 20  # Others of the same command, and commands that were tried before.
MOST_HISTORY = 100_000  # Events of a subject that are folded to see when something was due.

Step = dict[str, Any]
"""One step of the way: its kind, what it says in words, and the same as data."""


class NoSuchEvent(Exception):
    """There is no event, and no command, of this position or id."""


def story(ledger: Ledger, asked: int | UUID) -> list[Step]:
    """The way from an event or a command, by its position or id, to what came from outside. Raises NoSuchEvent."""
    told = list(Way(ledger).steps(asked))
    if not told:
        raise NoSuchEvent(f"there is no event at position {asked}" if isinstance(asked, int) else f"nothing is {asked}")
    return told


def subjects_of(steps: Sequence[Step]) -> Iterator[str]:
    """Of whom a story tells, some of them more than once."""
    for each in steps:
        for told in (each, each.get("event"), each.get("refused"), *each.get("beside", ())):
            if told is not None and "subject" in told:
                yield told["subject"]


@dataclass
class Way:
    """One walk, and where it has been."""

    ledger: Ledger
    been: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.subjects = Subjects(self.ledger)

    def steps(self, asked: int | UUID) -> Iterator[Step]:
        at: Recorded | None = self.ledger.event_at(asked) if isinstance(asked, int) else None
        cause: UUID | None = asked if isinstance(asked, UUID) else None
        for _ in range(MOST_EVENTS):
            if cause is not None:
                at = self.ledger.event_by_id(cause)
                logged = None if at is not None else self.logged(cause)
                if logged is not None:
                    yield asked_for(logged)
                    self.been.add(cause)
                    at = next(iter(self.of_command(cause)), None)
                    if at is None:
                        yield nothing_came_of(logged)
            if at is None:
                if self.been and cause not in self.been:
                    yield missing(f"it is said to follow from {cause}, which is no event and no command of this ledger")
                return
            yield happened(at, *self.subjects.told([at]))
            self.been.add(at.event_id)
            yield from self.around(at)
            cause = at.causation_id
            if cause is None:
                yield beginning(at)
                return
            if cause in self.been:
                yield step(
                    "cycle", f"It is said to follow from {cause}, which followed from it: the way has no end.", id=cause
                )
                return
        assert at is not None
        yield step("cut", f"There is more before: ask why {cause}.", id=cause)

    def around(self, at: Recorded) -> Iterator[Step]:
        """What the ledger knows of an event's command: who sent it, because of what, and under which rules."""
        logged = self.logged(at.command_id)
        others = self.of_command(at.command_id)
        if logged is None:
            yield missing(f"its command {at.command_id} is not in the log of commands")
        elif at.command_id not in self.been:
            yield commanded(at, logged, others)
        self.been.add(at.command_id)
        if at.actor.kind == "policy" and logged is not None:
            yield from self.by_itself(at, logged)
        for each in (at.policy_version or "").split(","):
            if each:
                yield self.rule(each)
        for other in others or [at]:
            yield from (chosen(other, each) for each in explanations(other.event))

    def by_itself(self, at: Recorded, logged: Logged) -> Iterator[Step]:
        """Which part of the policy has sent it, by which deadline, and what it tried before."""
        if isinstance(at.event, MemberEntered | MemberLeft):
            yield self.asked_by_a_group(at, at.event)
            return
        if at.causation_id is None:
            yield missing(f"{at.actor.id} acts because something has happened or is due, and what that was is not kept")
            return
        cause = self.ledger.event_by_id(at.causation_id)
        if cause is None:
            return  # It is told as what it follows from.
        found = sent_by(at.actor, logged.command_id, logged.type, logged.stream, cause)
        if found is None:
            yield missing(
                f"which part of {at.actor.id} has sent it: none of today would have given it the id {logged.command_id}"
            )
        elif found.deadline is None:
            yield step("policy", f"{found.policy}: {spoken(found.function)}, after {cause.type}.", **asdict(found))
        else:
            yield due(found, cause, self.due_at(found.deadline, cause, at.position))
        tried = self.ledger.rows.refused(
            Sought(subject=logged.stream, actor_kind="policy", actor_id=at.actor.id),
            Place(cause.position - 1),
            at.position,
            MOST_TOLD,
        )
        for each in tried.commands:
            if sent_by(at.actor, each.command_id, each.type, each.stream, cause) is not None:
                yield tried_before(each)

    def due_at(self, kind: str, cause: Recorded, before: int) -> datetime | None:
        """When a deadline that runs from an event was due, as its subject's own history says; None if it does not."""
        table = Table(deadlines, remember=False)
        history = self.ledger.recorded(self.ledger.rows.next_rows(cause.stream, 0, MOST_HISTORY))
        told = [each for each in history if each.position < before and type(each.event) in deadlines.reads]
        table.fold((each.position, each, each.event) for each in told)
        found = (row for row in table.rows() if getattr(row, "kind", None) == kind)
        rows = [row for row in found if getattr(row, "caused_by", None) == cause.event_id]
        return next((getattr(row, "due_at", None) for row in rows), None)

    def rule(self, named: str) -> Step:
        """A published rule, in the version that was applied."""
        stream, _, version = named.rpartition("@")
        at = int(version) if version.isdigit() else 0
        found = self.ledger.event_of(stream, at)
        if found is None:
            return missing(f"the version that was applied, {named}, is not in this ledger")
        since = f"{found.type} at position {found.position}, {instant(found.occurred_at)}, by {who(found.actor)}"
        return step("rule", f"Under {stream} in version {version}: {since}.", rule=stream, version=at, **place(found))

    def asked_by_a_group(self, at: Recorded, moved: MemberEntered | MemberLeft) -> Step:
        """The question that found somebody, or did not find him any more. It is asked of what there is, every half
        minute: which event made the answer another one, nobody notes.
        """
        history = self.ledger.recorded(self.ledger.rows.next_rows(at.stream, 0, MOST_HISTORY))
        versions = (each for each in history if isinstance(each.event, GroupPublished) and each.position < at.position)
        asked = next((each for each in versions if each.event.number == moved.number), None)
        if asked is None:
            return missing(f"version {moved.number} of {at.stream}, by which {moved.subject_id} was looked for")
        found = "found" if isinstance(moved, MemberEntered) else "found no longer"
        since = f"published at position {asked.position}, {instant(asked.occurred_at)}, by {who(asked.actor)}"
        said = f"By version {moved.number} of {at.stream}, {since}, {moved.subject_id} was {found}."
        return step("rule", said, rule=at.stream, version=asked.version, **place(asked))

    def of_command(self, command_id: UUID) -> Sequence[Recorded]:
        found = self.ledger.rows.traced_rows(Sought(command=command_id), 0, self.ledger.last_position(), MOST_TOLD + 1)
        return self.ledger.recorded(found.rows)

    def logged(self, command_id: UUID) -> Logged | None:
        return self.ledger.outcomes([command_id]).get(command_id)


def sent_by(actor: Actor, command_id: UUID, command: str, stream: str, cause: Recorded) -> Sent | None:
    return sent(POLICIES, actor.id, command_id, command, stream, cause.event_id, type(cause.event))


# What is said


def step(kind: str, says: str, **data: Any) -> Step:
    return {"step": kind, "says": says} | data


def missing(what: str) -> Step:
    return step("missing", f"Not to be found: {what}.")


def happened(at: Recorded, changes: Changes) -> Step:
    told = changed(at, changes)
    because = " for ".join(each for each in ("", told["given_reason"]) if each is not None)
    said = f"At position {at.position}, {instant(at.occurred_at)}, {at.stream}: {at.type}{because}"
    late = "" if at.occurred_at == at.recorded_at else f"; recorded {instant(at.recorded_at)}"
    return step("event", said + (f" ({moved(changes)})" if changes else "") + late + ".", event=told)


def commanded(at: Recorded, logged: Logged, others: Sequence[Recorded]) -> Step:
    reason = "" if at.reason is None else f", for {at.reason.code}"
    for_whom = "" if at.on_behalf_of is None else f", on behalf of {at.on_behalf_of}"
    beside = [each for each in others[:MOST_TOLD] if each.event_id != at.event_id]
    also = "; beside it " + ", ".join(f"{each.type} of {each.stream}" for each in beside) if beside else ""
    more = " and more" if len(others) > MOST_TOLD else ""
    said = f"{who(at.actor)} asked for it by {logged.type}{reason}{for_whom}{also}{more}."
    data = {name: told for name, told in envelope(at).items() if name in OF_COMMAND}
    return step("command", said, command=logged.type, **data, beside=[place(each) for each in beside])


OF_COMMAND = ("command_id", "actor", "on_behalf_of", "reason", "correlation_id", "source", "policy_version", "imported")


def asked_for(logged: Logged) -> Step:
    """A command that something follows from, or that is asked about."""
    came = "accepted" if logged.refusal is None else "refused"
    said = (
        f"{logged.type} about {logged.stream} was {came}, at position {logged.position}, {instant(logged.recorded_at)}."
    )
    kind, name = logged.actor
    data = {"command": logged.type, "command_id": logged.command_id, "subject": logged.stream}
    return step("command", said, **data, actor={"kind": kind, "id": name}, recorded_at=logged.recorded_at)


def nothing_came_of(logged: Logged) -> Step:
    """Of a refusal the log keeps why, and not what the command followed from."""
    if logged.refusal is None:
        return missing(f"the events of command {logged.command_id}: it has changed nothing")
    told = refused(refusal_of(logged))["problem"]
    said = f"It was refused: {told['detail']}. What it followed from is not kept of a refused command."
    return step("refusal", said, problem=told)


def refusal_of(logged: Logged) -> RefusedCommand:
    assert logged.refusal is not None
    of = logged.command_id, logged.type, logged.stream, logged.version, logged.position, logged.recorded_at
    return RefusedCommand(0, *of, *logged.actor, logged.refusal)


def due(found: Sent, cause: Recorded, at: datetime | None) -> Step:
    when = "at a time that the history of its subject does not tell" if at is None else instant(at)
    again = f", at attempt {found.attempt + 1}" if found.attempt else ""
    said = f"{found.policy}: {spoken(found.function)}, when {found.deadline} was due{again}: {when}"
    return step("timer", f"{said}. It ran from {cause.type} at position {cause.position}.", **asdict(found), due_at=at)


def tried_before(command: RefusedCommand) -> Step:
    told = refused(command)
    said = f"It had tried {command.type}, which was refused: {told['problem']['detail']}."
    return step("tried", said, refused=told)


def chosen(at: Recorded, found: Explained) -> Step:
    version = "" if found.version is None else f" in version {found.version}"
    rule = "A rule" if found.rule is None else f"{found.rule}{version}"
    where = positions(found.seen_at)
    aside = ", ".join(f"{each.staff_id} ({each.because})" for each in found.aside) or "nobody"
    if found.among:
        said = f"{rule} chose {found.chosen or 'nobody'}, as things stood at {where}; left out: {aside}."
    else:
        said = f"{rule} decided on what was known at {where}."
    return step("candidates" if found.among else "grounds", said, **asdict(found), **place(at))


def positions(seen_at: Any) -> str:
    if isinstance(seen_at, Mapping):
        return ", ".join(f"{name} {position}" for name, position in seen_at.items())
    return f"position {seen_at}"


def beginning(at: Recorded) -> Step:
    """What came from outside, as far as the ledger knows."""
    source = "" if at.source is None else f"message {at.source.message_id} of {at.source.system}"
    if at.imported:
        said = f"It is history that was imported{', ' * bool(source)}{source}; so it is said of {who(at.actor)}"
    elif source:
        said = f"It came from outside: {source}, by {who(at.actor)}"
    elif at.actor.kind == "policy":
        said = f"{at.actor.id} sent it, and what it followed from is not kept"
    else:
        said = f"It came from outside: {who(at.actor)} sent it, and named nothing that it followed from"
    part = "" if at.correlation_id == at.command_id else f", as part of {at.correlation_id}"
    data = {name: told for name, told in envelope(at).items() if name in OF_COMMAND}
    return step("origin", f"{said}{part}.", **data)


def place(at: Recorded) -> dict[str, Any]:
    return {"position": at.position, "event_id": at.event_id, "subject": at.stream, "type": at.type}


def who(actor: Actor) -> str:
    where = " of ".join(each for each in (actor.role, actor.org_path) if each)
    return f"{actor.kind}:{actor.id}" + (f" ({where})" if where and actor.kind != "policy" else "")


def spoken(name: str) -> str:
    return name.replace("_", " ")


def instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
