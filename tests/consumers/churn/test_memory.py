"""Memory for facts of churn is bounded by what is read at a time, and not by how many rows there are."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands.service import open_ledger
from consumers.churn.asking import READ
from projections.churn.facts import purchases
from tests.consumers.churn.in_bulk import grown, many_purchases, measured
from tests.consumers.house import House
from tests.memory import MASTER
from tests.servers import Server

FEW, MANY = 8_000, 48_000
TIMES = 4  # As many rows are in the view, which are sooner read than folded.
READING: Mapping[str, Any] = {"most": FEW, "memory": "48MB", "group": 5_000}
MORE = 18  # MB, by which two processes differ; the rows of MANY in memory are 30 more than those of FEW.
SORTED = 40  # MB, of which DuckDB takes more where it has more to sort.


@contextmanager
def house(postgres: Server, prepared: str, many: int) -> Iterator[House]:
    name = f"churn_of_{many}_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        many_purchases(ledger, postgres.url(name), many)
        yield House(postgres.url(name), ledger, READ)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def houses(postgres: Server, prepared: str) -> Iterator[tuple[House, House]]:
    with house(postgres, prepared, FEW) as few, house(postgres, prepared, MANY) as many:
        yield few, many


def must_be_bounded(found: Sequence[Mapping[str, Any]], more: int, times: int = 1) -> None:
    few, many = found
    assert (few["rows"]["purchases"], many["rows"]["purchases"]) == (times * FEW, times * MANY)
    assert many["peak"] < few["peak"] + more, (few["peak"], many["peak"])


@pytest.mark.slow
def test_facts_of_a_ledger_take_no_more_memory_where_there_are_more(
    houses: tuple[House, House], tmp_path: Path
) -> None:
    must_be_bounded([measured(each.url, "ledger", tmp_path, **READING) for each in houses], MORE)


@pytest.mark.slow
def test_facts_of_now_and_of_a_folder_take_no_more_memory_where_there_are_more(
    houses: tuple[House, House], tmp_path: Path
) -> None:
    written, read = [], []
    for each in houses:
        for view in READ:
            each.rebuild(view)
        grown(each.url, purchases, TIMES)
        written.append(measured(each.url, "views", tmp_path, **READING))
        read.append(measured(each.url, "folder", tmp_path, **READING))
        assert read[-1]["fingerprints"] == written[-1]["fingerprints"]
    must_be_bounded(written, SORTED, TIMES)
    must_be_bounded(read, MORE, TIMES)
