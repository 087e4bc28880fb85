"""What a list asks of a view, as SQL and its parameters: filters, order, a cursor, and who may see what.

Text alone, with psycopg2's `%s`; whoever has a connection runs it. What depends on the present is given the present.
A cursor is a plain tuple of texts: it says where the last row stood, and which present the first page was read at.
"""
# ruff: noqa: S608 - names come from the view's declaration, values travel as parameters.

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from projections.columns import Column, quoted
from projections.figures import COMPARED
from projections.masking import as_seen
from projections.projection import Projection
from projections.scope import Reach, for_reader, hides
from projections.sql import shown, with_its_event
from projections.statement import Statement, Text
from projections.words import sought

PAGE = 50
LARGEST_PAGE = 500
MOST_GROUPS = 10_000

Operator = Literal["eq", "ne", "in", "lt", "le", "gt", "ge", "null", "has"]

Cursor = tuple[str | None, ...]


class BadQuery(ValueError):
    """The view cannot be asked this; the message says what it can be asked."""

    def __init__(self, field: str, because: str) -> None:
        super().__init__(f"{field}: {because}")
        self.field = field
        self.because = because


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column. `in` takes several values, `null` true or false, `has` an item of an array."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Among:
    """Rows that another question finds, whoever asks it: all of them, or the `first` so many in the order of `sort`."""

    filters: Sequence[Filter]
    search: str | None = None
    sort: str | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked of a view. `sort` names a column, with a `-` before it for the other direction; `search` is a text
    that a row has somewhere.

    Rows without a value come last in both. `after` is the cursor of the last row seen; its `now` counts. `kept_in` is
    the table of the rows of another moment, where it is not the view as it stands that is asked. What is `shared` is
    told to many, so it is found by what everybody may see.
    """

    now: datetime
    reach: Reach | None
    filters: Sequence[Filter] = ()
    sort: str | None = None
    limit: int = PAGE
    after: Cursor | None = None
    search: str | None = None
    kept_in: str | None = None
    among: Among | None = None
    shared: bool = False


# A page of rows


def page(view: Projection, asked: Listing) -> Statement:
    """The rows of one page, and one more row where there is a next page. Never by OFFSET."""
    asked = at_its_own_time(asked)
    if not 1 <= asked.limit <= LARGEST_PAGE:
        raise BadQuery("limit", f"a page has 1 to {LARGEST_PAGE} rows")
    order = ordered(view, asked.sort)
    text = text_for(asked)
    source(view, asked, text)
    if asked.after is not None:
        beyond(order, asked.after[1:], text)
    text.add(f"ORDER BY {in_order(order)}")
    text.add("LIMIT %s", asked.limit + 1)
    return text.statement(answered(view))


def every(view: Projection, asked: Listing, most: int | None = None) -> Statement:
    """All rows in their order, or the first so many, for whoever takes them as they come."""
    text = text_for(asked)
    source(view, asked, text)
    text.add(f"ORDER BY {in_order(ordered(view, asked.sort))}")
    if most is not None:
        text.add("LIMIT %s", most)
    return text.statement(answered(view))


def count(view: Projection, asked: Listing, *, most: int | None = None) -> Statement:
    """How many rows there are, or that there are at least so many."""
    text = text_for(at_its_own_time(asked))
    text.add("SELECT count(*) FROM (")
    source(view, asked, text)
    if most is not None:
        text.add("LIMIT %s", most)
    text.add(") AS counted")
    return text.statement(("count",))


def text_for(asked: Listing) -> Text:
    return Text(asked.now, None if asked.reach is None else asked.reach.person)


def subjects(view: Projection, asked: Listing, most: int) -> Statement:
    """What the rows of a list are about, each once; one more than `most` where there are more."""
    if "subject_id" not in answered(view):
        raise BadQuery("view", f"the rows of {view.name} are about nothing that has a stream")
    text = text_for(asked)
    text.add("SELECT DISTINCT subject_id FROM (")
    source(view, asked, text)
    text.add(") AS found WHERE subject_id IS NOT NULL ORDER BY subject_id LIMIT %s", most + 1)
    return text.statement(("subject_id",))


def can_be_grouped(view: Projection) -> bool:
    """Whether a group can be asked of it: by everybody who reads, and its rows are about what can be a member."""
    return not view.inward and not view.reserved and "subject_id" in answered(view)


def answered(view: Projection) -> tuple[str, ...]:
    return (*(each.name for each in told(view)), *view.computed)


def told(view: Projection) -> tuple[Column, ...]:
    """The columns that are shown."""
    return tuple(each for each in view.columns if each.name != view.words)


def as_told(column: Column, asked: Listing) -> str:
    if not is_hidden(column, asked):
        return column.quoted
    return f"{as_seen(column, hidden=True)} AS {column.quoted}"


def is_hidden(column: Column, asked: Listing) -> bool:
    return hides(asked.reach, column) or (asked.shared and column.personal)


def source(view: Projection, asked: Listing, text: Text) -> None:
    """The rows that may be shown, with what is computed when reading."""
    text.add(f"SELECT * FROM (SELECT {', '.join(as_told(each, asked) for each in told(view))}")
    for name, (_, sql) in view.computed.items():
        text.add(f", {among_its_rows(view, asked, sql)}")
        text.add(f"AS {quoted(name)}")
    text.add(f"FROM {where(view, asked)} AS each")
    narrow(view, asked, text)
    text.add(") AS listed WHERE TRUE")


def where(view: Projection, asked: Listing) -> str:
    """What has the rows."""
    rows = asked.kept_in or shown(view)
    return f"({with_its_event(rows)})" if view.appends else rows


def among_its_rows(view: Projection, asked: Listing, sql: str) -> str:
    """What looks at other rows of the view beside the one at hand."""
    return sql.replace(":rows", where(view, asked))


def narrow(view: Projection, asked: Listing, text: Text, begin: str = "WHERE TRUE") -> None:
    """The view's own condition, the filters, and the scope."""
    text.add(begin)
    if view.listed is not None:
        text.add(f"AND ({view.listed})")
    for each in asked.filters:
        text.add("AND")
        filtered(view, each, asked, text)
    if asked.search is not None:
        text.add("AND")
        searched(view, asked, asked.search, text)
    if asked.among is not None:
        among(view, asked, asked.among, text)
    for_reader(view, asked.reach, text)


