"""Kafka by kafka-python: how its clients are opened, and messages sent by it."""

import logging
import warnings
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

from consumers.brokers import Brokers
from consumers.message import Message, Partition
from consumers.sending import NotSent, Placed, Why

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # It reads files in a way that is going.
        from kafka import KafkaProducer
        from kafka.errors import (
            AuthorizationError,
            InvalidTopicError,
            KafkaError,
            MessageSizeTooLargeError,
            SaslAuthenticationFailedError,
        )
        from kafka.net.compat import KafkaNetClient
except ModuleNotFoundError as missing:
    told = "Kafka comes with lifeledger[kafka], which is not installed; without LIFELEDGER_KAFKA nothing is published"
    raise ModuleNotFoundError(told, name=missing.name) from missing

TOGETHER = 128 * 1024  # Bytes of one partition that travel together: with few of ours in each, it takes twice as long.
RECONNECT_MS = 1_000

# It tells of each single attempt; how they end is told here. Whoever wants to see them sets a handler.
logging.getLogger("kafka").addHandler(logging.NullHandler())


def opened(brokers: Brokers, patience: float, kind: Any, **settings: Any) -> Any:
    """What does not find the brokers leaves its sockets open, and a thread: they are closed here."""
    begun: list[Any] = []
    milliseconds = int(patience * 1000)

    def connection(**given: Any) -> Any:
        begun.append(KafkaNetClient(**given))
        return begun[-1]

    try:
        return kind(
            bootstrap_servers=brokers.servers.split(","),
            client_id="lifeledger",
            bootstrap_timeout_ms=milliseconds,
            request_timeout_ms=milliseconds,
            reconnect_backoff_max_ms=RECONNECT_MS,
            kafka_client=connection,
            **way_in(brokers),
            **settings,
        )
    except BaseException:
        for each in begun:
            each.close()
        raise


def way_in(brokers: Brokers) -> dict[str, Any]:
    settings: dict[str, Any] = {"security_protocol": brokers.protocol}
    if brokers.tls:
        files = {"ssl_cafile": brokers.ca, "ssl_certfile": brokers.certificate, "ssl_keyfile": brokers.key}
        settings |= {name: str(file) for name, file in files.items() if file is not None}
    if brokers.mechanism:
        who = {"sasl_plain_username": brokers.user, "sasl_plain_password": brokers.password}
        settings |= {"sasl_mechanism": brokers.mechanism, **who}
    return settings


def why(error: BaseException) -> Why:
    if isinstance(error, MessageSizeTooLargeError):
        return Why.TOO_LARGE
    refused = isinstance(error, SaslAuthenticationFailedError | AuthorizationError | InvalidTopicError)
    return Why.REFUSED if refused else Why.AWAY


class ByKafkaPython:
    """A Sender. Raises NotSent where no broker is found."""

    def __init__(self, brokers: Brokers, patience: float) -> None:
        self.patience = patience
        milliseconds = int(patience * 1000)
        try:
            self.producer = opened(
                brokers,
                patience,
                KafkaProducer,
                enable_idempotence=True,
                acks="all",
                batch_size=TOGETHER,
                allow_auto_create_topics=False,
                delivery_timeout_ms=milliseconds,
                max_block_ms=milliseconds,
            )
        except (KafkaError, OSError) as error:
            raise NotSent(why(error), error) from error

    def send(self, messages: Iterable[tuple[Message, int | None]]) -> "Futures":
        flight = Futures(self.patience)
        for message, partition in messages:
            flight.sent.append((message, self.hand_over(message, partition, flight)))
        return flight

    def hand_over(self, message: Message, partition: int | None, flight: "Futures") -> Any:
        def stop(error: BaseException) -> None:
            """Nothing that comes after it may get through now."""
            flight.failed.append((message, error))
            self.producer._sender.force_close()  # noqa: SLF001 - close() waits first for all that is under way.

        try:
            future = self.producer.send(
                message.topic, key=message.key, value=message.value, headers=[*message.headers], partition=partition
            )
        except (KafkaError, OSError) as error:
            flight.failed.append((message, error))
            raise flight.not_sent() from error
        except ValueError as none:  # The topic is another one than it was, with fewer of them.
            raise NotSent(Why.NO_SUCH_PARTITION, none, message) from none
        return future.add_errback(stop)

    def close(self) -> None:
        self.producer._sender.force_close()  # noqa: SLF001 - as above.
        self.producer._sender.join(self.patience)  # noqa: SLF001
        with suppress(KafkaError):
            self.producer.close(timeout=0)


class Futures:
    """A Flight."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.sent: list[tuple[Message, Any]] = []
        self.failed: list[tuple[Message, BaseException]] = []

    def wait(self) -> Placed:
        until = monotonic() + self.patience + 1.0  # It gives up by itself, if it runs.
        placed = Placed()
        for each, future in self.sent:
            try:
                found = future.get(timeout=max(0.0, until - monotonic()))
                placed.add(Partition(found.topic, found.partition), found.offset)
            except (KafkaError, OSError) as error:
                self.failed.append((each, error))
                raise self.not_sent() from error
        return placed

    def not_sent(self) -> NotSent:
        """What went wrong first."""
        message, error = self.failed[0]
        return NotSent(why(error), error, message)
