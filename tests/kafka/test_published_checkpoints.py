"""Whoever keeps the topic knows what the ledger was: nothing in it was never committed, and nothing is left out."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from unittest.mock import patch
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaAdminClient
from psycopg.conninfo import conninfo_to_dict
from structlog.testing import capture_logs

from commands.service import codec
from consumers import publisher, sealer
from consumers.bus import Bus, Message
from consumers.publisher import TOPIC, Publisher
from consumers.sealer import Sealer
from ledger.logs import LOGS
from ledger.recorder import Recorder, datastore
from ledger.seal import origin, signer
from tests.broker import KAFKA, Broker
from tests.cli.running import Said, lifeledger, on, running
from tests.ledger.samples import append, encoded, rows_of
from tests.memory import MASTER
from tests.servers import Server

pytestmark = KAFKA


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with (
        patch.object(publisher, "LOOK_SECONDS", 0.05),
        patch.object(publisher, "AGAIN_SECONDS", 0.2),
        patch.object(sealer, "LOOK_SECONDS", 0.01),
        patch.object(sealer, "EVERY_SECONDS", 0.05),
        patch.object(sealer, "MOST", 4),
    ):
        yield


@pytest.fixture
def kafka(broker: Broker) -> str:
    """The topic has one name everywhere: nobody else's is written to, or deleted."""
    return broker.address


@pytest.fixture
def url(postgres: Server, database_url: str) -> str:
    """A ledger that is a copy of no other one, which all tests' otherwise are."""
    do(postgres, database_url, "UPDATE ledger.itself SET id = gen_random_uuid()")
    return database_url


def do(postgres: Server, url: str, statement: str) -> None:
    """As a superuser."""
    with psycopg.connect(postgres.admin_url(str(conninfo_to_dict(url)["dbname"])), autocommit=True) as admin:
        admin.execute(statement.encode())


def write(url: str, *streams: str) -> None:
    recorder = Recorder(datastore(url))
    for stream in streams:
        append(recorder, encoded(*rows_of(stream, *range(1, 11))))
    recorder.close()


