"""What has come from other systems, as an operator sees it: the inbox, and the letters that do not go on."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic_core import to_jsonable_python

from api.cli.dead_letters import logged_in, say
from api.cli.house import database, log_to_errors, master_key, must_be_prepared, write_side
from api.cli.say import Failure, Misuse, document, records, table
from api.looking import LONGEST_PURPOSE, PURPOSE
from commands.service import WriteSide, server_clock
from consumers.inbound.letters import Gone, Retried, Retrier, opened
from consumers.inbound.mentions import guessed
from consumers.inbound.reading import Reading
from consumers.inbound.topics import TOPICS
from consumers.inbound.writing import through
from ledger.envelope import time_ordered_id
from ledger.inbox import Letter, Message, Skipped, Topic
from ledger.looks import Look
from ledger.stored_inbox import StoredInbox
from settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """The inbox, and the write side for what is tried again."""

    settings: Settings
    inbox: StoredInbox
    side: WriteSide

    def letter(self, name: str) -> Letter:
        """Raises Misuse where there is none of that name."""
        try:
            found = self.inbox.letter(UUID(name))
        except ValueError:
            raise Misuse(f"{name!r} is no letter's id, as the list has them") from None
        if found is None:
            raise Misuse(f"there is no letter {name}: it has gone on, was skipped, or was destroyed with somebody")
        return found

    def retried(self, letter: Letter) -> Retried:
        channel = TOPICS.get(letter.topic)
        if channel is None:
            raise Failure(f"this version knows no topic {letter.topic}")
        side, group = self.side, self.settings.inbound_group
        reading = Reading(channel, side.ledger, side.executor, group, server_clock, self.inbox)
        patience = timedelta(seconds=self.settings.inbound_patience)
        return Retrier(reading, self.inbox, through(self.side), patience).retry(letter.key)


@contextmanager
def stored() -> Iterator[StoredInbox]:
    settings = Settings.from_environment()
    log_to_errors()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(StoredInbox(url)) as inbox:
            yield inbox


@contextmanager
def desk() -> Iterator[Desk]:
    settings = Settings.from_environment()
    log_to_errors()
    with database(settings) as url:
        must_be_prepared(url)
        with write_side(settings, url, master_key(settings, url)) as side, closing(StoredInbox(url)) as inbox:
            yield Desk(settings, inbox, side)


def must_be_known(topic: str | None, inbox: StoredInbox) -> None:
    """A topic that nobody reads has nothing in it either, which says nothing. Raises Misuse."""
    if topic is None or topic in TOPICS or topic in {each.topic for each in inbox.topics()}:
        return
    raise Misuse(f"nothing is read from a topic {topic}; there is {', '.join(sorted(TOPICS))}")


# Looking


def inbox(topic: str | None, message: str | None, limit: int, *, json: bool) -> None:
    with stored() as found:
        must_be_known(topic, found)
        topics = [each for each in found.topics() if topic in (None, each.topic)]
        messages = found.messages(topic, message, limit)
    if json:
        document({"topics": list(map(asdict, topics)), "messages": list(map(asdict, messages))})
        return
    columns = ["topic", "came", "commands", "refused", "dead letters", "patient", "behind", "not read"]
    table(columns, map(figures, topics))
    if messages:
        print()
        records(
            ["came at", "from", "offset", "message", "commands", "refused", "state"], [*map(message_cells, messages)]
        )


def figures(found: Topic) -> list[str]:
    counts = (found.came, found.commands, found.refused, found.dead, found.patient, found.behind, found.unread)
    return [found.topic, *(f"{each:,}" for each in counts)]


def message_cells(found: Message) -> list[str]:
    what, refused = ", ".join(found.types), ", ".join(found.refusals)
    at, where = found.came_at.isoformat(timespec="seconds"), partition(found.source)
    return [at, where, f"{found.place:,}", found.message_id or "", what, refused, found.state]


def partition(source: str) -> str:
    """A side row's name without its group: topic/number."""
    return source.split("/", 2)[2]


def tell(topic: str | None, *, json: bool) -> None:
    with stored() as found:
        must_be_known(topic, found)
        letters, left_out = heads(found.aside(topic)), found.skipped(topic)
    if json:
        told = [{**plain(each), "behind": behind} for each, behind in letters]
        document({"dead_letters": told, "skipped": list(map(asdict, left_out))})
        return
    if letters:
        columns = ["letter", "from", "offset", "message", "error", "behind it", "since", "attempts", "tried again at"]
        records(columns, [cells(each, behind) for each, behind in letters])
    else:
        print("every message goes on")
    if left_out:
        print("\nskipped:")
        records(["letter", "from", "offset", "error", "by", "at", "reason"], [*map(skipped_cells, left_out)])


