"""lifeledger worker: the views kept up with the ledger, until it is told to stop."""

import logging
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import psycopg

from api.cli.house import database, log_to_errors, master_key, must_be_prepared, write_side
from api.cli.say import Misuse, document
from commands import DECIDERS
from commands.execute import Executor
from commands.service import codec, open_ledger, server_clock
from consumers.acting import Acting
from consumers.brokers import Brokers
from consumers.clock import Clock
from consumers.fed import fed
from consumers.groups import Groups
from consumers.hands import Hands, Premises
from consumers.operating import Operating
from consumers.policies import POLICIES
from consumers.projector import Projector
from consumers.reactor import Reactor
from consumers.sealer import Sealer
from ledger.feed import Waker
from ledger.ledger import Ledger
from ledger.seal import signer
from projections import VIEWS
from settings import Settings, SettingsError

PATIENCE = 5.0  # Seconds with Kafka; who tells the worker to stop waits for its end.


def worker(*, json: bool) -> None:
    """Work until SIGINT or SIGTERM; the batch under way then is finished."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        master_key(settings, url)
        must_make_sense(settings.relay)
        names = [view.name for view in VIEWS]
        if json:
            document({"views": names}, lines=True)
        else:
            print(f"keeping {', '.join(names)} up to date; Ctrl-C stops it", flush=True)
        work(settings.model_copy(update={"database_url": url}))


def work(settings: Settings, *, least: int = logging.INFO) -> None:
    """The projector, the policies, the clock and the sealer in this process; if wanted, also who publishes what is
    signed, the relay, who takes in what other systems tell, and who folds what comes from Kafka. Settings name the
    database. Logs from `least` on.
    """
    log_to_errors(least)
    url, topics = settings.database_url, channels(settings)
    if settings.publish_checkpoints or settings.relay or settings.views_from == "kafka":
        import consumers.bus
    if settings.kafka_client == "confluent":
        import consumers.by_confluent  # noqa: F401 - as above.
    with told_to_stop() as stop, reading(settings, url) as ledger, hands(settings, url) as others:
        with ThreadPoolExecutor(6, "aside") as aside:
            beside = [aside.submit(act, ledger, url, settings, stop), aside.submit(seal, settings, url, stop)]
            if settings.publish_checkpoints:
                beside.append(aside.submit(publish, settings, url, stop))
            if settings.relay:
                beside.append(aside.submit(relay, settings, url, stop))
            if topics:
                beside.append(aside.submit(take_in, topics, settings, url, stop))
            apart: set[str] = set()
            if settings.views_from == "kafka":
                apart = {view.name for view in VIEWS if fed(view).way != "ledger"}
                beside.append(aside.submit(fold, ledger, settings, url, stop))
            try:
                Projector(VIEWS, ledger, url, url, others, apart=apart).run(stop)
            finally:
                stop.set()
        for each in beside:
            each.result()


def act(ledger: Ledger, url: str, settings: Settings, stop: Event) -> None:
    """Let the policies react, and the clock send what is due."""
    executor = Executor(DECIDERS, ledger, clock=server_clock, cache=settings.cache, patience=settings.patience)
    try:
        reactor, clock = Reactor(POLICIES, ledger, executor, url, url), Clock(POLICIES, executor, url)
        with hands(settings, url) as others:
            operating = operated(ledger, executor, url, settings, others, stop)
            Acting(reactor, clock, Groups(executor, url), operating, Waker(url)).run(stop)
    finally:
        stop.set()  # Views that are kept up for nobody who acts would look as if all were well.


def operated(
    ledger: Ledger, executor: Executor, url: str, settings: Settings, others: Hands | None, stop: Event
) -> Operating:
    """Do what operators have asked for."""
    from consumers.inbound.topics import TOPICS
    from consumers.operating_topics import OnTopics
    from consumers.operating_views import OnViews

    patience = timedelta(seconds=settings.inbound_patience)
    topics = OnTopics(ledger, executor, url, TOPICS, group=settings.inbound_group, patience=patience)
    return Operating(ledger, executor, OnViews(ledger, url, url, others), topics, url, stop)


def seal(settings: Settings, url: str, stop: Event) -> None:
    """Sign what the ledger has come to."""
    try:
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            signs = signer(connection, master_key(settings, url))
        Sealer(url, signs, codec()).run(stop)
    finally:
        stop.set()


def publish(settings: Settings, url: str, stop: Event) -> None:
    """Send to Kafka what is signed."""
    from consumers.bus import Bus
    from consumers.publisher import Publisher

    try:
        Publisher(url, Bus(Brokers.of(settings), PATIENCE)).run(stop)
    finally:
        stop.set()


def relay(settings: Settings, url: str, stop: Event) -> None:
    """Send to Kafka what happens."""
    from consumers.bus import Bus
    from consumers.outgoing import Outgoing
    from consumers.relay import Relay

    try:
        wanted = Outgoing.of(settings.relay, codec().by_name)
        Relay(url, Bus(Brokers.of(settings), PATIENCE), wanted, settings.relay_partitions).run(stop)
    finally:
        stop.set()


def channels(settings: Settings) -> list[Any]:
    """The topics that are to be taken in. Raises Misuse where one is not known here."""
    if not settings.inbound:
        return []
    import consumers.bus  # noqa: F401 - as above.
    from consumers.inbound.topics import TOPICS

    names = dict.fromkeys(settings.inbound.split(","))
    if strange := [name for name in names if name not in TOPICS]:
        told = f"LIFELEDGER_INBOUND: there is no topic {strange[0]}; there are {', '.join(sorted(TOPICS))}"
        raise Misuse(told)
    return [TOPICS[name] for name in names]


def take_in(topics: Sequence[Any], settings: Settings, url: str, stop: Event) -> None:
    """Take in what other systems tell, each topic on a thread of its own, through one writer."""
    from consumers.inbound.intake import Intake

    try:
        with (
            write_side(settings, url, master_key(settings, url), patience=settings.patience) as side,
            ThreadPoolExecutor(len(topics), "intake") as threads,
        ):
            patience, keeps = timedelta(seconds=settings.inbound_patience), timedelta(days=settings.inbox_days)
            intakes = [
                Intake.of(
                    each,
                    brokers=Brokers.of(settings),
                    url=url,
                    side=side,
                    group=settings.inbound_group,
                    patience=patience,
                    keeps=keeps,
                )
                for each in topics
            ]
            running = [threads.submit(run, each, stop) for each in intakes]
        for each in running:
            each.result()
    finally:
        stop.set()


def must_make_sense(relayed: str) -> None:
    """Raises SettingsError where the setting names events that there are not."""
    from consumers.outgoing import Outgoing

    try:
        if relayed:
            Outgoing.of(relayed, codec().by_name)
    except ValueError as wrong:
        raise SettingsError(f"LIFELEDGER_RELAY: {wrong}") from None


def run(intake: Any, stop: Event) -> None:
    try:
        intake.run(stop)
    finally:
        stop.set()


def fold(ledger: Ledger, settings: Settings, url: str, stop: Event) -> None:
    """Fold what comes from Kafka."""
    from consumers import over_kafka

    try:
        over_kafka.run(VIEWS, ledger, url, url, Brokers.of(settings), stop)
    finally:
        stop.set()


@contextmanager
def reading(settings: Settings, url: str) -> Iterator[Ledger]:
    """The ledger, for who only reads it."""
    key = master_key(settings, url)
    ledger = open_ledger(url, key, keys=settings.key_cache, pool_size=settings.ledger_pool)
    try:
        yield ledger
    finally:
        ledger.close()


def hands(settings: Settings, url: str) -> closing[Hands]:
    """Further processes, for long rebuilds."""
    return closing(Hands(Premises(url, url, master_key(settings, url))))


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """Set by Ctrl-C, or by a signal to end."""
    stop = Event()
    before = {
        number: signal.signal(number, lambda _number, _frame: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