def among(view: Projection, asked: Listing, group: Among, text: Text) -> None:
    """The first ones by their key, so that neither who asks nor what else he asks changes who they are."""
    members = Listing(text.now, None, group.filters, search=group.search, kept_in=asked.kept_in, shared=True)
    if group.first is None:
        narrow(view, members, text, "AND TRUE")
        return
    key = ", ".join(quoted(name) for name in view.primary_key)
    text.add(f"AND ({key}) IN (SELECT {key} FROM (")
    source(view, members, text)
    text.add(f"ORDER BY {in_order(ordered(view, group.sort))} LIMIT %s", group.first)
    text.add(") AS others)")


# Filters


def filtered(view: Projection, wanted: Filter, asked: Listing, text: Text) -> None:
    if wanted.column not in view.filters:
        raise BadQuery(wanted.column, f"{view.name} is filtered by {', '.join(sorted(view.filters))}")
    column = view.told(wanted.column)
    value: tuple[Any, ...] = ()
    match wanted.operator:
        case "null":
            compared = f"IS {'' if wanted.value else 'NOT '}NULL"
        case "has" if column.many:
            compared, value = f"@> ARRAY[%s]::{column.type}", (wanted.value,)
        case "in" if not column.many:
            compared, value = f"= ANY(%s::{column.type}[])", (list(wanted.value),)
        case "eq" | "ne" | "lt" | "le" | "gt" | "ge" as operator if not column.many:
            compared, value = f"{COMPARED[operator]} %s::{column.type}", (wanted.value,)
        case _:
            can = "has or null" if column.many else "eq, ne, in, lt, le, gt, ge or null"
            raise BadQuery(wanted.column, f"this column is compared by {can}")
    text.add(expression(view, asked, wanted.column))
    text.add(compared, *value)


def expression(view: Projection, asked: Listing, name: str) -> str:
    """A column, or what is computed as one, where the rows are chosen."""
    return f"({among_its_rows(view, asked, view.computed[name][1])})" if name in view.computed else quoted(name)


def searched(view: Projection, asked: Listing, wanted: str, text: Text) -> None:
    """Some column has this in it, whatever its letters' size; or a phone number that this may be; or all its words.

    What is hidden from the reader is not looked into, or he would learn it letter by letter.
    """
    if not view.search and view.words is None:
        raise BadQuery("search", f"{view.name} is not searched")
    words = None if view.words is None or is_hidden(view.column(view.words), asked) else view.words
    if words is None and not view.search:
        raise BadQuery("search", f"{view.name} is searched by those who may know what is personal")
    wanted = wanted.strip()
    text.add("(FALSE")
    for column in map(view.column, view.search):
        if column.many:
            like_a_phone(column, wanted, text)
        else:
            text.add(
                f"OR {as_seen(column, hidden=is_hidden(column, asked))}::text ILIKE %s",
                "%" + LITERAL.sub(r"\\\g<0>", wanted) + "%",
            )
    if words is not None and (found := sought(wanted)):
        text.add(f"OR {quoted(words)} @> %s::text[]", list(found))
    text.add(")")


LITERAL = re.compile(r"[\\%_]")
FEW_DIGITS = 4  # What can be seen of a number's end.


