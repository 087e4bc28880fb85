"""Takes in one topic as long as the worker runs, whichever of its servers is away for a while."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any, Self

import structlog

from commands.service import WriteSide, server_clock
from consumers.brokers import Brokers
from consumers.bus import Bus, BusRefused, BusUnavailable
from consumers.inbound.channel import Channel
from consumers.inbound.letters import LATER, Retrier
from consumers.inbound.reader import Moved, Reader
from consumers.inbound.reading import Reading
from consumers.inbound.writing import through
from consumers.logs import bearing
from consumers.subscription import SESSION, Subscription
from consumers.tracking import described
from ledger.master import MasterKeyChanged
from ledger.stored_inbox import StoredInbox

AGAIN_SECONDS = 5.0  # Until Kafka is asked again where it was away.
REST_SECONDS = 0.5  # After the database was lost.
FORGOTTEN_TOGETHER = 10_000
LETTERS_AT_MOST = 2.0  # Seconds until messages that come are looked for again.
LETTER_SECONDS, LOOK_SECONDS, FORGET_SECONDS = 1.0, 5.0, 600.0

log = structlog.get_logger()


@dataclass
class Now:
    """What is done from time to time."""

    seconds: float
    last: float = float("-inf")

    def is_due(self) -> bool:
        if time.monotonic() < self.last + self.seconds:
            return False
        self.last = time.monotonic()
        return True


@dataclass
class Intake:
    subscription: Subscription
    reader: Reader
    retrier: Retrier
    inbox: StoredInbox
    keeps: timedelta
    waits: str = ""
    """What it has complained of last; it is told once."""
    letters: Now = field(default_factory=lambda: Now(LETTER_SECONDS))
    looks: Now = field(default_factory=lambda: Now(LOOK_SECONDS))
    forgets: Now = field(default_factory=lambda: Now(FORGET_SECONDS))

    @classmethod
    def of(
        cls,
        channel: Channel[Any],
        *,
        brokers: Brokers | str,
        url: str,
        side: WriteSide,
        group: str,
        patience: timedelta,
        keeps: timedelta,
        kafka_patience: float = 5.0,
        session: float = SESSION,
    ) -> Self:
        inbox, answers = StoredInbox(url), through(side)
        reading = Reading(channel, side.ledger, side.executor, group, server_clock, inbox)
        reader = Reader(reading, inbox, answers, patience, bearing(Bus(brokers, kafka_patience)))
        subscription = Subscription(
            brokers,
            group=f"{group}.{channel.topic}",
            topics=[channel.topic],
            place=reader.place,
            patience=kafka_patience,
            session=session,
        )
        return cls(subscription, reader, Retrier(reading, inbox, answers, patience), inbox, keeps)

    def run(self, stop: Event) -> None:
        """Returns soon after `stop` is set, with the messages under way dealt with."""
        try:
            while not stop.is_set():
                pause = 0.0
                try:
                    self.round(stop)
                    if self.subscription.assigned():  # Until it is placed, nobody knows whether all is well.
                        self.complain("")
                except (BusUnavailable, BusRefused) as gone:
                    pause = AGAIN_SECONDS
                    self.complain(str(gone))
                except LATER as gone:
                    pause = REST_SECONDS
                    self.begin_again()
                    self.complain(type(gone).__name__)
                except MasterKeyChanged:
                    raise
                except Exception as bug:  # noqa: BLE001 - other topics are taken in nevertheless.
                    pause = AGAIN_SECONDS
                    self.begin_again()
                    self.complain(described(bug))
                stop.wait(pause)
        finally:
            self.subscription.close()
            self.inbox.close()

    def round(self, stop: Event) -> None:
        if self.letters.is_due():
            until = time.monotonic() + LETTERS_AT_MOST
            self.retrier.round(lambda: not stop.is_set() and time.monotonic() < until)
        for partition, records in self.subscription.poll().items():
            if stop.is_set():
                return
            try:
                self.reader.take(partition, records)
            except Moved as moved:
                log.info("another reader is further", partition=str(partition), because=str(moved))
                self.subscription.again(partition)
        if self.looks.is_due():
            self.look()
        if self.forgets.is_due():
            self.forget(stop)

    def forget(self, stop: Event) -> None:
        before = self.reader.reading.clock() - self.keeps
        if destroyed := self.inbox.destroy(before):
            log.error("dead letters that nobody saw to are destroyed", letters=destroyed)
        while not stop.is_set() and self.inbox.forget(before, FORGOTTEN_TOGETHER) == FORGOTTEN_TOGETHER:
            pass

    def look(self) -> None:
        """Where partitions end, and for dashboards how far we are."""
        source = self.reader.reading.source
        ends = self.subscription.ends()
        self.inbox.looked({source(each): (each.topic, end) for each, end in ends.items()})
        self.subscription.note({each: self.reader.at[each] for each in ends if each in self.reader.at})

    def begin_again(self) -> None:
        """What was read and not dealt with is read again."""
        for partition in self.subscription.assigned():
            self.subscription.again(partition)

    def complain(self, because: str) -> None:
        topic = self.reader.reading.channel.topic
        if because and because != self.waits:
            log.warning("messages wait to be taken in", topic=topic, because=because)
        elif self.waits and not because:
            log.info("messages are taken in again", topic=topic)
        self.waits = because
