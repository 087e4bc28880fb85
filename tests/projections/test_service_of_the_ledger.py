"""The views of service against those who know nothing of them: the SLA report is counted again, in plain Python from
the events and in SQL over the ledger, and whoever sees a ticket in a list is asked of the write side.

The history is a company's, whose policies keep its clocks, and after that a desk's that does anything at all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from api.demo.history import write
from commands.permission import whereabouts
from commands.service import open_ledger
from commands.ticket.tickets import holding as holding_of
from consumers.rebuild import Rebuild
from domain.access import Action, Scope, reaches
from domain.actor import Actor
from domain.ticket.facts.clocks import (
    SlaApplied,
    SlaBreached,
    SlaEvent,
    SlaMet,
    SlaOverrun,
    SlaPaused,
    SlaResumed,
    SlaStopped,
)
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import TicketAssigned
from domain.ticket.states import Merged
from domain.values import OrgPath, TicketId
from ledger.envelope import Recorded
from projections.pool_directory import pool_directory
from projections.query import Listing, page, summary
from projections.scope import Reach
from projections.sla_report import sla_report
from projections.staff_directory import staff_directory
from projections.ticket_queue import ticket_queue
from projections.working_hours import working_hours
from tests.memory import MASTER
from tests.projections.desk import Desk

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
Who = tuple[date, str | None, str | None, str]
COUNTED = ("promised", "met", "breached", "overrun", "running", "paused", "void", "percent_met", "median_minutes")
Figures = dict[Who, tuple[float | None, ...]]


@dataclass
class Told:
    """A ledger, all its events, and where its database is."""

    url: str
    events: Sequence[Recorded]
    desk: Desk


@pytest.fixture(scope="module")
def told(databases: Any, postgres: Any, seed: int) -> Iterator[Told]:
    name = databases.take()
    url = postgres.url(name)
    ledger = open_ledger(url, MASTER)
    write(ledger, NOON, 3)
    desk = Desk(ledger, NOON + timedelta(hours=1), Random(seed))
    desk.live(1_500)
    for view in (sla_report, ticket_queue, working_hours, staff_directory, pool_directory):
        Rebuild(view, ledger, url, url).run()
    yield Told(url, ledger.events(0, 1_000_000), desk)
    ledger.close()
    databases.drop(name)


def the_view(told: Told) -> Figures:
    asked = summary(sla_report, "kept", Listing(NOON, None))
    return {key(row): figures(row) for row in answers(told, asked.sql, asked.parameters, asked.columns)}


def answers(told: Told, sql: str, parameters: Sequence[Any], columns: Sequence[str]) -> list[Mapping[str, Any]]:
    with closing(psycopg2.connect(told.url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def key(row: Mapping[str, Any]) -> Who:
    return row["month"], row["team"], row["agent"], row["metric"]


def figures(row: Mapping[str, Any]) -> tuple[float | None, ...]:
    return tuple(None if row[name] is None else round(float(row[name]), 2) for name in COUNTED)


# In plain Python


@dataclass
class Promise:
    metric: str
    month: date
    hand: str = "running"
    broken: bool = False
    lasts: bool = False
    minutes: float | None = None
    decided: tuple[str | None, str | None] | None = None  # Team and agent.


def in_python(events: Sequence[Recorded]) -> Figures:
    groups: dict[Who, list[Promise]] = defaultdict(list)
    streams: dict[str, list[Any]] = defaultdict(list)
    for each in events:
        streams[each.stream].append(each.event)
    for stream in streams.values():
        made, now = promises_of(stream)
        for promise in made:
            team, agent = promise.decided or now
            groups[promise.month, team, agent, promise.metric].append(promise)
    return {who: counted(promises) for who, promises in groups.items()}


def promises_of(stream: Sequence[Any]) -> tuple[list[Promise], tuple[str | None, str | None]]:
    """All that was promised in one stream, and whose it is in the end."""
    made: list[Promise] = []
    now: tuple[str | None, str | None] = (None, None)
    for event in stream:
        if isinstance(event, TicketAssigned):
            now = (event.team, event.agent)
        if isinstance(event, TicketReopened):
            now = (now[0], event.agent)
        if isinstance(event, SlaApplied):
            since = event.since.astimezone(UTC)
            made.append(Promise(event.metric, date(since.year, since.month, 1)))
        elif isinstance(event, SlaEvent):
            follow(next(each for each in reversed(made) if each.metric == event.metric), event, now)
    return made, now


def follow(promise: Promise, event: Any, now: tuple[str | None, str | None]) -> None:
    match event:
        case SlaBreached():
            promise.broken, promise.decided = True, now
        case SlaOverrun():
            promise.lasts = True
        case SlaPaused():
            promise.hand = "paused"
        case SlaResumed():
            promise.hand, promise.minutes = "running", None
            promise.decided = promise.decided if promise.broken else None
        case SlaMet(elapsed=elapsed) | SlaStopped(elapsed=elapsed):
            why = event.why if isinstance(event, SlaStopped) else "met"
            promise.hand = why if why == "met" else "void"
            promise.minutes = elapsed / timedelta(minutes=1) if why in {"met", "late"} else None
            promise.decided = promise.decided or now
        case _:
            pass


def counted(promises: Sequence[Promise]) -> tuple[float | None, ...]:
    unbroken = [each.hand for each in promises if not each.broken]
    met, broken = unbroken.count("met"), len(promises) - len(unbroken)
    taken = [each.minutes for each in promises if each.minutes is not None]
    return (
        len(promises),
        met,
        broken,
        sum(each.lasts for each in promises),
        *(unbroken.count(hand) for hand in ("running", "paused", "void")),
        round(100 * met / (met + broken), 2) if met + broken else None,
        round(median(taken), 2) if taken else None,
    )


# In SQL, over what the ledger has stored

RAW = """
WITH told AS (
    SELECT originator_id AS ticket, originator_version AS nth, topic, convert_from(state, 'UTF8')::jsonb AS fact
    FROM ledger.stored_events WHERE starts_with(topic, 'ticket.')
), clock AS (
    SELECT *, fact->>'metric' AS metric,
        count(*) FILTER (WHERE topic = 'ticket.sla-applied')
            OVER (PARTITION BY ticket, fact->>'metric' ORDER BY nth) AS cycle
    FROM told WHERE starts_with(topic, 'ticket.sla-')
), promise AS (
    SELECT ticket, metric, cycle,
        min(fact->>'since') FILTER (WHERE topic = 'ticket.sla-applied')::timestamptz AS since,
        min(nth) FILTER (WHERE topic = 'ticket.sla-breached') AS broken,
        count(*) FILTER (WHERE topic = 'ticket.sla-overrun') > 0 AS lasts,
        max(nth) FILTER (WHERE topic IN ('ticket.sla-applied', 'ticket.sla-paused', 'ticket.sla-resumed',
            'ticket.sla-met', 'ticket.sla-stopped')) AS moved
    FROM clock GROUP BY ticket, metric, cycle
), outcome AS (
    SELECT promise.*, last.topic AS hand, last.fact AS fact,
        coalesce(broken, moved) AS decided
    FROM promise JOIN told AS last ON last.ticket = promise.ticket AND last.nth = promise.moved
), owned AS (
    SELECT outcome.*,
        broken IS NULL AND hand = 'ticket.sla-met' AS met,
        hand = 'ticket.sla-met' OR hand = 'ticket.sla-stopped' AND fact->>'why' = 'late' AS taken,
        (SELECT fact->>'agent' FROM told WHERE told.ticket = outcome.ticket
            AND topic IN ('ticket.assigned', 'ticket.reopened') AND nth <= until ORDER BY nth DESC LIMIT 1) AS agent,
        (SELECT fact->>'team' FROM told WHERE told.ticket = outcome.ticket
            AND topic = 'ticket.assigned' AND nth <= until ORDER BY nth DESC LIMIT 1) AS team
    FROM outcome, LATERAL (SELECT CASE WHEN broken IS NOT NULL OR hand IN ('ticket.sla-met', 'ticket.sla-stopped')
        THEN decided ELSE 1000000000 END AS until) AS limits
)
SELECT date_trunc('month', since AT TIME ZONE 'UTC')::date AS month, team, agent, metric,
    count(*) AS promised, count(*) FILTER (WHERE met) AS met, count(broken) AS breached,
    count(*) FILTER (WHERE lasts) AS overrun,
    count(*) FILTER (WHERE broken IS NULL AND hand IN ('ticket.sla-applied', 'ticket.sla-resumed')) AS running,
    count(*) FILTER (WHERE broken IS NULL AND hand = 'ticket.sla-paused') AS paused,
    count(*) FILTER (WHERE broken IS NULL AND hand = 'ticket.sla-stopped') AS void,
    round(100.0 * count(*) FILTER (WHERE met) / nullif(count(*) FILTER (WHERE met OR broken IS NOT NULL), 0), 2)
        AS percent_met,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM (fact->>'elapsed')::interval) / 60)
        FILTER (WHERE taken) AS median_minutes