def like_a_phone(column: Column, asked: str, text: Text) -> None:
    """What can be seen of a masked number agrees with what was typed: with all of it, or with its end."""
    digits = re.sub(r"[^0-9+]", "", asked)
    if len(digits) < FEW_DIGITS or re.search(r"[^\W\d_]", asked):
        return
    text.add(f"OR EXISTS (SELECT FROM unnest({column.quoted}) AS phone WHERE")
    if digits.startswith("+"):
        text.add("%s LIKE replace(phone, '*', '_'))", digits)
    else:
        text.add("right(phone, 4) = %s)", digits[-FEW_DIGITS:])


# Order and cursor


@dataclass(frozen=True, slots=True)
class Key:
    """One expression of the order."""

    sql: str
    type: str
    nullable: bool
    descending: bool = False

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"


def ordered(view: Projection, sort: str | None) -> list[Key]:
    """What the list is sorted by, and then the primary key, so that no two rows stand in the same place."""
    keys = []
    if sort is not None:
        name = sort.removeprefix("-")
        if name not in view.sorts:
            raise BadQuery("sort", f"{view.name} is sorted by {', '.join(view.sorts)}, or the reverse with - before it")
        column = view.told(name)
        keys.append(Key(column.quoted, column.type, column.nullable, descending=name != sort))
    of_key = [view.column(name) for name in view.primary_key]
    return keys + [Key(column.quoted, column.type, nullable=False) for column in of_key]


def in_order(order: Sequence[Key]) -> str:
    return ", ".join(f"{key.sql} {key.direction} NULLS LAST" for key in order)


def cursor(view: Projection, asked: Listing, row: Mapping[str, Any]) -> Cursor:
    """Where a row stands in the list that was asked for: the way to the page after it."""
    names = [asked.sort.removeprefix("-")] if asked.sort else []
    return (
        at_its_own_time(asked).now.isoformat(),
        *(None if row[name] is None else written(row[name]) for name in (*names, *view.primary_key)),
    )


def written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def at_its_own_time(asked: Listing) -> Listing:
    """Later pages are read at the present of the first, or rows that move with time would be missed."""
    if asked.after is None:
        return asked
    if not asked.after or asked.after[0] is None:
        raise BadQuery("cursor", "this is no cursor of this list")
    return replace(asked, now=datetime.fromisoformat(asked.after[0]))


def beyond(order: Sequence[Key], place: Cursor, text: Text) -> None:
    """Only rows after that place: greater in the first key, or equal in it and beyond in the rest."""
    if len(place) != len(order):
        raise BadQuery("cursor", "this is no cursor of this list")
    text.add("AND (")
    for index, (key, value) in enumerate(zip(order, place, strict=True)):
        if index:
            text.add("OR")
        text.add("(")
        for before, equal in zip(order[:index], place[:index], strict=True):
            same(before, equal, text)
            text.add("AND")
        after(key, value, text)
        text.add(")")
    text.add(")")


def same(key: Key, value: str | None, text: Text) -> None:
    if value is None:
        text.add(f"{key.sql} IS NULL")
    else:
        text.add(f"{key.sql} = %s::{key.type}", value)


def after(key: Key, value: str | None, text: Text) -> None:
    """NULL comes last, so nothing comes after it."""
    if value is None:
        text.add("FALSE")
        return
    text.add(f"({key.sql} {'<' if key.descending else '>'} %s::{key.type}", value)
    text.add(f"OR {key.sql} IS NULL)" if key.nullable else ")")


# Summaries


def summary(view: Projection, name: str, asked: Listing, by: Sequence[str] | None = None) -> Statement:
    """The figures of a summary, for each value of the columns in `by`; of none, those of all rows together.

    Of more groups than `MOST_GROUPS` one more.
    """
    if name not in view.summaries:
        raise BadQuery("summary", f"{view.name} has {', '.join(view.summaries) or 'none'}")
    wanted = view.summaries[name]
    by = wanted.by if by is None else by
    for column in by:
        if column not in wanted.facets:
            raise BadQuery("by", f"{name} is told by {', '.join(wanted.facets)}")
    by = tuple(dict.fromkeys((*by, *wanted.apart)))
    text = text_for(asked)
    groups = [f"{expression(view, asked, column)} AS {quoted(column)}" for column in by]
    figures = [f"{among_its_rows(view, asked, each.sql)} AS {quoted(figure)}" for figure, each in wanted.told.items()]
    text.add("SELECT " + ", ".join([*groups, *figures]))
    text.add(f"FROM {where(view, asked)} AS each")
    narrow(view, asked, text)
    if wanted.among is not None:
        text.add(f"AND ({wanted.among.sql})")
    if by:
        places = ", ".join(str(place) for place, _ in enumerate(by, start=1))
        text.add(f"GROUP BY {places} ORDER BY {places} LIMIT {MOST_GROUPS + 1}")
    return text.statement((*by, *wanted.figures))
