"""A read model is a fold whose state is a row: None in is absent, None out is delete."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, reduce
from hashlib import sha256
from operator import attrgetter, or_
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.signature import members, parameters
from domain.values import FACT_NAMES, stream_named
from ledger.envelope import Recorded
from projections.columns import Column, columns, sql_type
from projections.figures import Summary
from projections.rows import OfPerson, Row, Scoped

F = TypeVar("F", bound=Callable[[Any], Any])
Evolve = Callable[..., Any]
Tells = Literal["nothing", "when", "all"]
REACH = ":reach"
ASKED = re.compile(r"\bviews\.(\w+)")


@dataclass(frozen=True, slots=True)
class Where:
    """All rows that hold one of some values in a column, which is indexed for that reason."""

    column: str
    values: tuple[Hashable, ...]


@dataclass(frozen=True)
class Projection:
    """One read model.

    `key` names the columns by which an event finds its row; with `rows_by` a key has many rows, told apart by these
    columns, and the state is the tuple of them. A key that is `subject_id` alone is the stream of the event. `opens`
    names the personal fields of events that the fold looks into; all others stay closed. Where a view `appends`, the
    rows of an event are under its position, and no other event knows of them: the fold is given none. Whoever reads
    them has the event beside each, as `ledger.events` tells it.

    `scoped` rows are shown to those only who may see their subject; `reserved` ones to those only who may read
    everything; `inward` ones to nobody, for they hold what is masked elsewhere, and are there for policies alone. A
    `prompt` view is one that people sit in front of, or that tells who sees what there: it does not wait until all
    others have had their turn.

    `sorts` and `filters` name what a list may be sorted and filtered by; `listed` is SQL over columns that tells which
    rows a list shows, `computed` what is made when reading: a type, and SQL over columns, `:now`, and `:reader`, which
    is NULL where no person reads. There, and in the figures of a summary, `:rows` are all rows of the same view,
    whoever may see them, and `each` is the row at hand. `sought_by` are columns with an index, for whoever looks for a
    few rows among many. `search` names the columns in which a text is looked for, masked phone numbers among them;
    `words` the column that holds the words of a row, and is not shown.

    Where nobody holds what the rows are about, `through` says who may see them all the same: SQL over columns, in which
    `:reach` stands for what the reader may see of the view that is asked there.
    """

    name: str
    key: tuple[str, ...]
    version: int
    evolve: Evolve
    row: type[Row]
    reads: tuple[type, ...]
    tells: Tells
    rows_by: tuple[str, ...] = ()
    opens: frozenset[str] = frozenset()
    appends: bool = False
    scoped: bool = True
    reserved: bool = False
    inward: bool = False
    prompt: bool = False
    sorts: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    listed: str | None = None
    computed: dict[str, tuple[type, str]] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    sought_by: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    words: str | None = None
    through: str | None = None
    lookups: dict[type, tuple[str, Callable[[Any], Any]]] = field(default_factory=dict)
    named: dict[type, Callable[[Any], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.by_name.keys()
        named = {*self.key, *self.rows_by, *self.sought_by, *self.search, *filter(None, [self.words])}
        assert named <= known, f"{self.name} has no columns {named - known}"
        of_position = self.key == ("as_of_position",) and bool(self.rows_by)
        assert not self.appends or of_position, f"{self.name} has another key"
        assert not (self.scoped and self.reserved), f"{self.name} is shown by scope, or to who may read everything"
        facets = {facet for each in self.summaries.values() for facet in (*each.by, *each.facets, *each.apart)}
        unknown = {*self.filters, *facets} - known - self.computed.keys()
        assert not unknown, f"{self.name} has no columns {unknown}"
        assert {*self.sorts} <= known | self.computed.keys(), f"{self.name} cannot be sorted by all of {self.sorts}"
        has_holders = issubclass(self.row, Scoped) or self.through is not None
        assert not self.scoped or has_holders, f"{self.name} does not tell who holds what"
        for name, each in self.summaries.items():
            self.check(name, each)
        personal = any(each.personal for each in self.columns)
        assert not personal or issubclass(self.row, OfPerson), f"{self.name} cannot tell that somebody was erased"

    def check(self, name: str, summary: Summary) -> None:
        """The rows behind each figure can be asked for."""
        facets = [self.told(column) for column in (*summary.facets, *summary.apart)]
        whose = f"{self.name}/{name}"
        assert not any(column.many or column.personal for column in facets), f"facets: {whose}"
        assert {*summary.by} <= {*summary.facets}, f"{whose} is not told by all of {summary.by}"
        assert {*summary.facets, *summary.apart} <= {*self.filters}, f"the rows of {whose} cannot be asked for"
        counted = [*summary.told.values(), *filter(None, [summary.among])]
        asked = {column.partition(".")[0] for each in counted for column, _ in each.where or ()}
        assert asked <= {*self.filters}, f"{whose} counts by {asked}, and the list is not filtered by that"
        closed = [each for each, figure in summary.told.items() if figure.is_count and figure.where is None]
        assert not closed, f"{whose} counts rows that cannot be asked for: {closed}"
        taken = {*summary.facets, *summary.apart, "rows", "rows_of"} & {*summary.figures}
        assert not taken, f"{whose} has figures whose names are taken: {taken}"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return columns(self.row)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """How the row class annotates each column."""
        return get_type_hints(self.row, include_extras=True)

    def column(self, name: str) -> Column:
        """Raises KeyError for what is no column."""
        return self.by_name[name]

    def told(self, name: str) -> Column:
        """A column, or what is computed when reading, as if it were one."""
        if name in self.computed:
            return Column(name, sql_type(self.computed[name][0])[0], nullable=True)
        return self.column(name)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def fingerprint(self) -> str:
        """Of all that a table depends on but the fold itself, of which `version` tells."""
        read = sorted(FACT_NAMES.get(event, event.__name__) for event in self.reads)
        changes = () if self.inward else ("as_of_position",)
        indexed = tuple(dict.fromkeys((*self.looked_up, *self.sought_by, *filter(None, [self.words]), *changes)))
        told = [self.version, self.key, self.rows_by, indexed, sorted(self.opens), read, *self.columns]
        return sha256(repr(told).encode()).hexdigest()[:16]

    @property
    def primary_key(self) -> tuple[str, ...]:
        return (*self.key, *self.rows_by)

    @cached_property
    def seen_in(self) -> tuple[str, ...]:
        """The other views that `through` asks."""
        return tuple(name for name in dict.fromkeys(ASKED.findall(self.through or "")) if name != self.name)

    @property
    def looked_up(self) -> tuple[str, ...]:
        """The columns by which events find rows that they do not name."""
        return tuple(dict.fromkeys(column for column, _ in self.lookups.values()))

    def finds_by(self, column: str) -> Callable[[F], F]:
        """Declare the value in a column, or a tuple of several, by which an event finds its rows, where it does not
        name one by key.

        Where the column is the whole key, the event names its row by that value, and may make a new one.
        """
        assert column in self.by_name, f"{self.name} has no column {column}"

        def declare(value: F) -> F:
            (events,) = map(members, parameters(value).values())
            assert set(events) <= set(self.reads), f"{self.name} does not read all of {events}"
            if self.key == (column,):
                find = (lambda event: value(event).int) if self.ids_in_key[column] else value
                self.named.update(dict.fromkeys(events, find))
            else:
                self.lookups.update(dict.fromkeys(events, (column, value)))
            return value

        return declare

    @cached_property
    def finders(self) -> dict[type, Callable[[Any], Any]]:
        """How an event names its key, for each class that does: the bare value, or a tuple of several columns."""
        of_stream = self.key == ("subject_id",)
        return {
            event: self.named.get(event) or (stream_named(event) if of_stream else self.key_of)
            for event in self.reads
            if event not in self.lookups
        }

    def where(self, event: object) -> Where:
        """Where the rows of an event are that does not name their key."""
        column, value = self.lookups[type(event)]
        found = value(event)
        return Where(column, found if isinstance(found, tuple) else (found,))

    @cached_property
    def key_of(self) -> Callable[[Any], Any]:
        """The key in a row or an event: of an id its number, which is found in half the time."""
        return attrgetter(*(f"{name}.int" if is_id else name for name, is_id in self.ids_in_key.items()))

    def columns_of(self, key: Any) -> tuple[Any, ...]:
        """The values of the key's columns."""
        values = key if len(self.key) > 1 else (key,)
        are_ids = self.ids_in_key.values()
        return tuple(UUID(int=value) if is_id else value for value, is_id in zip(values, are_ids, strict=True))

    @cached_property
    def elsewhere(self) -> tuple[type, ...]:
        """The events that may concern rows of any stream: what they name by key is not their own stream, which all
        others have as the first column of the key.
        """
        if self.appends:
            return ()
        of_stream = self.key == ("subject_id",)
        return tuple(
            event
            for event in self.reads
            if event in self.lookups or event in self.named or not (of_stream or fields(event)[0].name == self.key[0])
        )

    def end_of(self, key: Any) -> str:
        """The end of the first column of a key, as text: that of the name of the stream which the key is of."""
        first = key if len(self.key) == 1 else key[0]
        return f"{first & 0xF:x}" if self.ids_in_key[self.key[0]] else first

    @cached_property
    def ids_in_key(self) -> dict[str, bool]:
        return {name: self.column(name).type == "uuid" for name in self.key}

    @cached_property
    def place_of(self) -> Callable[[Row], Any]:
        """What tells a row from all others."""
        return attrgetter(*self.primary_key)


