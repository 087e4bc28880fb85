"""The ledger for analysts: events, folds over any slice of them, and what would be under other terms; read only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from commands.service import codec
from consumers.at import Moment, fold
from consumers.replay.columns import Batches, batches
from consumers.replay.folded import Folded, folded_by, rows_of
from consumers.replay.whatif import WhatIf, recompute
from domain.lifecycle_policy import LifecyclePolicy
from domain.signature import members, parameters
from domain.values import FACT_NAMES, Instant
from ledger.closed import CLOSED, ClosedKeys
from ledger.envelope import Recorded
from ledger.keys import Keys
from ledger.ledger import Ledger
from ledger.recorder import Recorder, datastore
from ledger.row import Row
from ledger.scan import Wire
from projections.projection import Projection
from settings import Settings

__all__ = ["CLOSED", "Events", "Folded", "NoLedgerHere", "NoSuchKind", "Replay", "WhatIf", "read_only"]

BATCH = 2_000  # Events in memory at a time.

Kind = type | str
"""An event's class, or the name that it is stored by."""
When = int | Instant
"""A position, or a time of recording."""


class NoSuchKind(ValueError):
    """No event is called so."""


class NoLedgerHere(LookupError):
    """The settings name no database, and there is no embedded one either."""


def read_only(url: str) -> str:
    """The same database, in sessions that write nothing."""
    given = str(conninfo_to_dict(url).get("options") or "")
    return make_conninfo(url, options=f"{given} -c default_transaction_read_only=on".strip())


class Replay:
    """What happened, for who reads it. Without the master key personal values are `CLOSED`, and all else is the same.

    Nothing is written: the sessions are read only, and PostgreSQL refuses what would change anything.
    """

    def __init__(self, url: str, master_key: bytes | None = None) -> None:
        self.url = read_only(url)
        self.rows = Recorder(datastore(self.url, pool_size=2))
        keys = ClosedKeys(self.rows) if master_key is None else Keys(master_key, self.rows)
        self.ledger = Ledger(self.rows, codec(), keys)
        self.ends = ExitStack()
        self.ends.callback(self.ledger.close)

    @classmethod
    def here(cls, master_key: bytes | None = None) -> Self:
        """The ledger that the settings name: by DATABASE_URL, or the embedded one in LIFELEDGER_HOME, whose PostgreSQL
        runs at least until this is closed. Raises NoLedgerHere.
        """
        settings = Settings.from_environment()
        if settings.database_url:
            return cls(settings.database_url, master_key)
        if not (settings.home / "postgres" / "data").exists():
            raise NoLedgerHere(f"DATABASE_URL is not set, and LIFELEDGER_HOME, {settings.home}, has no ledger in it")
        from ledger.embedded import EmbeddedPostgres  # noqa: PLC0415 - it has packages of its own.

        with ExitStack() as ends:
            server = EmbeddedPostgres.start(settings.home)
            ends.callback(server.stop)
            replay = cls(server.url(), master_key)
            ends.push(replay.ends)
            replay.ends = ends.pop_all()
        return replay

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.ends.close()

    @property
    def last(self) -> int:
        """The position of the last event."""
        return self.ledger.last_position()

    def position(self, when: When | None) -> int:
        """Up to where the ledger was recorded then; at its end, where nothing is said."""
        last = self.last
        match when:
            case None:
                return last
            case datetime():
                if when.tzinfo is None:
                    raise ValueError(f"{when.isoformat()} is in no time zone")
                return self.ledger.position_at(when, last)
            case _ if not 0 <= when <= last:
                raise ValueError(f"the ledger has positions up to {last}, and not {when}")
            case _:
                return when

    # Events

    def events(
        self,
        kinds: Sequence[Kind] | Kind = (),
        *,
        after: When = 0,
        until: When | None = None,
        subject: str | None = None,
    ) -> "Events":
        """Events in the order of the ledger: of some kinds, after a position or time, up to another one, or those of
        one subject, such as `customer/<id>`. The end is fixed now; what is recorded later is not in it.
        """
        given = kinds if isinstance(kinds, Sequence) and not isinstance(kinds, str) else (kinds,)
        return Events(self, tuple(map(self.named, given)), self.position(after), self.position(until), subject)

    def named(self, kind: Kind) -> str:
        """The stored name of a kind. Raises NoSuchKind."""
        name = FACT_NAMES.get(kind) if isinstance(kind, type) else kind
        if name not in self.ledger.codec.by_name:
            raise NoSuchKind(f"no event is called {kind if isinstance(kind, str) else kind.__name__}")
        return name

    def arrow(self, kinds: Sequence[Kind] | Kind = (), **slice_: Any) -> Any:
        """The same slice as a pyarrow RecordBatchReader."""
        return self.events(kinds, **slice_).arrow()

    # Folds

    def fold(
        self,
        what: Projection | Callable[..., Any],
        *,
        kinds: Sequence[Kind] | Kind = (),
        after: When = 0,
        until: When | None = None,
        subject: str | None = None,
        by: Callable[[Recorded], Any] = lambda recorded: recorded.stream,
        initial: Any = None,
    ) -> Folded:
        """The rows of a view, or what a function `(state, event[, recorded]) -> state` makes of each key's events.

        A view is folded from the beginning, up to `until`. A function begins with `initial` for each key that `by`
        finds, which is the event's stream; None is absent. It is given the kinds that it is annotated with, or `kinds`.
        """
        if isinstance(what, Projection):
            if after or subject or kinds:
                raise ValueError(f"{what.name} is folded from the beginning, of all that it reads")
            end = self.position(until)
            now = self.ledger.recorded_at(end) if end else datetime.fromisoformat("1970-01-01T00:00:00+00:00")
            with closing(Wire(self.url)) as wire:
                return rows_of(fold(self.ledger, wire, what, Moment(end, now)))
        told = self.events(kinds or annotated(what), after=after, until=until, subject=subject)
        return folded_by(what, told, by, initial)

    # What would be

    def what_if(self, policy: LifecyclePolicy | None = None, *, until: When | None = None) -> WhatIf:
        """How far it would have come with each customer under another lifecycle policy, had it been in force all the
        time, beside what was recorded; None stands for the policies as they were published. The clocks have run up to
        `until`: the end of the ledger, where nothing is said.
        """
        end = self.position(until)
        at = until if isinstance(until, datetime) else (self.ledger.recorded_at(end) if end else None)
        return recompute(self.ledger, policy, end, at)


