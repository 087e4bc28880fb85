"""How far the ledger is in Kafka, asked on the machine itself."""

from contextlib import closing

import psycopg
import pytest

from consumers.logs import Log
from consumers.reached import Moved, Relays
from ledger.recorder import Recorder, datastore
from tests.cli.running import lifeledger, on, running
from tests.ledger.samples import append, encoded, rows_of

pytestmark = pytest.mark.slow


def test_how_far_each_topic_is_and_what_the_relay_waits_for(database_url: str) -> None:
    env = on(database_url)
    never = lifeledger("kafka", "status", env=env)
    assert (never.code, never.out) == (
        1,
        "nobody has ever relayed anything: LIFELEDGER_RELAY says what a worker is to relay\n",
    )
    assert lifeledger("kafka", "status", "--json", env=env).document is None
    recorder = Recorder(datastore(database_url))
    append(recorder, encoded(*rows_of("lead/1", 1, 2, 3)))
    recorder.close()
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        tenure = Relays.take(connection)
        assert tenure is not None
        tenure.begin({"lifeledger.lead.v1": (Log("kafka-1/topic-1", (0,) * 6, (0,) * 6), None)})
        tenure.move({"lifeledger.lead.v1": Moved(1, (0, 0, 1, 0, 0, 0))}, 0, 1)
        live = lifeledger("kafka", "status", "--json", env=env)
        assert live.code == 0
        (topic,) = live.document["topics"]
        assert (live.document["state"], topic["position"], topic["lag_events"], topic["lag_seconds"] > 0) == (
            "live",
            1,
            2,
            True,
        )
        tenure.renew("Kafka at kafka:9092 cannot be reached")
        waiting = lifeledger("kafka", "status", env=env)
        assert waiting.code == 1
        assert "the relay waits: Kafka at kafka:9092 cannot be reached" in waiting.out
        assert "lifeledger.lead.v1" in waiting.out
    stopped = lifeledger("kafka", "status", env=env)
    assert (stopped.code, "nobody relays" in stopped.out) == (1, True)


def test_a_worker_that_is_to_relay_what_there_is_not_says_so(database_url: str) -> None:
    env = on(database_url, LIFELEDGER_KAFKA="127.0.0.1:1", LIFELEDGER_RELAY="leed")
    said = lifeledger("worker", env=env)
    assert (said.code, "LIFELEDGER_RELAY: there are no events 'leed'; lead is one" in said.err) == (2, True), said.err


def test_a_worker_relays_and_works_on_while_kafka_is_away(database_url: str) -> None:
    env = on(database_url, LIFELEDGER_KAFKA="127.0.0.1:1", LIFELEDGER_RELAY="all")
    with running("worker", env=env) as worker:
        found = iter(lambda: lifeledger("kafka", "status", "--json", env=env).document, "never")
        waits = next(each for each in found if each is not None and each["waits_for"] is not None)
        assert (waits["state"], "127.0.0.1:1" in waits["waits_for"]) == ("waiting", True)
        assert worker.poll() is None
        worker.terminate()
        assert worker.wait(60) == 0
