"""The facts of churn for who asks over HTTP: read one after the other in a thread of its own, and kept for a while.

What is learned of them, and what is told of them to many, takes long: each has a thread, and holds nobody up who asks.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import psycopg2.errors

from api.parameters import wrong
from api.problems import FoldsWaiting, FoldTooLong, NotInstalled, ViewNotBuilt
from consumers.at import AS_OF, NoSuchMoment, moment, understood
from consumers.churn.asking import NotFolded, facts_at, facts_now, facts_of_day, views_at
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.extras import needed
from consumers.churn.on_record import newest, on_record
from consumers.churn.reading import Extract
from consumers.replay import Replay
from consumers.session import ReadsUnavailable
from domain.churn_model import ChurnModelFitted
from ledger.store import Unavailable
from projections.churn.tables.shapes import Facts

T = TypeVar("T")

KEPT, KEEP_SECONDS, NOW_SECONDS = 3, 300.0, 10.0  # So many days, for so long; what is so now changes.
MOST_WAITING = 4
MEMORY = 512 * 2**20
EXTRA = re.compile(r"lifeledger\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class When:
    """As of when: the end of a day, a position or a time of recording, or now. `together` is now as the ledger tells it
    again as of that position: views may stand at several.
    """

    day: date | None = None
    as_of: str | None = None
    together: bool = False

    @property
    def now(self) -> bool:
        return self.day is None and self.as_of is None


@contextmanager
def unavailable() -> Iterator[None]:
    """Raises ViewNotBuilt and Unavailable for what keeps anybody from reading."""
    try:
        yield
    except NotFolded:
        raise ViewNotBuilt from None
    except (ReadsUnavailable, psycopg2.OperationalError) as gone:
        raise Unavailable(str(gone)) from gone


def installed(what: Callable[..., T], *given: Any) -> T:
    """Raises NotInstalled for what an extra lacks."""
    try:
        return what(*given)
    except ModuleNotFoundError as missing:
        extra = EXTRA.search(str(missing))
        raise NotInstalled(extra="churn" if extra is None else extra[1]) from None


@dataclass(slots=True, eq=False)
class Kept:
    """The facts, in the engine alone; `extract` says of which moment they are."""

    extract: Extract
    facts: Facts
    until: float
    end: ExitStack
    held: int = 0
    """How many are not done with it yet."""


class ChurnFacts:
    """`most` events are folded for a moment that has passed; what is so now, the views tell, however long it took. In
    `memory` bytes are the facts of one moment that are kept in DuckDB, and what is computed of them.
    """

    def __init__(self, url: str, most: int, memory: int = MEMORY) -> None:
        self.url = url
        self.most = most
        self.memory = memory
        self.kept: OrderedDict[When, Kept] = OrderedDict()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="churn")
        self.learning = ThreadPoolExecutor(1, thread_name_prefix="churn-learning")
        self.telling = ThreadPoolExecutor(1, thread_name_prefix="churn-telling")
        self.waiting = 0
        self.trees: dict[str, Any] = {}
        """What was learned again, by the name of the model on record."""

    async def ask(self, when: When, ask: Callable[[Extract, Facts], T]) -> T:
        """Raises InvalidRequest, FoldTooLong, FoldsWaiting, ViewNotBuilt and Unavailable, and whatever is refused."""
        with self.place():
            return await self.run(self.thread, self.asked, when, ask)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Among those who wait. Raises FoldsWaiting."""
        if self.waiting >= MOST_WAITING:
            raise FoldsWaiting
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    async def run(self, thread: ThreadPoolExecutor, what: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, installed, what, *given)

    def asked(self, when: When, ask: Callable[[Extract, Facts], T]) -> T:
        kept = self.of(when)
        return ask(kept.extract, kept.facts)

    def of(self, when: When) -> Kept:
        self.let_go(KEPT)
        when = self.known_as(when)
        if when.now and when in self.kept and self.outdated(self.kept[when].extract.position):
            self.end(self.kept.pop(when))
        if when not in self.kept:
            self.let_go(KEPT - 1)
            self.kept[when] = self.read(when)
        self.kept.move_to_end(when)
        return self.kept[when]

    def outdated(self, position: int) -> bool:
        """Whether a model was recorded behind it that the views have come to meanwhile: now, it is to be known."""
        with unavailable(), closing(Replay(self.url)) as replay:
            return position < newest(replay, most=self.most) <= views_at(self.url)

    def known_as(self, when: When) -> When:
        """Under which moment the same facts are kept already: a page names the position of the one before it."""
        same = [
            each
            for each, kept in self.kept.items()
            if each.day is not None and each.day == when.day and when.as_of == str(kept.extract.position)
        ]
        return same[0] if same else when

    @asynccontextmanager
    async def holding(self, when: When) -> AsyncIterator[Kept]:
        """The same facts until this ends, whatever others ask meanwhile."""
        kept = await self.run(self.thread, self.hold, when)
        try:
            yield kept
        finally:
            await asyncio.shield(self.run(self.thread, self.release, kept))

    def hold(self, when: When) -> Kept:
        kept = self.of(when)
        kept.held += 1
        return kept

    def release(self, kept: Kept) -> None:
        kept.held -= 1
        self.end(kept)

    def end(self, kept: Kept) -> None:
        """Unless somebody needs it still."""
        if not kept.held and kept not in self.kept.values():
            kept.end.close()

    def read(self, when: When) -> Kept:
        needed("ibis")
        with unavailable():
            extract = self.extract(when)
        with ExitStack() as begun:
            facts = facts_of(begun.enter_context(duckdb(f"{self.memory}B")), extract)
            end = begun.pop_all()
        seconds = NOW_SECONDS if when.now else KEEP_SECONDS
        return Kept(replace(extract, tables={}), facts, time.monotonic() + seconds, end)

    def extract(self, when: When) -> Extract:
        now = datetime.now(UTC)
        if when.now:
            try:
                return facts_now(self.url, now, together=when.together)
            except NotFolded:
                if not when.together:
                    raise
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

    def recorded(self, until: int | None) -> Sequence[ChurnModelFitted]:
        """The models that were recorded up to a position, or all. Raises ViewNotBuilt and Unavailable."""
        with unavailable(), closing(Replay(self.url)) as replay:
            return on_record(replay, until, most=self.most)

    def models(self, when: When) -> tuple[int, Sequence[ChurnModelFitted]]:
        """Those that were recorded by then and know nothing of later days; and up to which position. Raises
        InvalidRequest, ViewNotBuilt and Unavailable.
        """
        with unavailable(), closing(Replay(self.url)) as replay:
            try:
                as_of = None if when.as_of is None else understood(when.as_of)
                position = moment(replay.ledger, as_of, None, datetime.now(UTC)).position
            except NoSuchMoment as no:
                raise wrong(AS_OF, str(no)) from None
            found = on_record(replay, position, most=self.most)
        return position, [event for event in found if when.day is None or event.seen.last <= when.day]

    def let_go(self, most: int) -> None:
        """What nobody has asked for lately, and what is too much."""
        now = time.monotonic()
        for when in [when for when, kept in self.kept.items() if kept.until < now]:
            self.end(self.kept.pop(when))
        while len(self.kept) > most:
            self.end(self.kept.popitem(last=False)[1])

    def close(self) -> None:
        """What is under way is finished, and nothing that waits is begun."""
        for thread in (self.telling, self.learning, self.thread):
            thread.shutdown(cancel_futures=True)
        self.let_go(0)