FROM owned GROUP BY 1, 2, 3, 4
"""


def in_sql(told: Told) -> Figures:
    columns = ("month", "team", "agent", "metric", *COUNTED)
    return {key(row): figures(row) for row in answers(told, RAW, (), columns)}


def test_the_report_is_what_the_events_say_in_plain_python(told: Told) -> None:
    assert the_view(told) == in_python(told.events)


def test_the_report_is_what_the_ledger_itself_says_in_sql(told: Told) -> None:
    assert the_view(told) == in_sql(told)


def test_the_history_has_all_that_can_become_of_a_promise(told: Told) -> None:
    found = the_view(told)
    assert all(sum(row[nth] or 0 for row in found.values()) > 0 for nth in range(7)), found
    assert len({agent for _, _, agent, _ in found}) > 3
    assert len({team for _, team, _, _ in found}) > 2
    assert {"RebaseSla", "ReopenTicket", "MergeTicket", "RejectTicket", "ChangePriority", "OverrunSla"} <= set(
        told.desk.done
    )


# Who sees which tickets

PEOPLE = (
    ("tang.wen", Scope.OWN, "service"),
    ("feng.qi", Scope.OWN, "service"),
    ("cao.yu", Scope.TEAM, "service/night"),
    ("han.xue", Scope.SUBTREE, "service"),
    ("pan.yue", Scope.SUBTREE, "quality"),
    ("gao.yan", Scope.ALL, "finance"),
)


@pytest.mark.parametrize(("name", "scope", "org"), PEOPLE)
def test_the_queue_shows_what_the_write_side_would(told: Told, name: str, scope: Scope, org: str) -> None:
    """But who was called in sees a ticket in a list only while somebody has it."""
    actor = Actor(kind="user", id=name, org_path=OrgPath(org))
    asked = page(ticket_queue, Listing(NOON, Reach(actor, scope), limit=500))
    seen = {TicketId(UUID(row["ticket_id"])) for row in answers(told, asked.sql, asked.parameters, asked.columns)}
    state = told.desk.executor.state
    wanted = set()
    for ticket_id in told.desk.tickets:
        stream = f"ticket/{ticket_id}"
        ticket = state(stream).state
        holding = holding_of(ticket)
        if holding is None or isinstance(ticket, Merged):
            continue
        listed = holding if holding.owner is not None else replace(holding, workers={})
        if reaches(scope, Action.READ, actor, whereabouts(stream, listed, Action.READ, NOON, state)):
            wanted.add(ticket_id)
    assert seen & set(told.desk.tickets) == wanted
    assert wanted or name == "pan.yue"