def annotated(function: Callable[..., Any]) -> tuple[type, ...]:
    """The events that a function says it takes; none where it does not say."""
    try:
        _, event, *_ = parameters(function).values()
    except (KeyError, ValueError):
        return ()
    kinds = members(event)
    return kinds if all(kind in FACT_NAMES for kind in kinds) else ()


@dataclass(frozen=True)
class Events:
    """A slice of the ledger, read as often as it is gone through, a batch at a time."""

    replay: Replay
    kinds: tuple[str, ...]
    after: int
    until: int
    subject: str | None = None

    def __iter__(self) -> Iterator[Recorded]:
        for rows in self.stored():
            yield from self.replay.ledger.recorded(rows)

    def stored(self) -> Iterator[Sequence[Row]]:
        """The rows of the ledger, as they are stored."""
        if self.subject is not None:
            found = self.replay.rows.load_rows({self.subject: 0})
            yield [row for row in found if self.has(row)]
            return
        after = self.after
        while rows := self.replay.rows.select_rows(after, BATCH, types=self.kinds, until=self.until):
            yield rows
            assert rows[-1].notification_id is not None
            after = rows[-1].notification_id

    def has(self, row: Row) -> bool:
        assert row.notification_id is not None
        return self.after < row.notification_id <= self.until and (not self.kinds or row.topic in self.kinds)

    def arrow(self) -> Any:
        """A pyarrow RecordBatchReader: a batch is in memory at a time. Personal values are null, or say that they are
        erased, whether there is a master key or not. Of one kind alone the payload has typed columns.
        """
        return batches(self.stored(), self.columns)

    def to_arrow(self) -> Any:
        """All of it as a pyarrow Table."""
        return self.arrow().read_all()

    @cached_property
    def columns(self) -> Batches:
        only = self.kinds[0] if len(self.kinds) == 1 else None
        return Batches(self.replay.rows, self.replay.ledger.codec, only)

    def _repr_html_(self) -> str:
        kinds = ", ".join(self.kinds) or "events of all kinds"
        return f"<p>{kinds}, after position {self.after:,} up to {self.until:,}</p>"
