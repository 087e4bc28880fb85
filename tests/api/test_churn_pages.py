"""Tables of churn page by page and as files: every row once and in order, however large, and nobody waits for it."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.churn.facts import ChurnFacts
from api.churn.files import in_file
from api.churn.pages import Asked, page_of, written
from api.problems import InvalidRequest
from api.reading import PAGE
from projections.churn.tables.shapes import day_of
from settings import Settings
from tests.api.house import CAPTURE, CRM, memory_side
from tests.api.serving import Answer, asked, in_thread

SCHEMA = pa.schema([("customer_id", pa.string()), ("day", pa.int64()), ("share", pa.float64())])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.none() | st.text("ab=琴", max_size=2),
            "day": st.none() | st.integers(-3, 3),
            "share": st.none() | st.floats(-2, 2) | st.just(float("nan")),
        }
    ),
    max_size=20,
)


def of(after: str | None, limit: int = 3, *given: tuple[str, str]) -> Asked:
    return Asked("json", limit, after, "/churn/tables/rfm", given)


@given(rows, st.integers(1, 5))
@settings(max_examples=30)
def test_page_after_page_is_the_whole_table_in_its_order(told: list[dict[str, Any]], limit: int) -> None:
    table = pa.Table.from_pylist(told, schema=SCHEMA)
    found: list[dict[str, Any]] = []
    after, more = None, True
    distinct = table.group_by(SCHEMA.names).aggregate([])  # Equal rows of a table there are none.
    while more:
        page, after = page_of(distinct, of(after, limit))
        assert len(page) <= limit
        found += page
        more = after is not None
    assert len(found) == distinct.num_rows
    assert repr(found) == repr(pq.read_table(io.BytesIO(file_of(distinct, "parquet"))).to_pylist())
    lines = [*csv.DictReader(io.StringIO(file_of(distinct, "csv").decode()))]
    assert [row["day"] for row in lines] == ["" if row["day"] is None else str(day_of(row["day"])) for row in found]


def file_of(table: pa.Table, form: str) -> bytes:
    with in_file(table, form) as file:
        file.seek(0)
        return file.read()


def test_where_the_last_row_is_gone_the_next_page_begins_behind_its_place() -> None:
    table = pa.Table.from_pylist([{"customer_id": each, "day": 1, "share": 0.5} for each in "abcde"], schema=SCHEMA)
    assert [row["customer_id"] for row in page_of(table, of(written(["b", 2, 0.1])))[0]] == ["c", "d", "e"]


@pytest.mark.parametrize(
    "after", ["x", "W10", written(["a"]), written([1, "a", None]), "W1tb" * 900, "é", written([{}, 1, 1])]
)
def test_what_is_no_place_in_the_table_is_refused(after: str) -> None:
    table = pa.Table.from_pylist([{"customer_id": "a", "day": 1, "share": 0.5}], schema=SCHEMA)
    with pytest.raises(InvalidRequest, match="this is no place in this table"):
        page_of(table, of(after))


def test_the_next_page_of_a_day_is_of_the_same_position() -> None:
    def next_of(*given: tuple[str, str]) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(of(None, 3, *given).next("x", 812)).query))

    assert next_of(("day", "2026-03-31"), ("after", "w")) == {"day": "2026-03-31", "as_of": "812", "after": "x"}
    assert next_of(("day", "2026-03-31"), ("as_of", "7")) == {"day": "2026-03-31", "as_of": "7", "after": "x"}
    assert next_of(("limit", "3")) == {"limit": "3", "after": "x"}


# While it is made

MANY = 12_000
JSON = {"Content-Type": "application/json"}
ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}


class Slowly:
    """A table whose rows come to be known only when others have been answered meanwhile."""

    def __init__(self, table: pa.Table, begun: Event, answered: Event) -> None:
        self.table = table
        self.begun, self.answered = begun, answered

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)

    def __getitem__(self, name: str) -> Any:
        return self.table[name]

    def around(self, table: pa.Table) -> "Slowly":
        return Slowly(table, self.begun, self.answered)

    def sort_by(self, *given: Any) -> "Slowly":
        return self.around(self.table.sort_by(*given))

    def filter(self, *given: Any) -> "Slowly":
        return self.around(self.table.filter(*given))

    def slice(self, *given: Any) -> "Slowly":
        return self.around(self.table.slice(*given))

    def to_pylist(self) -> list[dict[str, Any]]:
        self.begun.set()
        assert self.answered.wait(10), "nobody is answered meanwhile"
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found


@dataclass(frozen=True)
class Moment:
    day: date = date(2026, 3, 31)
    position: int = 812


class There(ChurnFacts):
    """A house of which a table is there already."""

    table: Any

    def asked(self, *_: Any) -> Any:
        return self.table, Moment(), {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rfm", "cohorts"])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_while_a_large_answer_is_made_others_are_answered(name: str, form: str) -> None:
    app = create_app(Settings(), memory_side())
    app.service.churn, begun, answered = There("", 1), Event(), Event()
    ids = pa.table({"customer_id": [str(UUID(int=number)) for number in range(MANY)], "frequency": range(MANY)})
    app.service.churn.table = Slowly(ids, begun, answered)
    with in_thread(app) as port, ThreadPoolExecutor(1) as thread:
        answer = thread.submit(asked, port, "GET", f"/churn/tables/{name}?format={form}", ANALYST)
        assert begun.wait(30)
        assert asked(port, "GET", "/healthz", {}).status == 200
        assert captured(port).status == 200
        assert not answer.done()
        answered.set()
        told = answer.result()
    app.service.churn.close()
    assert told.status == 200
    assert (len(told.json()["rows"]) if form == "json" else told.body.count(b"\n") - 1) == (
        PAGE if form == "json" else MANY
    )


def captured(port: int) -> Answer:
    number = str(uuid4())
    lead = {**CAPTURE, "identities": [{"kind": "external", "system": "spec", "value": number}]}
    return asked(port, "POST", f"/leads/{number}/capture", CRM | JSON, json.dumps(lead).encode())