def heads(letters: Sequence[Letter]) -> list[tuple[Letter, int]]:
    """The first of each key, with how many wait behind it."""
    first: dict[tuple[str, bytes], Letter] = {}
    behind: dict[UUID, int] = {}
    for each in letters:
        head = first.setdefault((each.topic, each.key), each)
        behind[head.letter_id] = behind.get(head.letter_id, -1) + 1
    return [(each, behind[each.letter_id]) for each in first.values()]


def plain(letter: Letter) -> dict[str, object]:
    left_out = {"sealed", "key", "mentions"}
    return {name: each for name, each in asdict(letter).items() if name not in left_out}


def cells(found: Letter, behind: int) -> list[str]:
    since, then = ("" if at is None else at.isoformat(timespec="seconds") for at in (found.since, found.retry_at))
    what = [str(found.letter_id), partition(found.source), f"{found.place:,}", found.message_id or ""]
    return [*what, found.error or "", f"{behind:,}", since, str(found.attempts), then]


def skipped_cells(found: Skipped) -> list[str]:
    what = [str(found.letter_id), partition(found.source), f"{found.place:,}", found.error or ""]
    return [*what, found.by_whom, found.skipped_at.isoformat(timespec="seconds"), found.reason]


def show(name: str, *, purpose: str | None, by: str | None, json: bool) -> None:
    """What a message says is somebody's: who looks, says what for, and that is on record before he sees it."""
    who = by or logged_in()
    if purpose is not None and PURPOSE.fullmatch(purpose) is None:
        raise Misuse(f"--purpose is a code or the number of a case, at most {LONGEST_PURPOSE} signs and no blanks")
    with desk() as found:
        letter = found.letter(name)
        told: dict[str, object] = plain(letter)
        if purpose is not None:
            found.side.ledger.rows.add_looks([look(letter, who, purpose)])
            try:
                arrived = opened(found.side.ledger, letter)
            except Gone:
                raise Failure(f"what {name} said has been destroyed") from None
            told["sent_at"] = arrived.at
            told["kafka_key"] = text(arrived.key)
            told["headers"] = {each: text(value) for each, value in arrived.headers}
            told["value"] = text(arrived.value)
    if json:
        document(told)
    else:
        shown = {each: value for each, value in told.items() if value is not None}
        records([*shown], [[to_jsonable_python(value) for value in shown.values()]])


def text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")


def look(letter: Letter, who: str, purpose: str) -> Look:
    return Look(
        look_id=time_ordered_id(),
        looked_at=datetime.now(UTC),
        viewer_kind="operator",
        viewer_id=who,
        viewer_role="",
        viewer_org="",
        purpose=purpose,
        route="lifeledger kafka dead-letters show",
        asked=["letter"],
        subjects=[f"letter/{letter.letter_id}"],
        own=0,
        fields=["letters.message"],
        trace_id="",
    )


# Deciding


def retry(topic: str | None, name: str | None, *, json: bool) -> None:
    """Raises Failure when something still does not go on."""
    with desk() as found:
        must_be_known(topic, found.inbox)
        wanted = [each for each, _ in heads(found.inbox.aside(topic))] if name is None else [found.letter(name)]
        came = [(each, found.retried(each)) for each in wanted]
    failing = [{**plain(replace(each, error=after.error))} for each, after in came if after.error is not None]
    done = sum(after.done for _, after in came)
    told = {"gone_on": done, "keys": len(came), "still_failing": failing}
    say(told, f"{done:,} messages of {len(came):,} keys have gone on", json=json)
    must_go_on([after for _, after in came])


def skip(name: str, *, reason: str, by: str | None, json: bool) -> None:
    """Leave it out, and let what waits behind it follow. Raises Failure when that does not go on either."""
    if not reason.strip():
        raise Misuse("--reason says why, for whoever asks later")
    if guessed(reason.encode()):
        raise Misuse("--reason stays on record, so it holds no phone and no address")
    who = by or logged_in()
    with desk() as found:
        letter = found.letter(name)
        if not found.inbox.skip(letter.letter_id, reason, who):
            raise Failure(f"{name} has just gone on, or was destroyed")
        came = found.retried(letter)
    told = {"letter": name, "by": who, "gone_on": came.done, "error": came.error}
    say(told, f"{name} skipped by {who}; {came.done:,} messages behind it have gone on", json=json)
    must_go_on([came])


def must_go_on(came: Sequence[Retried]) -> None:
    failing = [each for each in came if each.error is not None]
    if failing:
        keys = "1 key does" if len(failing) == 1 else f"{len(failing):,} keys do"
        raise Failure(f"{keys} not go on: {failing[0].error}")