@contextmanager
def at_work(run: Callable[[Event], None]) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def sealing(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as connection:
        signs = signer(connection, MASTER)
    with at_work(Sealer(url, signs, codec()).run):
        yield


@contextmanager
def publishing(url: str, kafka: str) -> Iterator[None]:
    with at_work(Publisher(url, Bus(kafka, 2.0)).run):
        yield


def signed(url: str) -> dict[str, list[str]]:
    """The notes of each log, as they are committed, by its origin."""
    with psycopg.connect(url) as connection:
        ask = "SELECT note FROM ledger.checkpoints WHERE log = %s ORDER BY size"
        return {
            origin(connection, log): [note for (note,) in connection.execute(ask, (log.name,)).fetchall()]
            for log in LOGS
        }


def published(url: str, kafka: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {of: [] for of in signed(url)}
    bus = Bus(kafka)
    bus.prepare({TOPIC: 1})
    for each in bus.read(TOPIC):
        if each.key.decode() in found:
            found[each.key.decode()].append((each.value or b"").decode())
    return found


def first_times(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {of: [*dict.fromkeys(notes)] for of, notes in found.items()}


def soon(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


def checkpoints(url: str, of: str = "/events") -> int:
    return sum(len(notes) for origin, notes in signed(url).items() if origin.endswith(of))


def test_each_checkpoint_of_both_logs_is_published_once_in_order_of_size(url: str, kafka: str) -> None:
    with sealing(url), publishing(url, kafka):
        write(url, "lead/1", "lead/2")
        soon(lambda: checkpoints(url) >= 5 and published(url, kafka) == signed(url))
    assert all(signed(url).values()), "of both logs there are some"
    with sealing(url), publishing(url, kafka):
        write(url, "lead/3")
        soon(lambda: checkpoints(url) >= 8 and published(url, kafka) == signed(url))
        time.sleep(0.5)
    assert published(url, kafka) == signed(url), "a restart sends nothing twice"


def test_of_several_workers_one_publishes_at_a_time(url: str, kafka: str) -> None:
    with ExitStack() as several:
        for _ in range(3):
            several.enter_context(publishing(url, kafka))
        several.enter_context(sealing(url))
        write(url, *(f"lead/{number}" for number in range(10)))
        soon(lambda: checkpoints(url) >= 25 and published(url, kafka) == signed(url))


def test_what_is_never_committed_is_never_published(postgres: Server, url: str, kafka: str) -> None:
    do(
        postgres,
        url,
        """
        CREATE FUNCTION ledger.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE CONSTRAINT TRIGGER no AFTER INSERT ON ledger.checkpoints DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION ledger.no()
        """,
    )
    write(url, "lead/1")
    with sealing(url), publishing(url, kafka):
        time.sleep(1)
        assert not any(published(url, kafka).values())
        write(url, "lead/2")
        do(postgres, url, "DROP TRIGGER no ON ledger.checkpoints")
        soon(lambda: checkpoints(url) >= 5 and published(url, kafka) == signed(url))


def test_while_the_broker_is_down_it_is_sealed_and_later_published_without_a_gap(url: str, broker: Broker) -> None:
    kafka = broker.address
    with capture_logs() as logs, sealing(url), publishing(url, kafka):
        write(url, "lead/1")
        soon(lambda: checkpoints(url) >= 3 and published(url, kafka) == signed(url))
        broker.kill()
        for number in range(2, 7):
            before = checkpoints(url)
            write(url, f"lead/{number}")
            soon(lambda: checkpoints(url) >= before + 3)  # noqa: B023 - it is over before the next one.
        soon(lambda: any(each["event"] == "checkpoints wait to be published" for each in logs))
        broker.start()
        soon(lambda: first_times(published(url, kafka)) == signed(url))
    told = [each["because"] for each in logs if each["event"] == "checkpoints wait to be published"]
    assert len(told) == 1
    assert kafka in told[0]


def test_who_dies_before_it_is_noted_that_all_is_there_publishes_it_again(url: str, kafka: str) -> None:
    with sealing(url):
        write(url, "lead/1")
        soon(lambda: checkpoints(url) >= 3 and checkpoints(url, "/commands") >= 1)
    dying = Publisher(url, Bus(kafka))
    with patch.object(publisher, "MOVE", "SELECT 1 / 0"), pytest.raises(psycopg.errors.DivisionByZero):
        dying.round()
    dying.close()
    dying.bus.close()
    with publishing(url, kafka):
        soon(lambda: first_times(published(url, kafka)) == signed(url))
    found = published(url, kafka)
    assert [len(notes) for notes in found.values()] == [2 * checkpoints(url), checkpoints(url, "/commands")]


def test_a_topic_that_is_empty_gets_all_that_there_is(url: str, kafka: str) -> None:
    with sealing(url), publishing(url, kafka):
        write(url, "lead/1")
        soon(lambda: checkpoints(url) >= 3 and published(url, kafka) == signed(url))
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.delete_topics([TOPIC])
    with sealing(url), publishing(url, kafka):
        write(url, "lead/2")
        soon(lambda: checkpoints(url) >= 6 and published(url, kafka) == signed(url))


def test_a_worker_that_finds_no_broker_seals_all_the_same_and_ends_when_it_is_told(url: str) -> None:
    write(url, "lead/1")
    nowhere = on(url, LIFELEDGER_KAFKA="127.0.0.1:9", LIFELEDGER_PUBLISH_CHECKPOINTS="on")
    with running("worker", env=nowhere) as worker:
        assert worker.stderr is not None
        for line in worker.stderr:
            if "checkpoints wait to be published" in line:
                assert "127.0.0.1:9" in line
                break
        assert all(signed(url).values())
        worker.terminate()
        assert worker.wait(30) == 0


# Who keeps only the topic


def verify(url: str, kafka: str, nothing: Path, *more: str) -> Said:
    """By somebody who has kept nothing himself."""
    env = on(url, LIFELEDGER_KAFKA=kafka)
    return lifeledger("verify", "--against-topic", "--kept", nothing / uuid4().hex, *more, env=env)


def test_an_old_copy_that_was_restored_is_found_by_the_topic_alone(
    url: str, postgres: Server, kafka: str, tmp_path: Path
) -> None:
    write(url, "lead/1")
    env = on(url, LIFELEDGER_KAFKA=kafka, LIFELEDGER_PUBLISH_CHECKPOINTS="on")
    name, old = str(conninfo_to_dict(url)["dbname"]), f"old_{uuid4().hex}"

    def published_by_the_worker(count: int) -> None:
        with running("worker", env=env) as worker:
            soon(lambda: checkpoints(url) == count and published(url, kafka) == signed(url))
            worker.terminate()
            assert worker.wait(30) == 0

    published_by_the_worker(1)
    postgres.create_database(old, name)
    write(url, "lead/2")
    published_by_the_worker(2)
    good = verify(url, kafka, tmp_path, "--json")
    assert good.code == 0, good.err
    assert [each["published"] for each in good.document] == [2, 2]

    copy = url.replace(name, old)
    try:
        alone = lifeledger("verify", "--kept", tmp_path / "nothing", env=on(copy))
        assert alone.code == 0, "it agrees with itself"
        found = verify(copy, kafka, tmp_path)
        assert found.code == 1
        assert f"of the events, 11 to 20 are missing: the topic {TOPIC} knows of 20" in found.out
        write(copy, "lead/3", "lead/4")
        assert lifeledger("audit", "checkpoint", env=on(copy)).code == 0
        later = verify(copy, kafka, tmp_path)
        assert later.code == 1, "nor does it help to go on from there"
        assert f"the topic {TOPIC} at 20 does not agree" in later.out
    finally:
        postgres.drop_database(old)


def test_what_nobody_signed_proves_nothing_and_is_told(url: str, kafka: str, tmp_path: Path) -> None:
    with sealing(url), publishing(url, kafka):
        write(url, "lead/1")
        soon(lambda: checkpoints(url) >= 3 and all(published(url, kafka).values()))
    bus = Bus(kafka)
    for key in signed(url):
        bus.publish([Message(topic=TOPIC, key=key.encode(), value=value) for value in (b"junk", b"\xff", None)])
    bus.close()
    said = verify(url, kafka, tmp_path)
    assert said.code == 0, said.err
    assert f"of what the topic {TOPIC} has of this ledger, 6 are not signed by lifeledger/" in said.err


def test_where_nothing_was_published_that_is_told(url: str, kafka: str, tmp_path: Path) -> None:
    write(url, "lead/1")
    assert lifeledger("audit", "checkpoint", env=on(url)).code == 0
    published(url, kafka)
    said = verify(url, kafka, tmp_path)
    assert said.code == 1
    assert "of the events nothing was published" in said.out


def test_a_topic_that_cannot_be_asked_is_told_by_its_place(url: str, broker: Broker, tmp_path: Path) -> None:
    unset = lifeledger("verify", "--against-topic", env=on(url))
    assert (unset.code, "LIFELEDGER_KAFKA" in unset.err) == (2, True)
    broker.kill()
    away = verify(url, broker.address, tmp_path)
    assert away.code == 1
    assert f"lifeledger: Kafka at {broker.address} cannot be reached" in away.err
