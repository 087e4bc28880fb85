"""Clients that keep accounts: what they send is on their own disk first, and what they are told afterwards."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread

from commands.ask import Ask, Outcome
from domain.values import LeadId
from tests.faults.journal import Journal, Told
from tests.faults.world import agent, capture, claim, lead_ids, pool

AGENTS = 4
NUMBER = count(1_000_000)


class Unanswered(Exception):
    """Whether it came about is not known; it is to be sent again under the same id."""


Send = Callable[[Ask], Told]


def told(outcome: Outcome) -> Told:
    refusal = None if outcome.refusal is None else type(outcome.refusal).__name__
    return Told(outcome.position, refusal, outcome.version)


class Client(Thread):
    """Captures leads, pools them and lets several agents race for each, until it is told to stop.

    What is not answered it sends again under the same id, until it is.
    """

    def __init__(self, send: Send, journal: Journal, stop: Event, seed: int) -> None:
        super().__init__()
        self.send, self.journal, self.stop = send, journal, stop
        self.random = random.Random(seed)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                (lead,) = lead_ids(1)
                for ask in self.story(lead):
                    self.settle(ask)
        except Exception as failure:  # noqa: BLE001 - `at_work` tells it to the test.
            self.journal.failures.append(failure)

    def story(self, lead: LeadId) -> list[Ask]:
        rivals = self.random.sample(range(AGENTS), 2)
        return [capture(lead, next(NUMBER)), pool(lead), *(claim(lead, agent(rival)) for rival in rivals)]

    def settle(self, ask: Ask) -> None:
        while True:
            self.journal.sending(ask.command_id)
            try:
                found = self.send(ask)
            except Unanswered as problem:
                self.journal.lost(ask.command_id, str(problem))
                time.sleep(0.02)
            else:
                self.journal.told(ask.command_id, found)
                return


def work_goes_on(journal: Journal, answers: int) -> None:
    """Wait until so many more have been answered: the service has come back."""
    enough, deadline = journal.answers + answers, time.monotonic() + 60
    while journal.answers < enough:
        assert not journal.failures, "a client has failed"
        assert time.monotonic() < deadline, "nobody has been answered for a minute"
        time.sleep(0.005)


@contextmanager
def at_work(senders: Sequence[Send], journal: Journal, seed: int) -> Iterator[None]:
    """Clients work, one for each sender, as long as this lasts; whatever they have sent is settled at the end.

    Raises what any of them has failed with, whatever else has been raised meanwhile.
    """
    stop, chance = Event(), random.Random(seed)
    clients = [Client(send, journal, stop, chance.randrange(2**32)) for send in senders]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        stop.set()
        for client in clients:
            client.join()
        journal.close()
        if journal.failures:
            raise ExceptionGroup("clients have failed", journal.failures)