def projection(
    name: str,
    *,
    key: tuple[str, ...],
    version: int,
    rows_by: tuple[str, ...] = (),
    opens: tuple[str, ...] = (),
    appends: bool = False,
    scoped: bool = True,
    reserved: bool = False,
    inward: bool = False,
    prompt: bool = False,
    sorts: tuple[str, ...] = (),
    filters: tuple[str, ...] = (),
    listed: str | None = None,
    computed: dict[str, tuple[type, str]] | None = None,
    summaries: dict[str, Summary] | None = None,
    sought_by: tuple[str, ...] = (),
    search: tuple[str, ...] = (),
    words: str | None = None,
    through: str | None = None,
) -> Callable[[Evolve], Projection]:
    """Declare a fold `(row, event) -> row` as a read model.

    The event's annotation is what it subscribes to, the row's is the table. A third parameter is given the time of the
    event where it is annotated as an Instant, or the whole envelope where it is annotated as Recorded.
    """

    def declare(evolve: Evolve) -> Projection:
        state, event, *rest = parameters(evolve).values()
        facets = [column for summary in (summaries or {}).values() for column in summary.facets]
        return Projection(
            name=name,
            key=key,
            version=version,
            evolve=evolve,
            row=row_class(state),
            reads=members(event),
            tells=told(rest),
            rows_by=rows_by,
            opens=frozenset(opens),
            appends=appends,
            scoped=scoped,
            reserved=reserved,
            inward=inward,
            prompt=prompt,
            sorts=sorts,
            filters=tuple(dict.fromkeys((*filters, *facets))),
            listed=listed,
            computed=computed or {},
            summaries=summaries or {},
            sought_by=sought_by,
            search=search,
            words=words,
            through=through,
        )

    return declare


