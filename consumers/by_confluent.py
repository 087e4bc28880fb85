"""Messages sent by confluent-kafka: several times as many as by kafka-python, and the same promises.

It gives nothing up by itself, so that nothing which comes later can overtake what was given up: whoever hears nothing
for as long as we have patience takes back all that is under way. What a broker refuses for good stops it altogether.
"""

import logging
from collections.abc import Iterable
from functools import partial
from time import monotonic
from typing import Any

from consumers.brokers import Brokers
from consumers.message import Message, Partition
from consumers.sending import NotSent, Placed, Why

try:
    from confluent_kafka import KafkaError, KafkaException, Producer
except ModuleNotFoundError as missing:
    told = "LIFELEDGER_KAFKA_CLIENT=confluent needs lifeledger[confluent], which is not installed"
    raise ModuleNotFoundError(told, name=missing.name) from missing

TOGETHER = 128 * 1024  # Bytes that travel together. A topic that takes less at a time takes nothing of us.
LOOK_SECONDS = 0.1
SILENCE = "nothing is heard of it"
TAKEN_BACK = {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}  # noqa: SLF001 - the library's own begin so.
WHY = {
    KafkaError.MSG_SIZE_TOO_LARGE: Why.TOO_LARGE,
    KafkaError.INVALID_RECORD: Why.REFUSED,
    KafkaError.TOPIC_EXCEPTION: Why.REFUSED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: Why.REFUSED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Why.REFUSED,
    KafkaError.SASL_AUTHENTICATION_FAILED: Why.REFUSED,
    KafkaError._AUTHENTICATION: Why.REFUSED,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION: Why.NO_SUCH_PARTITION,  # noqa: SLF001
}


def why(error: KafkaError) -> Why:
    return WHY.get(error.code(), Why.AWAY)


def settings(brokers: Brokers) -> dict[str, Any]:
    given: dict[str, Any] = {
        "bootstrap.servers": brokers.servers,
        "client.id": "lifeledger",
        "security.protocol": brokers.protocol,
        "enable.idempotence": True,
        "enable.gapless.guarantee": True,
        "message.timeout.ms": 0,
        "batch.size": TOGETHER,
        "partitioner": "murmur2_random",
        "allow.auto.create.topics": False,
        "reconnect.backoff.max.ms": 1_000,
    }
    if brokers.tls:
        files = {
            "ssl.ca.location": brokers.ca,
            "ssl.certificate.location": brokers.certificate,
            "ssl.key.location": brokers.key,
        }
        given |= {name: str(file) for name, file in files.items() if file is not None}
    if brokers.mechanism:
        who = {"sasl.username": brokers.user, "sasl.password": brokers.password}
        given |= {"sasl.mechanism": brokers.mechanism, **who}
    return given


class ByConfluent:
    """A Sender. It connects by itself, and again and again; what it hears of that is told when we lose patience."""

    def __init__(self, brokers: Brokers, patience: float) -> None:
        self.patience = patience
        self.heard = monotonic()
        self.under_way = 0
        self.trouble: KafkaError | None = None
        self.failed: list[tuple[Message, KafkaError]] = []
        heard = {"error_cb": self.note, "logger": logging.getLogger("kafka.confluent")}
        self.producer = Producer(settings(brokers) | heard)

    def send(self, messages: Iterable[tuple[Message, int | None]]) -> "Counted":
        flight = Counted(self)
        for message, number in messages:
            self.serve(0.0)
            self.hand_over(message, -1 if number is None else number, partial(self.told, flight, message))
            flight.left += 1
        return flight

    def hand_over(self, message: Message, number: int, told: Any) -> None:
        while True:
            try:
                self.producer.produce(
                    message.topic,
                    message.value,
                    message.key,
                    number,
                    on_delivery=told,
                    headers=[*message.headers],
                )
            except BufferError:  # It holds as much as it can.
                self.serve(LOOK_SECONDS)
            except KafkaException as refused:
                error = refused.args[0]
                if error.code() == KafkaError._FATAL:  # noqa: SLF001 - What it was handed before has stopped it.
                    self.take_back()
                self.failed.append((message, error))
                raise self.not_sent() from refused
            else:
                if not self.under_way:
                    self.heard = monotonic()
                self.under_way += 1
                return

    def told(self, flight: "Counted", message: Message, error: KafkaError | None, there: Any) -> None:
        self.heard = monotonic()
        self.under_way -= 1
        flight.left -= 1
        if error is None:
            self.trouble = None
            flight.placed.add(Partition(message.topic, there.partition()), there.offset())
        else:
            self.failed.append((message, error))

    def note(self, error: KafkaError) -> None:
        """That no broker is left says less than what was heard of each."""
        if self.trouble is None or error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001
            self.trouble = error

    def serve(self, seconds: float) -> None:
        """Hear what has arrived. Raises NotSent as soon as something has not, or when nothing comes any more."""
        self.poll(seconds)
        if self.failed:
            raise self.not_sent()
        if self.under_way and monotonic() > self.heard + self.patience:
            self.take_back()
            raise self.not_sent()

    def poll(self, seconds: float) -> int:
        """What stops it altogether is told here once; what follows from that is told of each message."""
        try:
            return self.producer.poll(seconds)
        except KafkaException as stopped:
            self.note(stopped.args[0])
            return 1

    def take_back(self) -> None:
        self.producer.purge(in_queue=True, in_flight=True, blocking=True)
        while self.under_way and self.poll(LOOK_SECONDS):
            pass

    def not_sent(self) -> NotSent:
        """What went wrong first. That it was taken back is no reason; what was heard before is."""
        if not self.failed:
            return NotSent(Why.AWAY, self.trouble or SILENCE)
        message, error = self.failed[0]
        if error.code() in TAKEN_BACK:
            trouble = self.trouble
            return NotSent(Why.AWAY if trouble is None else why(trouble), trouble or SILENCE, message)
        if why(error) is Why.TOO_LARGE:  # It is said of all that travelled together.
            message, error = max(self.failed, key=lambda each: len(each[0].value or b""))
        return NotSent(why(error), error, message)

    def close(self) -> None:
        self.take_back()
        self.producer.close()


class Counted:
    """A Flight."""

    def __init__(self, by: ByConfluent) -> None:
        self.by = by
        self.left = 0
        self.placed = Placed()

    def wait(self) -> Placed:
        while self.left:
            self.by.serve(LOOK_SECONDS)
        return self.placed
