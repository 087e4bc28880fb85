"""The trace: every change field by field, and every command that was refused, in the order of the ledger.

It is read from the ledger itself, page by page. A page is bounded by how much is looked through for it, not only by how
much is found: it may be short, or empty, and still say where to go on. What an event has changed follows from the
history of its subject, which is read for the subjects of a page, and no more of it than is needed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from operator import itemgetter
from typing import Any
from uuid import UUID

from api.as_of import NoSuchMoment, instant
from api.changed import Changes, Subjects
from api.employed import as_they_were
from api.fields import SUBJECTS, bears_name, is_field, nearest
from api.problems import problem
from api.shown import envelope
from commands import DECIDERS
from domain.actor import Actor
from domain.customer.facts.merging import CustomerUnmerged
from domain.errors import Invalid
from domain.values import FACT_NAMES
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.refusals import restored
from ledger.trace import LAST, Place, RefusedCommand, Sought

PAGE, LARGEST_PAGE = 100, 500
DECODED = 2_000  # Events that are opened for one page, where what is asked stands in them alone.
READ = 20_000  # Events of histories that are read for one page; more, if the first event of it needs that.
LOOKS = 5  # Into the ledger, for one page.
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
SKEW = timedelta(minutes=10)  # By which the clocks of processes that write may differ.
KINDS = ("user", "service", "policy", "integration")
EVENTS = frozenset(FACT_NAMES[event] for decider in DECIDERS for event in decider.events)
COMMANDS = frozenset(command.__name__ for decider in DECIDERS for command in decider.rules)
PLACE = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.(0|[1-9][0-9]{0,17}))?", re.ASCII)


class BadQuestion(Exception):
    """What is asked makes no sense: which part of it, and why."""

    def __init__(self, asked: str, because: str) -> None:
        super().__init__(f"{asked}: {because}")
        self.asked = asked
        self.because = because


@dataclass(frozen=True, slots=True)
class Question:
    """What is sought, and what stands in the events alone. `refused` is whether refused commands are meant, or events,
    or both.
    """

    sought: Sought = field(default_factory=Sought)
    changed: str | None = None
    reason: str | None = None
    refused: bool | None = None

    @property
    def opens(self) -> bool:
        """Whether events have to be opened to see whether they are meant."""
        return self.changed is not None or self.reason is not None

    @property
    def of_events(self) -> bool:
        return self.refused is not True

    @property
    def of_refusals(self) -> bool:
        """The log of commands keeps neither what a command belonged to, nor its reason; and it has changed nothing."""
        return self.refused is not False and not self.opens and self.sought.correlation is None

    def means(self, recorded: Recorded) -> bool:
        """As far as the event alone tells."""
        reasons = {None if recorded.reason is None else recorded.reason.code, given_reason(recorded.event)}
        return self.reason is None or self.reason in reasons

    def means_one_of(self, changes: Changes) -> bool:
        return self.changed is None or any(bears_name(each["field"], self.changed) for each in changes)


@dataclass(frozen=True, slots=True)
class Page:
    """What was found, the place from which to go on if there may be more, and the position up to which was looked."""

    entries: Sequence[Mapping[str, Any]]
    next: Place | None
    position: int


# Understanding what is asked


def question(given: Mapping[str, str]) -> Question:
    """Raises BadQuestion."""
    times = {name: instant_of(name, given[name]) for name in TIMES if name in given}
    for before, after in (("recorded_from", "recorded_until"), ("occurred_from", "occurred_until")):
        if before in times and after in times and times[before] >= times[after]:
            raise BadQuestion(after, f"this is not after {before}")
    kind, actor = actor_of(given["actor"]) if "actor" in given else (None, None)
    sought = Sought(
        subject=subject_of(given["subject"]) if "subject" in given else None,
        actor_kind=kind,
        actor_id=actor,
        command=uuid_of("command", given),
        correlation=uuid_of("correlation", given),
        types=types_of(given["type"]) if "type" in given else (),
        **times,
    )
    return Question(sought, field_of(given), text_of("reason", given), truth_of("refused", given))


TIMES = ("recorded_from", "recorded_until", "occurred_from", "occurred_until")


def subject_of(text: str) -> str:
    """A subject as the ledger writes it."""
    kind, slash, key = text.partition("/")
    if kind not in SUBJECTS:
        raise BadQuestion("subject", f"{kind!r} is no kind of subject{like(kind, SUBJECTS)}: lead/<id>, staff/<id> …")
    if not slash or not key:
        raise BadQuestion("subject", f"which {kind} is not said: {kind}/<id>")
    try:
        return SUBJECTS[kind].stream(key)
    except Invalid as no:
        raise BadQuestion("subject", f"{text!r}: {no.because}") from None


def actor_of(text: str) -> tuple[str | None, str]:
    """An id, or a kind and an id: policy:dispatch."""
    kind, colon, name = text.partition(":")
    if not colon:
        kind, name = "", text
    if not name or "\0" in text:
        raise BadQuestion("actor", f"{text!r} names nobody: an id, or a kind and an id as in user:ann")
    if colon and kind not in KINDS:
        raise BadQuestion("actor", f"{kind!r} is no kind of actor; there are {', '.join(KINDS)}")
    return kind or None, name


def types_of(text: str) -> tuple[str, ...]:
    """Types of events, and of commands, with commas between."""
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",")))
    for name in names:
        if name not in EVENTS and name not in COMMANDS:
            raise BadQuestion("type", f"{name!r} is no event and no command{like(name, EVENTS | COMMANDS)}")
    return names


def like(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    found = get_close_matches(name, sorted(known), 1)
    return f"; is {found[0]!r} meant?" if found else ""


def instant_of(name: str, text: str) -> datetime:
    try:
        return instant(text, name)
    except NoSuchMoment as no:
        raise BadQuestion(name, str(no)) from None


def uuid_of(name: str, given: Mapping[str, str]) -> UUID | None:
    if name not in given:
        return None
    try:
        return UUID(given[name])
    except ValueError:
        raise BadQuestion(name, f"{given[name]!r} is no UUID") from None


def text_of(name: str, given: Mapping[str, str]) -> str | None:
    found = given.get(name)
    if found is not None and not found.strip():
        raise BadQuestion(name, "this names nothing")
    return found


def field_of(given: Mapping[str, str]) -> str | None:
    found = text_of("field", given)
    if found is not None and not is_field(found):
        near = nearest(found)
        meant = "" if near is None else f"; is {near!r} meant?"
        raise BadQuestion("field", f"{found!r} is no field of any subject or event{meant}")
    return found


def truth_of(name: str, given: Mapping[str, str]) -> bool | None:
    found = given.get(name)
    if found not in (None, "true", "false"):
        raise BadQuestion(name, "this is true, for refused commands alone, or false, for events alone")
    return None if found is None else found == "true"


def place_of(text: str) -> Place:
    """A position, or a position and the number of a refused command behind it."""
    found = PLACE.fullmatch(text)
    if found is None:
        raise BadQuestion("after", f"{text!r} is no place of the ledger: a position, or what `place` says of an entry")
    return Place(int(found[1]), int(found[2] or 0))


def written(place: Place) -> str:
    return f"{place.position}.{place.number}" if place.number else str(place.position)


# Answering it


def page(ledger: Ledger, asked: Question, after: Place, limit: int, subjects: Subjects | None = None) -> Page:
    """The next entries behind a place, in order. What comes in meanwhile comes behind all of them.

    Who asks for page after page gives the same `subjects` again.
    """
    last = ledger.last_position()
    start, until = bounds(ledger, asked.sought, after, last)
    if until < start.position:
        return Page([], None, last)
    end = Place(until, LAST)
    subjects = subjects or Subjects(ledger)
    events, seen = found_events(ledger, asked, start, until, limit, subjects) if asked.of_events else ([], end)
    refusals, heard = ledger.rows.refused(asked.sought, start, until, limit + 1) if asked.of_refusals else ((), end)
    reached = min(seen, heard)
    both = [(Place(each.position), changed(each, changes)) for each, changes in events]
    both += told_of(ledger, refusals)
    within = sorted((each for each in both if each[0] <= reached), key=itemgetter(0))
    entries = [entry for _, entry in within[:limit]]
    if len(within) > limit:
        return Page(entries, within[limit - 1][0], last)
    return Page(entries, reached if reached < end else None, last)


def bounds(ledger: Ledger, sought: Sought, after: Place, last: int) -> tuple[Place, int]:
    """From where to where it can be at all: what was recorded in a time stands together, up to the clocks."""
    start, until = after, last
    if sought.earliest is not None:
        start = max(after, Place(ledger.first_recorded_from(earlier(sought.earliest), last) - 1))
    if sought.recorded_until is not None:
        until = ledger.first_recorded_from(later(sought.recorded_until), last) - 1
    return start, until


def earlier(at: datetime) -> datetime:
    return at - SKEW if at > EARLIEST + SKEW else at


def later(at: datetime) -> datetime:
    return at + SKEW if at < LATEST - SKEW else at


def found_events(
    ledger: Ledger, asked: Question, start: Place, until: int, limit: int, subjects: Subjects
) -> tuple[list[tuple[Recorded, Changes]], Place]:
    """Events that are meant, with what they have changed, and the place up to which there are no others."""
    found: list[tuple[Recorded, Changes]] = []
    at, opened, told, left = start.position, 0, 0, READ
    for _ in range(LOOKS):
        wanted = DECODED // 4 if asked.opens else limit + 1 - len(found)
        rows, at = ledger.rows.traced_rows(asked.sought, at, until, wanted)
        opened += len(rows)
        events = [each for each in ledger.recorded(rows) if asked.means(each)]
        most, cost = affordable(subjects.cost(events), left, whatever=told == 0)
        told, left = told + most, left - cost
        shown = most if asked.changed is not None else min(most, limit - len(found))
        changes = [*subjects.told(events[:shown]), *[()] * (most - shown)]  # Behind a page, that there is something.
        found += [each for each in zip(events[:most], changes, strict=True) if asked.means_one_of(each[1])]
        if most < len(events):
            return found, Place(events[most].position - 1, LAST)
        if at >= until:
            return found, Place(until, LAST)
        if len(found) > limit or opened >= DECODED:
            break
    return found, Place(at)


def affordable(costs: Iterator[int], left: int, *, whatever: bool) -> tuple[int, int]:
    """How many of them cost no more than is left, and how much they cost; the first, if so wished, at any cost."""
    most = cost = 0
    for each in costs:
        if each > left and (most or not whatever):
            break
        most, cost = most + 1, each
    return most, cost


def changed(recorded: Recorded, changes: Changes) -> dict[str, Any]:
    """An event: its envelope, and what it has changed."""
    event = recorded.event
    around = envelope(recorded)
    del around["stream"]
    return {
        "place": written(Place(recorded.position)),
        "entry": "event",
        "subject": recorded.stream,
        **around,
        "given_reason": given_reason(event),
        "corrects": event.version if isinstance(event, CustomerUnmerged) else getattr(event, "corrects", None),
        "changes": changes,
    }


def given_reason(event: object) -> str | None:
    """The code of a reason that the event itself gives."""
    return getattr(event, "reason", None)


def told_of(ledger: Ledger, refusals: Sequence[RefusedCommand]) -> list[tuple[Place, dict[str, Any]]]:
    """Refused commands, with who the people among their senders were then."""
    people = as_they_were(ledger, ((each.actor_id, each.position) for each in refusals if each.actor_kind == "user"))
    return [(each.place, refused(each, people.get((each.actor_id, each.position)))) for each in refusals]


def refused(command: RefusedCommand, person: Actor | None = None) -> dict[str, Any]:
    """A command that was refused: it has changed nothing, and says why. The log keeps an id alone of who sent it."""
    sender = {"kind": command.actor_kind, "id": command.actor_id}
    if person is not None and command.actor_kind == "user":
        sender |= {"name": person.name, "role": person.role, "org_path": person.org_path}
    members = problem(restored(command.refusal), "").members
    return {
        "place": written(command.place),
        "entry": "refused",
        "subject": command.stream,
        "position": command.position,
        "version": command.version,
        "type": command.type,
        "recorded_at": command.recorded_at,
        "actor": sender,
        "command_id": command.command_id,
        "problem": {name: member for name, member in members.items() if name != "trace_id"},
    }
