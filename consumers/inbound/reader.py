"""Takes in what has come: each message has its effect, and how far we are moves in the same transaction, or neither.

What expects a place at which another has been already, does nothing: whoever was slow, or dead, is found out by that.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b

import structlog

from commands.ask import Ask, CommandIdReused, Outcome
from consumers.bus import BusRefused
from consumers.inbound.letters import LATER, Answers, letter_of
from consumers.inbound.reading import Behind, Item, Reading, guarded, stepped
from consumers.message import Arrived, Partition
from ledger.appender import SideRowMoved
from ledger.inbox import Inbox

MOST = 200  # Commands that are sent together.
ANOTHER = "this is another topic of that name; under another LIFELEDGER_INBOUND_GROUP it is read from its beginning"

log = structlog.get_logger()


Which = Callable[[str], str]
"""Which topic bears a name, told from all others that have borne it or will."""


def topic_itself(topic: str) -> str:
    return topic


class Moved(Exception):
    """Another member of the group is further, or has been here meanwhile: it is to be looked up where we are."""


@dataclass
class Reader:
    """Of one topic. For one thread."""

    reading: Reading
    inbox: Inbox
    answers: Answers
    patience: timedelta
    which: Which = topic_itself
    at: dict[Partition, int] = field(default_factory=dict)
    """The place that we sought, or have dealt with last: compaction leaves gaps, so it is not the next message's."""
    steps: dict[Partition, int] = field(default_factory=dict)
    """Which command of a message with several was done last; nought where one was moved past or put aside since."""
    aside: set[bytes] = field(default_factory=set)

    def place(self, partition: Partition, first: int, behind: int) -> int:
        """Where to read on. What Kafka has let go of before anybody read it is told of; raises BusRefused where it has
        less than we have read already, or is another one than what we have read.
        """
        source = self.reading.source(partition)
        at = self.inbox.begin(source, first)
        if at > behind:
            raise BusRefused(f"{partition} ends at {behind}, and was read up to {at} before: {ANOTHER}")
        self.must_be_it(partition, at)
        if at < first:
            log.error("messages are gone that nobody has read", partition=str(partition), after=at, until=first)
            try:
                self.inbox.move(source, at, first)
            except SideRowMoved:  # By whoever has it too, for a moment.
                return self.place(partition, first, behind)
            at = first
        if self.reading.channel.order is not None:
            self.aside |= self.inbox.keys_aside(partition.topic)
        self.at[partition] = at
        self.steps[partition] = self.inbox.begin(f"{source}/step", 0)
        return at

    def must_be_it(self, partition: Partition, at: int) -> None:
        """Raises BusRefused where some of another one of that name was read: as much of this one would be left out."""
        kept = f"{self.reading.source(partition)}/topic"
        told = blake2b(self.which(partition.topic).encode(), digest_size=7).digest()
        now = int.from_bytes(told)
        if (known := self.inbox.begin(kept, now)) == now:
            return
        if at > 0:
            raise BusRefused(f"{partition} was read up to {at} before: {ANOTHER}")
        with suppress(SideRowMoved):  # Whoever was faster says the same.
            self.inbox.move(kept, known, now)

    def take(self, partition: Partition, records: Sequence[Arrived]) -> None:
        """Deal with messages that follow each other. Raises Moved, and Unavailable, Busy or QueueFull; what has not
        been dealt with by then is to be read again.
        """
        done = 0
        try:
            while done < len(records):
                done += self.step(partition, records[done:])
        except SideRowMoved as moved:
            raise Moved(str(moved)) from moved

    def step(self, partition: Partition, records: Sequence[Arrived]) -> int:
        """The next messages that can be dealt with together; how many that were."""
        run: list[Item] = []
        keys: set[bytes] = set()
        count = 0
        for record in records:
            try:
                item = self.reading.read(self.reading.source(partition), record, keys)
            except Behind:
                break
            if item.failure is not None or item.key in self.aside:
                return self.send(partition, run) if run else self.set_aside(partition, item)
            run.append(item)
            keys.add(item.key)
            count += len(item.asks)
            if count >= MOST:
                break
        return self.send(partition, run)

    def set_aside(self, partition: Partition, item: Item) -> int:
        """It does not go on, or stands behind one that does not; nought, where there is none any more, so that it can
        be dealt with after all.
        """
        expected = self.at[partition]
        self.inbox.note([item.came()])
        if item.key in self.aside:
            item.failure = None  # Whether it fails is seen when it is its turn.
        letter, wrapped = letter_of(self.reading, item, self.reading.clock(), self.patience)
        if item.key in self.aside:
            if not self.inbox.put_behind(letter, wrapped, expected):
                self.aside.discard(item.key)
                return 0
        elif not self.inbox.put_aside(letter, wrapped, expected):
            log.info("a message is left out, whom it mentions is forgotten", source=item.source, place=item.place)
        else:
            if self.reading.channel.order is not None:
                self.aside.add(item.key)
            if letter.retry_at is None:
                log.error("a message is a dead letter", source=letter.source, place=letter.place, error=letter.error)
        self.at[partition], self.steps[partition] = item.place + 1, 0
        return 1

    def send(self, partition: Partition, run: Sequence[Item]) -> int:
        """Their commands, in their order, each with the place up to which all before it has been dealt with; how many
        messages have been. A command that was answered before is not sent again.
        """
        ids = [ask.command_id for item in run for ask in item.asks]
        known = {*self.reading.ledger.outcomes(ids)} if ids else set()
        self.must_say_the_same([item for item in run if any(ask.command_id in known for ask in item.asks)])
        self.inbox.note([item.came() for item in run])
        expected, step = self.at[partition], self.steps[partition]
        sent: list[tuple[Item, list[Ask], int]] = []
        for item in run:
            moves = bool(item.asks) and item.asks[-1].command_id not in known
            new = guarded(item, known, expected, item.place + 1, step)
            step = stepped(new, step)
            expected = item.place + 1 if moves else expected
            sent.append((item, new, expected))
            known |= {ask.command_id for ask in new}
            if new and not moves:  # Should it fail, what comes after would not know.
                break
        run = run[: len(sent)]
        answers = iter(self.answers([ask for _, new, _ in sent for ask in new]))
        for nth, (item, new, reached) in enumerate(sent):
            for ask in new:
                match next(answers):
                    case Outcome():
                        self.steps[partition] = stepped([ask], self.steps[partition])
                    case SideRowMoved() | CommandIdReused() as another:
                        raise Moved(str(another))
                    case later if isinstance(later, LATER):
                        raise later
                    case wrong:
                        item.failure = wrong
                        return nth + self.set_aside(partition, item)
            self.at[partition] = max(reached, self.at[partition])
        if run and expected <= run[-1].place:
            self.inbox.move(run[-1].source, expected, run[-1].place + 1)
            self.at[partition], self.steps[partition] = run[-1].place + 1, 0
        return len(run)

    def must_say_the_same(self, again: Sequence[Item]) -> None:
        """The first one counts; that another came under its id, is told of."""
        asked = {(item.system, item.message_id or "") for item in again}
        before = self.inbox.said_before(asked) if asked else {}
        for item in again:
            if before.get((item.system, item.message_id or ""), item.digest) != item.digest:
                log.warning("a message came again and says something else", source=item.source, place=item.place)
