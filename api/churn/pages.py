"""A table page by page: in the order of all its columns, each page from behind the last row of the one before."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from api.churn.files import Form, in_order
from api.parameters import Given, wrong
from api.reading import LARGEST_PAGE, PAGE

LONGEST = 4_000

InForm = Annotated[
    Form,
    Query(alias="format", description="`csv` and `parquet` are all rows; `csv` tells days and months as such."),
]
Limit = Annotated[int | None, Query(ge=1, le=LARGEST_PAGE, description=f"Rows a page; {PAGE} if not given.")]
After = Annotated[str | None, Query(description="From the Link of the page before.", max_length=LONGEST)]


@dataclass(frozen=True, slots=True)
class Asked:
    """In which form a table is asked for; and as JSON, how many rows a page, and after which."""

    form: Form
    limit: int
    after: str | None
    path: str
    given: Given

    def next(self, after: str, position: int) -> str:
        """The address of the next page. It is of the same position where a day is asked for: what is told of a day
        later on may be more.
        """
        names = dict(self.given)
        pinned = [("as_of", str(position))] if "day" in names and "as_of" not in names else []
        asked = [each for each in self.given if each[0] != "after"]
        return f"{self.path}?{urlencode([*asked, *pinned, ('after', after)])}"


def asked(
    request: Request,
    form: InForm = "json",
    limit: Limit = None,
    after: After = None,
) -> Asked:
    """Raises InvalidRequest."""
    if form != "json":
        for name, given in (("limit", limit), ("after", after)):
            if given is not None:
                raise wrong(name, f"{form} has no pages: all rows are in it")
    return Asked(form, limit or PAGE, after, request.url.path, request.query_params.multi_items())


Paged = Annotated[Asked, Depends(asked)]


def whole(form: Form) -> Asked:
    """What has no pages."""
    return Asked(form, LARGEST_PAGE, None, "", ())


def page_of(table: Any, asked: Asked) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a page, and after what the next one begins, if there is one. Raises InvalidRequest."""
    table = in_order(table)
    begin = 0 if asked.after is None else behind(table, opened(asked.after, len(table.column_names)))
    rows = table.slice(begin, asked.limit).to_pylist()
    more = begin + asked.limit < table.num_rows
    return rows, written([*rows[-1].values()]) if more else None


def behind(table: Any, last: Sequence[Any]) -> int:
    """How many rows do not come after one, which need not be there any more."""

    def row(nth: int) -> tuple[Any, ...]:
        return in_its_place([column[nth].as_py() for column in table.columns])

    with suppress(TypeError):
        return bisect_right(range(table.num_rows), in_its_place(last), key=row)
    raise no_place()


def in_its_place(values: Sequence[Any]) -> tuple[Any, ...]:
    """What is no number comes after all numbers, and nothing after everything."""
    return tuple((2, 0) if each is None else (1, 0) if each != each else (0, each) for each in values)  # noqa: PLR0124


def written(values: Sequence[Any]) -> str:
    return urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def opened(text: str, columns: int) -> Sequence[Any]:
    """Raises InvalidRequest."""
    with suppress(ValueError, RecursionError):
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(found, list) and len(found) == columns and all(map(is_plain, found)):
            return found
    raise no_place()


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def no_place() -> Exception:
    return wrong("after", "this is no place in this table: take it from the Link of the page before")