def together(*folds: Evolve) -> Evolve:
    """Several folds over the same rows as one, each for the events that it names: so a view of many subjects has a file
    for each.
    """
    taken = [(fold, list(parameters(fold).values())) for fold in folds]
    of_event = {kind: fold for fold, (_, event, *_) in taken for kind in members(event)}
    assert len(of_event) == sum(len(members(event)) for _, (_, event, *_) in taken), "two folds take the same event"
    (state, _, told), *_ = (annotations for _, annotations in taken)

    def evolve(rows: Any, event: Any, circumstance: Any) -> Any:
        return of_event[type(event)](rows, event, circumstance)

    evolve.__annotations__ = {"rows": state, "event": reduce(or_, of_event), "circumstance": told}
    return evolve


def row_class(state: Any) -> type[Row]:
    """The class in `Row | None`, or in `tuple[Row, ...]`."""
    if get_origin(state) is tuple:
        found = get_args(state)[0]
    else:
        (found,) = set(members(state)) - {NoneType}
    assert isinstance(found, type)
    assert issubclass(found, Row), f"{found.__name__} is no row"
    return found


def told(rest: list[Any]) -> Tells:
    match rest:
        case []:
            return "nothing"
        case [kind] if kind is datetime:
            return "when"
        case [kind] if kind is Recorded:
            return "all"
        case _:
            raise AssertionError(f"a fold takes a row, an event, and an Instant or a Recorded, not {rest}")
