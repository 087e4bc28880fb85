"""What the ways in share: the write side, the views, and what has been counted."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from api.answers import Tally
from api.as_of import Moments
from api.body import Form, forms
from api.churn.facts import ChurnFacts
from api.look_log import LookLog
from api.problems import TablesWaiting, TooManyFollowers, ViewNotBuilt
from api.proofs import Proofs
from api.viewing import ViewReader
from commands import DECIDERS
from commands.service import WriteSide, calm_collector
from ledger.inbox import Topic
from ledger.relayed import Relaying
from ledger.writer import Closed
from settings import Settings

MOST_TABLES = 2  # Each is in memory whole.


@dataclass
class Service:
    """One process of the service. Unless it is given one, it has its own write side between start and stop."""

    settings: Settings
    write_side: WriteSide | None = None
    forms: Mapping[str, Form] = field(default_factory=lambda: forms(DECIDERS))
    tally: Tally = field(default_factory=Tally)
    views: ViewReader | None = None
    followers: int = 0
    tables: int = 0
    moments: Moments | None = None
    churn: ChurnFacts | None = None
    proofs: Proofs | None = None
    looks: LookLog | None = None

    def __post_init__(self) -> None:
        if self.write_side is not None:
            self.looks = LookLog(self.write_side.ledger.rows.add_looks)

    @property
    def write(self) -> WriteSide:
        if self.write_side is None:
            raise Closed("the service is not running")
        return self.write_side

    @property
    def look_log(self) -> LookLog:
        if self.looks is None:
            raise Closed("the service is not running")
        return self.looks

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        if self.write_side is not None:
            yield
            await asyncio.to_thread(self.look_log.close)
            return
        calm_collector()
        settings = self.settings
        self.write_side = WriteSide.open(
            settings.database_url,
            settings.master_key(),
            queue=settings.queue,
            cache=settings.cache,
            keys=settings.key_cache,
            pool_size=settings.ledger_pool,
            patience=settings.patience,
            home=asyncio.get_running_loop(),
        )
        self.looks = LookLog(self.write_side.ledger.rows.add_looks)
        self.views = ViewReader(settings.database_url, settings.view_pool)
        self.moments = Moments(settings.database_url, self.write_side.ledger, settings.as_of_events)
        self.churn = ChurnFacts(settings.database_url, settings.as_of_events, settings.churn_memory)
        self.proofs = Proofs(settings.database_url, self.write_side.ledger)
        try:
            yield
        finally:
            await asyncio.to_thread(self.proofs.close)
            await asyncio.to_thread(self.churn.close)
            self.moments.close()
            self.views.close()
            await asyncio.to_thread(self.looks.close)
            await self.write_side.aclose()
            self.write_side = self.views = self.moments = self.churn = self.proofs = self.looks = None

    @contextmanager
    def followed(self) -> Iterator[None]:
        """While somebody follows a list. Raises TooManyFollowers."""
        if self.followers >= self.settings.followers:
            raise TooManyFollowers(limit=self.settings.followers)
        self.followers += 1
        try:
            yield
        finally:
            self.followers -= 1

    @contextmanager
    def table(self, *, begun: bool = False) -> Iterator[None]:
        """While a table is read, or brought in. Raises TablesWaiting, unless it has begun."""
        if self.tables >= MOST_TABLES and not begun:
            raise TablesWaiting
        self.tables += 1
        try:
            yield
        finally:
            self.tables -= 1

    def lags(self) -> Mapping[str, tuple[int, float]]:
        """How far each view has come, and for how many seconds what it lacks has been there."""
        if self.views is None:
            return {}
        try:
            return self.views.lags()
        except ViewNotBuilt:
            return {}

    def dead_letters(self) -> Mapping[str, int]:
        """How many keys of each view do not go on."""
        if self.views is None:
            return {}
        try:
            return self.views.dead_letters()
        except ViewNotBuilt:
            return {}

    def unsealed(self) -> Mapping[str, int]:
        """How many rows of each log nobody has signed yet."""
        return {} if self.views is None else self.views.unsealed()

    def relaying(self) -> Relaying | None:
        """How far the ledger is in Kafka, where it is brought there."""
        return None if self.views is None else self.views.relaying()

    def waiting(self) -> list[Topic]:
        """Of each topic that is taken in, what does not go on and what has not been read yet. Raises Unavailable."""
        return [] if self.views is None else self.views.waiting()

    def amiss(self) -> Mapping[str, int]:
        """1 for each view that is not fed from Kafka, though it should be."""
        if self.views is None:
            return {}
        try:
            return self.views.amiss()
        except ViewNotBuilt:
            return {}

    def unrecorded(self) -> int:
        """How many groups are not recorded any more, since their question makes no sense or is not answered in time."""
        if self.views is None:
            return 0
        try:
            return self.views.unrecorded()
        except ViewNotBuilt:
            return 0
