"""Somebody who asks, in the ledger, that views and messages be seen to, and the workers that do it."""

import time
from collections.abc import Mapping
from datetime import timedelta
from threading import Event
from typing import Any

from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from commands.service import server_clock
from consumers.inbound.orders import shop_orders
from consumers.operating import Operating
from consumers.operating_topics import OnTopics
from consumers.operating_views import OnViews
from domain.actor import Actor, Reason
from domain.inbound_topic import InboundTopic
from domain.read_model import ReadModel
from ledger.envelope import Recorded, time_ordered_id
from tests.consumers.house import ALL, House

OPS = Actor(kind="service", id="ops", role="operations")
WHY = Reason(code="fold-mended", text="it took no leads of partners")


class Desk:
    """Asks, and looks what came of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.executor = Executor(DECIDERS, house.ledger, clock=server_clock)

    def ask(self, command: Any) -> Outcome:
        (answer,) = self.executor([Ask(command, time_ordered_id(), OPS, reason=WHY)])
        assert isinstance(answer, Outcome), answer
        return answer

    def worker(self, *, topics: Mapping[str, Any] | None = None, stop: Event | None = None) -> Operating:
        """One of several; it works when it is told to."""
        house = self.house
        executor = Executor(DECIDERS, house.ledger, clock=server_clock)
        known = {shop_orders.topic: shop_orders} if topics is None else topics
        of_topics = OnTopics(
            house.ledger, executor, house.url, known, group="lifeledger", patience=timedelta(minutes=15)
        )
        of_views = OnViews(house.ledger, house.url, house.url, views=ALL)
        ends = stop or Event()
        found = Operating(house.ledger, executor, of_views, of_topics, house.url, ends)

        def end() -> None:
            ends.set()
            found.end()

        house.end.callback(end)
        return found

    def model(self, view: str) -> ReadModel:
        state = self.executor.state(f"read-model/{view}").state
        assert isinstance(state, ReadModel)
        return state

    def topic(self, name: str) -> InboundTopic:
        state = self.executor.state(f"inbound-topic/{name}").state
        assert isinstance(state, InboundTopic)
        return state

    def told(self, subject: str) -> list[Recorded]:
        return [each for each in self.house.ledger.events(0, 1_000) if each.stream == subject]

    def done(self, subject: str, *workers: Operating) -> None:
        """Let workers work until nothing of it is under way."""
        until = time.monotonic() + 60
        while self.executor.state(subject).state.under_way:
            assert time.monotonic() < until
            for each in workers:
                each.round()
            time.sleep(0.01)
