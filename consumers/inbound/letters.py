"""Messages that do not go on: sealed until somebody mends what is wrong, or what they rest on has come."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic_core import from_json, to_json

from commands.ask import Answer, Ask, Outcome
from consumers.inbound.channel import NotYet
from consumers.inbound.mentions import guessed, ids
from consumers.inbound.reading import Item, Reading, said
from consumers.message import Arrived
from domain.values import Erased
from ledger.envelope import Corrupt, time_ordered_id
from ledger.inbox import Inbox, Letter
from ledger.keys import NewKey, seal, unseal
from ledger.ledger import Ledger
from ledger.store import Busy, Unavailable
from ledger.writer import Closed, QueueFull

SOONEST, LATEST = timedelta(seconds=1), timedelta(minutes=1)  # Until what waits for something is tried again.
WHERE = "message"

Answers = Callable[[Sequence[Ask]], Sequence[Answer]]
GoesOn = Callable[[], bool]
LATER = (Unavailable, Busy, QueueFull, Closed)

log = structlog.get_logger()


def always() -> bool:
    return True


class Gone(Exception):
    """What a letter says is not to be had any more: whoever it is about has been forgotten."""


def sealed(ledger: Ledger, item: Item, letter_id: UUID) -> tuple[str, NewKey]:
    """All that the message is, under a key of its own."""
    new = ledger.keys.create(f"letter/{letter_id}")
    arrived = item.arrived
    content = {
        "key": None if arrived.key is None else b64encode(arrived.key).decode(),
        "value": None if arrived.value is None else b64encode(arrived.value).decode(),
        "at": arrived.at,
        "headers": [[name, b64encode(value).decode()] for name, value in arrived.headers],
    }
    return seal(new.key, letter_id, WHERE, to_json(content))["sealed"], new


def opened(ledger: Ledger, letter: Letter) -> Arrived:
    """Raises Gone."""
    subject = f"letter/{letter.letter_id}"
    ledger.forget([subject])
    key = ledger.keys.get(subject)
    if key is None or isinstance(key, Erased):
        raise Gone(subject)
    found = from_json(unseal(key, letter.letter_id.bytes, WHERE, {"sealed": letter.sealed}))
    return Arrived(
        letter.place,
        None if found["key"] is None else b64decode(found["key"]),
        None if found["value"] is None else b64decode(found["value"]),
        None if found["at"] is None else datetime.fromisoformat(found["at"]),
        tuple((name, b64decode(value)) for name, value in found["headers"]),
    )


def letter_of(reading: Reading, item: Item, now: datetime, patience: timedelta) -> tuple[Letter, bytes]:
    """The letter of a message, and its wrapped key. One that has not failed is to go behind others."""
    letter_id = time_ordered_id()
    text, new = sealed(reading.ledger, item, letter_id)
    raw = (item.arrived.key, item.arrived.value, *(value for _, value in item.arrived.headers))
    mentions = {*item.mentions, *reading.digests(guessed(*raw)), *ids(*raw)}
    waits = isinstance(item.failure, NotYet)
    begins = begins_at(item.failure, now)
    retry_at = max(now + SOONEST, begins) if waits else None  # Of one behind others it is said when it is the first.
    letter = Letter(
        letter_id=letter_id,
        source=item.source,
        place=item.place,
        topic=item.topic,
        system=item.system,
        message_id=item.message_id,
        key=item.key,
        mentions=sorted(mentions),
        sealed=text,
        error=None if item.failure is None else said(item.failure),
        attempts=0 if item.failure is None else 1,
        retry_at=retry_at,
        patient_until=begins + patience if waits else None,
        sent_at=item.arrived.at,
    )
    return letter, new.wrapped


def begins_at(wrong: Exception | None, now: datetime) -> datetime:
    """From when on something else has to come: of what is announced for later, from then."""
    return max(now, wrong.until) if isinstance(wrong, NotYet) and wrong.until is not None else now


@dataclass(frozen=True, slots=True)
class Retried:
    """How many messages have gone on, and what the next one fails by, if one does."""

    done: int
    error: str | None = None


@dataclass(frozen=True)
class Retrier:
    """Tries letters again, with today's code, and lets what waits behind each follow in its order.

    Whoever dies after a message has had its effect finds it again, and it has that effect no second time: its commands
    have the same ids.
    """

    reading: Reading
    inbox: Inbox
    answers: Answers
    patience: timedelta

    def round(self, goes_on: GoesOn = always) -> int:
        """Try what is due, as long as it goes on; how many messages have gone on."""
        done = 0
        for each in self.inbox.due(self.reading.channel.topic, self.reading.clock()):
            if not goes_on():
                break
            done += self.retry(each.key, first=each.letter_id, goes_on=goes_on).done
        return done

    def retry(self, key: bytes, first: UUID | None = None, goes_on: GoesOn = always) -> Retried:
        """What waits under a key, until one fails again; nothing, where somebody else is at it, or it has another first
        letter by now.
        """
        done, topic = 0, self.reading.channel.topic
        while done == 0 or goes_on():
            with self.inbox.alone(topic, key) as mine:
                letter = self.inbox.first_of(topic, key) if mine else None
                if letter is None or first not in (None, letter.letter_id):
                    return Retried(done)
                if (error := self.tried(letter)) is not None:
                    return Retried(done, error)
            done, first = done + 1, None
        return Retried(done)

    def tried(self, letter: Letter) -> str | None:
        """What it fails by; None where it has gone on. What was destroyed since nobody saw to it, holds its place."""
        if not letter.sealed:
            return letter.error or ""
        try:
            item = self.reading.read(letter.source, opened(self.reading.ledger, letter))
        except Gone:  # With whoever it was about; what is left of it says nothing, and holds nobody up.
            self.inbox.done(letter.letter_id)
            return None
        except Corrupt as wrong:
            return self.failed(letter, wrong)
        if item.failure is None:
            item.failure = self.sent(item)
        if item.failure is not None:
            return self.failed(letter, item.failure)
        self.inbox.done(letter.letter_id)
        return None

    def sent(self, item: Item) -> Exception | None:
        self.inbox.note([item.came()])
        known = self.reading.ledger.outcomes([ask.command_id for ask in item.asks])
        new = [ask for ask in item.asks if ask.command_id not in known]
        for ask in new:  # Each after the one before: what is refused first, may rest on that.
            (answer,) = self.answers([ask])
            if isinstance(answer, LATER):
                raise answer
            if not isinstance(answer, Outcome):
                return answer
        return None

    def failed(self, letter: Letter, wrong: Exception) -> str:
        now, error = self.reading.clock(), said(wrong)
        begins = begins_at(wrong, now)
        until = begins + self.patience if begins > now else letter.patient_until or now + self.patience
        if isinstance(wrong, NotYet) and now < until:
            pause = min(SOONEST * 2 ** min(letter.attempts, 10), LATEST)
            self.inbox.failed(letter.letter_id, error, max(begins, min(now + pause, until)), until)
        else:
            log.error("a message is a dead letter", source=letter.source, place=letter.place, error=error)
            self.inbox.failed(letter.letter_id, error, None, None)
        return error
