"""The facts of churn for who asks over HTTP: read one after the other in a thread of its own, and kept for a while."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

import psycopg2.errors

from api.parameters import wrong
from api.problems import FoldsWaiting, FoldTooLong, NotInstalled, ViewNotBuilt
from consumers.at import AS_OF, NoSuchMoment, understood
from consumers.churn.asking import NotFolded, facts_at, facts_now, facts_of_day
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.reading import Extract
from consumers.replay import Replay
from consumers.session import ReadsUnavailable
from ledger.store import Unavailable
from projections.churn.tables.shapes import Facts

T = TypeVar("T")

KEPT, KEEP_SECONDS, NOW_SECONDS = 3, 300.0, 10.0  # So many days, for so long; what is so now changes.
MOST_WAITING = 4
MEMORY = "512MB"
EXTRA = re.compile(r"lifeledger\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class When:
    """As of when: the end of a day, a position or a time of recording, or now."""

    day: date | None = None
    as_of: str | None = None


@dataclass(slots=True)
class Kept:
    extract: Extract
    facts: Facts
    until: float
    end: ExitStack


class ChurnFacts:
    """`most` events are folded for a moment that has passed; what is so now, the views tell, however long it took."""

    def __init__(self, url: str, most: int) -> None:
        self.url = url
        self.most = most
        self.kept: OrderedDict[When, Kept] = OrderedDict()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="churn")
        self.waiting = 0

    async def ask(self, when: When, ask: Callable[[Extract, Facts], T]) -> T:
        """Raises InvalidRequest, FoldTooLong, FoldsWaiting, ViewNotBuilt and Unavailable, and whatever is refused."""
        if self.waiting >= MOST_WAITING:
            raise FoldsWaiting
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, self.asked, when, ask)
        finally:
            self.waiting -= 1

    def asked(self, when: When, ask: Callable[[Extract, Facts], T]) -> T:
        self.let_go(KEPT)
        try:
            if when not in self.kept:
                self.let_go(KEPT - 1)
                self.kept[when] = self.read(when)
            self.kept.move_to_end(when)
            return ask(self.kept[when].extract, self.kept[when].facts)
        except ModuleNotFoundError as missing:
            extra = EXTRA.search(str(missing))
            raise NotInstalled(extra="churn" if extra is None else extra[1]) from None

    def read(self, when: When) -> Kept:
        needed("ibis")
        try:
            extract = self.extract(when)
        except NotFolded:
            raise ViewNotBuilt from None
        except (ReadsUnavailable, psycopg2.OperationalError) as gone:
            raise Unavailable(str(gone)) from gone
        with ExitStack() as begun:
            facts = facts_of(begun.enter_context(duckdb(MEMORY)), extract)
            end = begun.pop_all()
        seconds = NOW_SECONDS if when == When() else KEEP_SECONDS
        return Kept(extract, facts, time.monotonic() + seconds, end)

    def extract(self, when: When) -> Extract:
        now = datetime.now(UTC)
        if when == When():
            return facts_now(self.url, now)
        with closing(Replay(self.url)) as replay:
            try:
                as_of = None if when.as_of is None else understood(when.as_of)
                if (min(as_of, replay.last) if isinstance(as_of, int) else replay.position(as_of)) > self.most:
                    raise FoldTooLong(limit=self.most)
                if when.day is None:
                    return facts_at(replay, now, as_of=as_of)
                return facts_of_day(replay, now, when.day, as_of=as_of)
            except NoSuchMoment as no:
                raise wrong(AS_OF if when.day is None else "day", str(no)) from None

    def let_go(self, most: int) -> None:
        """What nobody has asked for lately, and what is too much."""
        now = time.monotonic()
        for when in [when for when, kept in self.kept.items() if kept.until < now]:
            self.kept.pop(when).end.close()
        while len(self.kept) > most:
            self.kept.popitem(last=False)[1].end.close()

    def close(self) -> None:
        """What is under way is finished, and nothing that waits is begun."""
        self.thread.shutdown(cancel_futures=True)
        self.let_go(0)
