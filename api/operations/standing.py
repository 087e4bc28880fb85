"""How everything that works beside the API stands, as the database tells it: workers are other processes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from api.operations.told import (
    DueDeadlines,
    FedPartition,
    InboundPartition,
    InboundTopicStanding,
    LogSealed,
    Operations,
    PolicyStanding,
    RebuildProgress,
    Relay,
    View,
    Worker,
)
from consumers import clock, groups, operating
from consumers.inbound.topics import TOPICS
from consumers.policies import POLICIES
from consumers.status import Rows, ViewStatus, rows_of, statuses
from domain.policy import Paused, paused_at
from ledger.inbox import Topic
from ledger.ledger import Ledger
from ledger.relayed import Relaying, relaying
from ledger.stored_inbox import waiting
from projections import VIEWS, sql
from projections.deadlines import deadlines

MEMORIES = [process.memory for process in POLICIES]
LEASES = [
    *(f"{what} {view.name}" for view in (*VIEWS, *MEMORIES) for what in ("view", "build")),
    clock.LEASE,
    groups.LEASE,
    operating.LEASE,
]
HELD = """
SELECT coalesce(application_name, ''), held.pid, backend_start, array_agg(lease ORDER BY lease)
FROM unnest(%s) AS lease
JOIN pg_locks AS held ON (held.classid::bigint << 32) | held.objid::bigint = hashtextextended('lifeledger ' || lease, 0)
LEFT JOIN pg_stat_activity AS each ON each.pid = held.pid
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY application_name, held.pid, backend_start ORDER BY application_name, held.pid
"""
FED = """
SELECT view, topic, partition, next_offset, end_offset, greatest(end_offset - next_offset, 0), each.position,
    passed_over, each.updated_at
FROM views.partitions AS each JOIN views.tracking AS answers ON (name, answers.build) = (view, each.build)
LEFT JOIN views.ends USING (topic, partition, filling) ORDER BY view, topic, partition
"""
READ = """
SELECT topic, source, value, ends, greatest(ends - value, 0), looked_at
FROM ledger.incoming JOIN ledger.side_rows ON name = source ORDER BY topic, source
"""
DUE = f"""
SELECT kind, count(*) FILTER (WHERE due_at <= now()), min(due_at) FILTER (WHERE due_at <= now()),
    min(due_at) FILTER (WHERE due_at > now())
FROM {sql.shown(deadlines)} WHERE armed GROUP BY kind ORDER BY kind
"""  # noqa: S608 - a name of ours.
SEALED = """
SELECT log, coalesce(size, 0), signed_at, last - coalesce(size, 0)
FROM (
    SELECT 'events', coalesce(max(notification_id), 0) FROM ledger.stored_events
    UNION ALL SELECT 'commands', coalesce(max(number), 0) FROM ledger.commands
) AS logs (log, last)
LEFT JOIN (SELECT DISTINCT ON (log) log, size, signed_at FROM ledger.checkpoints ORDER BY log, size DESC) AS signed
    USING (log)
ORDER BY log DESC
"""

States = Callable[[str], Any]
"""The state of a stream as it is now."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the database has of all this, in one snapshot."""

    tracked: Rows
    relay: Relaying | None
    topics: list[Topic]
    read: dict[str, list[InboundPartition]]
    fed: list[FedPartition]
    due: list[DueDeadlines]
    workers: list[Worker]
    sealed: list[LogSealed]


def found(cursor: Any) -> Found:
    read: defaultdict[str, list[InboundPartition]] = defaultdict(list)
    for topic, source, *rest in asked(cursor, READ):
        _, group, name = source.split("/", 2)
        here = named(InboundPartition, (int(name.rpartition("/")[2]), group, *rest))
        read[topic].append(here)
    return Found(
        rows_of(cursor),
        relaying(cursor),
        waiting(cursor),
        read,
        [named(FedPartition, row) for row in asked(cursor, FED)],
        [named(DueDeadlines, row) for row in asked(cursor, DUE)],
        [named(Worker, row) for row in asked(cursor, HELD, LEASES)],
        [named(LogSealed, row) for row in asked(cursor, SEALED)],
    )


def asked(cursor: Any, statement: str, *given: Any) -> list[tuple[Any, ...]]:
    cursor.execute(statement, given or None)
    return list(cursor.fetchall())


def named(kind: Any, row: Iterable[Any]) -> Any:
    """The columns, in the order of the fields."""
    return kind(**dict(zip(kind.model_fields, row, strict=True)))


# Together with what the ledger says


def subjects() -> list[str]:
    """The streams that tell what is under way, and what is paused."""
    views = [f"read-model/{view.name}" for view in VIEWS]
    topics = [f"inbound-topic/{topic}" for topic in TOPICS]
    return [*views, *topics, *{f"policy/{process.name}" for process in POLICIES}]


def operations(here: Found, ledger: Ledger, state: States, now: datetime) -> Operations:
    return Operations(
        position=ledger.last_position(),
        at=now,
        views=[view_told(each, state) for each in statuses(here.tracked, VIEWS, ledger)],
        relay=relay_told(here.relay),
        inbound=[*inbound(here, state)],
        partitions=here.fed,
        policies=[*policies(here.tracked, ledger, state, now)],
        deadlines=here.due,
        workers=here.workers,
        sealed=here.sealed,
    )


def view_told(each: ViewStatus, state: States) -> View:
    rebuild = None
    if (under_way := each.rebuild) is not None:
        rebuild = RebuildProgress(
            phase=under_way.phase,
            position=under_way.position,
            until=under_way.until,
            lag_events=under_way.lag_events,
            events_per_second=under_way.rate,
            eta_seconds=under_way.eta_seconds,
        )
    told = {**asdict(each), "view": each.name, "rebuild": rebuild}
    asked_for = [asdict(request) for request in state(f"read-model/{each.name}").under_way]
    return View.model_validate({**told, "under_way": asked_for})


def relay_told(relay: Relaying | None) -> Relay | None:
    return None if relay is None else Relay.model_validate({"state": relay.state, **asdict(relay)})


def inbound(here: Found, state: States) -> Iterable[InboundTopicStanding]:
    """Of every topic of which anything has come, or been asked."""
    known: Mapping[str, Topic] = {each.topic: each for each in here.topics}
    asked_for = {topic: state(f"inbound-topic/{topic}").under_way for topic in TOPICS}
    for topic in sorted({*known, *here.read, *(name for name, found in asked_for.items() if found)}):
        counted = known.get(topic) or Topic(topic=topic)
        yield InboundTopicStanding.model_validate(
            {
                **{name: getattr(counted, name) for name in ("topic", "dead", "patient", "behind", "unread")},
                "partitions": here.read.get(topic, []),
                "under_way": [asdict(each) for each in asked_for.get(topic, ())],
            }
        )


def policies(tracked: Rows, ledger: Ledger, state: States, now: datetime) -> Iterable[PolicyStanding]:
    for process, each in zip(POLICIES, statuses(tracked, MEMORIES, ledger), strict=True):
        policy = state(f"policy/{process.name}")
        until = policy.until if isinstance(policy, Paused) and paused_at(policy, now) else None
        reacts = bool(process.reactions)
        yield PolicyStanding(
            policy=process.name,
            part=each.name,
            state="paused" if until else each.state if reacts else "timed",
            paused_until=until,
            position=each.position if reacts else ledger.last_position(),
            lag_events=each.lag_events if reacts else 0,
            lag_seconds=each.lag_seconds if reacts else 0.0,
            error=each.error,
            retry_at=each.retry_at,
        )
