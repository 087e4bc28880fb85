"""What many commands would come to over a ledger as it is, some at a time, in grouped reads. Nothing is written."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import repeat
from uuid import UUID

from commands import DECIDERS
from commands.ask import Answer, Ask, CommandIdReused
from commands.deciding import Work
from commands.execute import Executor, answers
from commands.states import View
from ledger.store import EventStore

KEPT = 1_000  # States that are at hand beside those that the commands are decided on.


class Foresight:
    """Each command is decided on what those before it would have left, those of earlier calls too. It has states of its
    own, so that nobody who writes has to wait for it.
    """

    def __init__(self, store: EventStore, clock: Callable[[], datetime]) -> None:
        self.executor = Executor(DECIDERS, store, clock=clock, cache=KEPT)
        self.view = View(self.executor.cache, store, self.executor.deciders, self.executor.new_id)
        self.said: dict[UUID, tuple[bytes, Answer]] = {}

    def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        """What each would be answered; of what has been sent before, what it was answered then. Raises Unavailable."""
        executor = self.executor
        works = [executor.work(ask) for ask in asks]
        before = {*self.said}
        fresh = [work for work in works if work.ask.command_id not in before]
        known = executor.store.outcomes([work.ask.command_id for work in fresh])
        self.read(fresh)
        decided = executor.decide_all(fresh, known, self.view)
        found = answers([work.ask for work in fresh], decided, repeat(0))
        for work, answer in zip(fresh, found, strict=True):
            self.said.setdefault(work.ask.command_id, (work.digest, answer))
        given = iter(found)
        return [self.again(work) if work.ask.command_id in before else next(given) for work in works]

    def again(self, work: Work) -> Answer:
        digest, answer = self.said[work.ask.command_id]
        return answer if digest == work.digest else CommandIdReused(command_id=work.ask.command_id)

    def read(self, works: Sequence[Work]) -> None:
        """In a few grouped steps what they need: their subjects first, which may be there, whatever is to be begun."""
        view, now = self.view, self.executor.clock()
        sound = [work for work in works if work.wrong is None]
        if homes := {work.home for work in sound if work.home not in view.base}:
            view.fetch(homes)
        for work in sound:
            for find in work.plan.lookups:
                with suppress(Exception):  # It will be raised again where it is answered.
                    view.unknown.update(each for each in find(work.ask.command) if each not in view.found)
        view.looking_ahead = True
        lacking = [work for work in sound if self.executor.lacks(work, view, now)]
        while view.missing or view.unknown:
            view.fetch_missing()
            lacking = [work for work in lacking if self.executor.lacks(work, view, now)]
        view.looking_ahead = False
