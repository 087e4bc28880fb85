"""What an operator looks at: whether the process lives, whether it can work, and its figures."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.service import Service
from ledger.inbox import Topic
from ledger.relayed import Relaying
from ledger.store import Unavailable
from ledger.writer import Closed, GroupWriter

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Lag(BaseModel):
    """How far a view is behind the ledger: in events, and in seconds since the first of them was recorded."""

    view: str
    position: int
    behind: int
    seconds: float


class Ready(BaseModel):
    """The database answers; the views may be behind."""

    status: str = "ok"
    position: int
    views: list[Lag]


def ready(service: Service) -> Ready:
    """Raises Unavailable, or Closed, when it is not."""
    position = service.write.ledger.last_position()
    views = [
        Lag(view=name, position=at, behind=max(position - at, 0), seconds=seconds)
        for name, (at, seconds) in sorted(service.lags().items())
    ]
    return Ready(position=position, views=views)


class Figures:
    """The figures of one process, in a registry of its own; most are only looked up when somebody asks."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self.sizes = Histogram(
            "lifeledger_batch_commands", "Commands written together", buckets=SIZES, registry=self.registry
        )
        self.seconds = Histogram(
            "lifeledger_commit_seconds", "From taking a batch to its commit", buckets=SECONDS, registry=self.registry
        )

    def watch(self, writer: GroupWriter[Any, Any]) -> None:
        """Be told of each batch."""

        def noted(items: int, seconds: float) -> None:
            self.sizes.observe(items)
            self.seconds.observe(seconds)

        writer.observe = noted

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        commands = CounterMetricFamily(
            "lifeledger_commands", "Commands by what came of them", labels=["command", "outcome"]
        )
        for (command, outcome), count in list(self.service.tally.counts.items()):
            commands.add_metric([command, outcome], count)
        yield commands
        yield GaugeMetricFamily("lifeledger_followers", "Lists that are followed now", self.service.followers)
        if (looks := self.service.looks) is not None:
            yield CounterMetricFamily("lifeledger_looks_written", "Looks in the access log", looks.written)
            yield GaugeMetricFamily("lifeledger_looks_waiting", "Looks that are not written yet", looks.length)
            yield CounterMetricFamily(
                "lifeledger_looks_refused", "Answers refused because the look could not be recorded", looks.refused
            )
            yield CounterMetricFamily("lifeledger_looks_lost", "Looks that could not be written at all", looks.lost)
        with suppress(Closed, Unavailable):  # Without the database there are the others still.
            writer = self.service.write.writer
            yield GaugeMetricFamily("lifeledger_queue_commands", "Commands that wait for the writer", writer.length)
            yield CounterMetricFamily(
                "lifeledger_queue_refused", "Commands turned away because too many waited", writer.refused
            )
            found = ready(self.service)
            yield GaugeMetricFamily("lifeledger_ledger_position", "Position of the last event", found.position)
            events = GaugeMetricFamily("lifeledger_view_lag_events", "Events that a view is behind", labels=["view"])
            seconds = GaugeMetricFamily("lifeledger_view_lag_seconds", "How long they have been there", labels=["view"])
            for each in found.views:
                events.add_metric([each.view], each.behind)
                seconds.add_metric([each.view], each.seconds)
            letters = GaugeMetricFamily(
                "lifeledger_view_dead_letters", "Keys of a view that do not go on", labels=["view"]
            )
            for name, count in sorted(self.service.dead_letters().items()):
                letters.add_metric([name], count)
            amiss = GaugeMetricFamily(
                "lifeledger_view_amiss", "Whether a view is not fed from Kafka, though it should be", labels=["view"]
            )
            for name, count in sorted(self.service.amiss().items()):
                amiss.add_metric([name], count)
            unsealed = GaugeMetricFamily("lifeledger_unsealed_rows", "Rows that nobody has signed yet", labels=["log"])
            for log, count in sorted(self.service.unsealed().items()):
                unsealed.add_metric([log], count)
            yield from (events, seconds, letters, amiss, unsealed)
            yield from taken_in(self.service.waiting())
            yield GaugeMetricFamily(
                "lifeledger_groups_unrecorded",
                "Groups whose question makes no sense or is not answered in time",
                self.service.unrecorded(),
            )
            if (relay := self.service.relaying()) is not None:
                yield from relayed(relay)


def relayed(found: Relaying) -> Iterator[Metric]:
    """Of the relay: its age grows while nobody is at it, and the lags do while Kafka is away."""
    yield GaugeMetricFamily("lifeledger_relay_age_seconds", "Since a relay was last heard of", found.age_seconds)
    yield GaugeMetricFamily(
        "lifeledger_relay_waits", "Whether the relay cannot go on for now", float(found.waits_for is not None)
    )
    events = GaugeMetricFamily("lifeledger_relay_lag_events", "Events that a topic is behind", labels=["topic"])
    seconds = GaugeMetricFamily("lifeledger_relay_lag_seconds", "How long they have been there", labels=["topic"])
    for each in found.topics:
        events.add_metric([each.topic], each.lag_events)
        seconds.add_metric([each.topic], each.lag_seconds)
    yield from (events, seconds)


def taken_in(topics: Sequence[Topic]) -> Iterator[Metric]:
    """Of what other systems tell us."""
    dead = GaugeMetricFamily("lifeledger_inbound_dead_letters", "Messages that do not go on", labels=["topic"])
    waiting = GaugeMetricFamily(
        "lifeledger_inbound_waiting", "Messages that wait for something, or behind another", labels=["topic"]
    )
    unread = GaugeMetricFamily("lifeledger_inbound_lag_messages", "Messages not read yet", labels=["topic"])
    for each in topics:
        dead.add_metric([each.topic], each.dead)
        waiting.add_metric([each.topic], each.patient + each.behind)
        unread.add_metric([each.topic], each.unread)
    yield from (dead, waiting, unread)


def router(service: Service, figures: Figures) -> APIRouter:
    found = APIRouter(tags=["operation"])

    @found.get("/healthz", summary="Whether the process lives.", operation_id="Health")
    async def healthz() -> Alive:
        return Alive()

    @found.get(
        "/readyz", summary="Whether the database answers, and how far the views are behind.", operation_id="Ready"
    )
    async def readyz() -> Ready:
        return await asyncio.to_thread(ready, service)

    @found.get(
        "/metrics",
        summary="Figures, as Prometheus reads them.",
        operation_id="Metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        return Response(await asyncio.to_thread(generate_latest, figures.registry), media_type=CONTENT_TYPE_LATEST)

    return found
