"""A ledger whose views are fed by Kafka, and whether they come to the rows that they come to by the ledger."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import psycopg
from kafka import KafkaAdminClient, TopicPartition

from commands.service import open_ledger
from consumers import member, own_topic, projector, relay, repartition
from consumers.at import fold, moment
from consumers.bus import Bus
from consumers.fed import fed
from consumers.outgoing import Outgoing
from consumers.relay import Relay
from consumers.session import Session
from ledger.scan import Wire
from projections import capacity, funnel, lead_turns, staff_directory
from projections.projection import Projection
from tests.broker import Broker
from tests.consumers.house import House, talks
from tests.consumers.three_ways import beside, differing
from tests.kafka.projecting import working
from tests.kafka.relayed import KNOWN, at_work, is_done, soon
from tests.memory import MASTER

VIEWS = (staff_directory, funnel, lead_turns, capacity, talks)
LEADS = Outgoing.of("lead,staff,agent-book", KNOWN)
TOPIC = "lifeledger.lead.v1"
PARTITIONS = 3  # Of these, each of two leads has one, and so has each of two agents.


@contextmanager
def hastened() -> Iterator[None]:
    """What is looked at from time to time is looked at all the time."""
    with ExitStack() as end:
        for module, name, seconds in (
            (relay, "LOOK_SECONDS", 0.05),
            (relay, "AGAIN_SECONDS", 0.2),
            (relay, "TOPICS_SECONDS", 0.5),
            (member, "NEWS_SECONDS", 0.2),
            (member, "AGAIN_SECONDS", 0.2),
            (member, "LOG_SECONDS", 0.5),
            (own_topic, "LOG_SECONDS", 0.5),
            (repartition, "AGAIN_SECONDS", 0.2),
            (projector, "LEASE_SECONDS", 0.1),
            (projector, "LOOK_AFTER_SECONDS", 0.1),
        ):
            end.enter_context(patch.object(module, name, seconds))
        yield


@contextmanager
def opened(url: str) -> Iterator[House]:
    with closing(open_ledger(url, MASTER)) as ledger:
        found = House(url, ledger, VIEWS)
        with found.end:
            yield found


@contextmanager
def relaying(house: House, kafka: str, wanted: Outgoing = LEADS) -> Iterator[Relay]:
    with closing(Bus(kafka, 10)) as bus:
        ours = Relay(house.url, bus, wanted, PARTITIONS)
        with at_work(ours):
            yield ours


@contextmanager
def by_kafka(house: House, kafka: str, views: Sequence[Projection] = VIEWS) -> Iterator[None]:
    """By Kafka, to which all is relayed."""
    with relaying(house, kafka), working(views, house.ledger, house.url, kafka):
        yield


def sent(house: House) -> None:
    """All is there that is to be sent."""
    soon(lambda: is_done(house.url))


def differ(house: House, views: Sequence[Projection] = VIEWS) -> list[str]:
    """The views whose rows are others than those that the ledger comes to by now."""
    with closing(Wire(house.url)) as wire, closing(Session(house.url, "agreeing")) as session:
        now, found = moment(house.ledger, None, None, datetime.now(UTC)), []
        for view in views:
            with beside(session, view, now, fold(house.ledger, wire, view, now)) as as_of_now:
                if differing(session, view, as_of_now):
                    found.append(view.name)
        return found


def must_come_to_agree(house: House, *views: Projection) -> None:
    """By Kafka all are at the end of the ledger, none of them is amiss any more, and their rows are the ledger's."""
    wanted, last = views or VIEWS, house.ledger.last_position()

    def is_so() -> bool:
        return all(
            (each.state, each.position, each.fed_by) == ("live", last, fed(of).way)
            for of, each in zip(wanted, house.statuses(wanted), strict=True)
        )

    house.wait(lambda: is_so() and not differ(house, wanted), "to agree")


def execute(house: House, *statements: str) -> None:
    with psycopg.connect(house.url, autocommit=True) as connection:
        for each in statements:
            connection.execute(each.encode())


def own_topic_of(house: House) -> str:
    with psycopg.connect(house.url) as connection:
        ((found,),) = connection.execute("SELECT topic FROM views.repartitioned").fetchall()
    return str(found)


def delete(kafka: str, topic: str) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        admin.delete_topics([topic])
        soon(lambda: topic not in admin.list_topics())


def let_go(kafka: str, topic: str) -> None:
    """All that is there by now."""
    with KafkaAdminClient(bootstrap_servers=kafka) as admin:
        (described,) = admin.describe_topics([topic])
        admin.delete_records({TopicPartition(topic, each["partition_index"]): -1 for each in described["partitions"]})


def emptied(broker: Broker) -> str:
    """Where it listens; no topic of ours is left there."""
    with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
        ours = [name for name in admin.list_topics() if name.startswith("lifeledger.")]
        if ours:
            admin.delete_topics(ours)
            soon(lambda: not {*ours} & {*admin.list_topics()})
    return broker.address
