"""What operators ask about messages that do not go on, as a worker does it: with the functions of who takes them in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from commands.execute import Executor
from commands.inbound_topic import RecordMessageRetried, RecordMessageSkipped
from consumers.inbound.channel import Channel
from consumers.inbound.letters import Retried, Retrier
from consumers.inbound.reading import Reading
from consumers.operating_words import CannotBeDone, NotYet
from domain.inbound_topic import MessageRetryRequested, MessageSkipRequested
from ledger.envelope import Recorded
from ledger.inbox import Letter
from ledger.ledger import Ledger
from ledger.stored_inbox import StoredInbox

GONE = "there is no such letter: it has gone on, was skipped, or was destroyed with somebody"


class OnTopics:
    """For one thread. `group` and `patience` are those of who takes the topics in."""

    def __init__(
        self,
        ledger: Ledger,
        executor: Executor,
        database_url: str,
        topics: Mapping[str, Channel[Any]],
        *,
        group: str,
        patience: timedelta,
    ) -> None:
        self.ledger = ledger
        self.executor = executor
        self.topics = topics
        self.group = group
        self.patience = patience
        self.inbox = StoredInbox(database_url)

    def close(self) -> None:
        self.inbox.close()

    def retry(self, recorded: Recorded) -> RecordMessageRetried:
        """Raises CannotBeDone, or NotYet."""
        event: MessageRetryRequested = recorded.event
        channel = self.channel(event.topic)
        came = self.tried(channel, self.letter(event))
        return RecordMessageRetried(topic=event.topic, number=event.number, gone_on=came.done, because=came.error)

    def skip(self, recorded: Recorded) -> RecordMessageSkipped:
        """Raises CannotBeDone."""
        event: MessageSkipRequested = recorded.event
        channel = self.channel(event.topic)
        if event.letter_id in {each.letter_id for each in self.inbox.skipped(event.topic)}:
            came = Retried(0)  # Somebody died who had got that far; what waited behind it is tried as it is due.
        else:
            letter = self.letter(event)
            why = "" if recorded.reason is None else recorded.reason.code
            if not self.inbox.skip(letter.letter_id, why, f"{recorded.actor.kind}:{recorded.actor.id}"):
                raise CannotBeDone(GONE)
            came = self.retrier(channel).retry(letter.key)
        return RecordMessageSkipped(topic=event.topic, number=event.number, gone_on=came.done, because=came.error)

    def tried(self, channel: Channel[Any], letter: Letter) -> Retried:
        """Raises NotYet where another process is at it."""
        came = self.retrier(channel).retry(letter.key)
        if came == Retried(0) and self.inbox.letter(letter.letter_id) is not None:
            raise NotYet("another process is at what waits there")
        return came

    def channel(self, topic: str) -> Channel[Any]:
        """Raises CannotBeDone."""
        if topic not in self.topics:
            raise CannotBeDone(f"this version of the service reads nothing from a topic {topic}")
        return self.topics[topic]

    def letter(self, event: MessageRetryRequested | MessageSkipRequested) -> Letter:
        """Raises CannotBeDone."""
        found = self.inbox.letter(event.letter_id)
        if found is None or found.topic != event.topic:
            raise CannotBeDone(GONE)
        return found

    def retrier(self, channel: Channel[Any]) -> Retrier:
        reading = Reading(channel, self.ledger, self.executor, self.group, self.executor.clock, self.inbox)
        return Retrier(reading, self.inbox, self.executor, self.patience)
