"""Facts of churn come to the same, however they are read: all in memory, in passes, from the views, and from files."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.service import open_ledger
from consumers.at import Moment, moment
from consumers.churn import folder, reading, stored
from consumers.churn.asking import READ, NotFolded, facts_now
from consumers.churn.engines import computed, duckdb, facts_of
from consumers.churn.reading import SHAPES, Extract, extract
from consumers.churn.stored import Groups, Stored, fingerprint, fingerprint_of_file
from consumers.shares import fold_in_shares
from domain.customer.facts.merging import CustomerAbsorbed
from ledger.scan import Wire
from projections.churn.facts import purchases
from projections.churn.tables.histories import histories
from projections.folding import Table
from projections.projection import Projection
from tests.consumers.churn import in_memory as plainly
from tests.consumers.churn.buying import CUSTOMERS, START, any_buying
from tests.consumers.house import House
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.servers import Server

LATER = datetime(2027, 1, 1, tzinfo=UTC)
SOON = 30  # Days.


def bytes_of(extract: Extract) -> dict[str, Any]:
    """Every value, in its order."""
    return {name: whole(table).to_pylist() for name, table in extract.tables.items()}


def whole(table: Any) -> Any:
    return table.arrow() if isinstance(table, Stored) else table


def must_be_the_same(one: Extract, other: Extract) -> None:
    assert bytes_of(one) == bytes_of(other)
    assert one.fingerprints == {name: plainly.fingerprint(table) for name, table in other.tables.items()}
    assert (one.position, one.occurred, one.day, one.zone) == (other.position, other.occurred, other.day, other.zone)


# Any history


def in_passes(events: Sequence[tuple[int, Any, Any]], most: int) -> Any:
    def rows(view: Projection, take: Any) -> None:
        told = [each for each in events if type(each[2]) in view.reads]
        batches = [told[start : start + 10] for start in range(0, len(told), 10)]
        fold_in_shares(view, lambda: iter(batches), len(events), most, lambda table: take(table.rows()), lambda _: None)

    return rows


def at_once(events: Sequence[tuple[int, Any, Any]]) -> Any:
    def rows(view: Projection) -> Iterator[Any]:
        table = Table(view, remember=False)
        table.fold([each for each in events if type(each[2]) in view.reads])
        return table.rows()

    return rows


@pytest.mark.slow
@settings(max_examples=max(settings.default.max_examples // 3, 1))  # type: ignore[union-attr]
@given(st.randoms(use_true_random=False), st.integers(0, 400), st.sampled_from([1, 2, 5, 20, 1_000]))
def test_facts_of_any_history_are_the_same_in_passes_and_in_memory(chance: Random, events: int, most: int) -> None:
    told = [(position, at, event) for position, (at, event) in enumerate(any_buying(chance, events), 1)]
    at = Moment(len(told), LATER)
    must_be_the_same(reading.told(in_passes(told, most), at), plainly.told(at_once(told), at))


def test_somebody_is_whom_he_has_become_in_a_circle_too() -> None:
    """As where a merge that was undone is undone later than the day, and another one came late."""
    made = [event for _, event in any_buying(Random(1), 300) if not isinstance(event, CustomerAbsorbed)]
    one, other, third, last = CUSTOMERS[:4]
    for pairs in ([(one, other), (other, one)], [(one, other), (other, third), (third, other)], [(one, one)]):
        merged = [CustomerAbsorbed(customer_id=who, into=into, from_="active") for who, into in (*pairs, (last, one))]
        told = [(position, START, event) for position, event in enumerate([*made, *merged], 1)]
        at = Moment(len(told), LATER)
        must_be_the_same(reading.told(in_passes(told, 1_000), at), plainly.told(at_once(told), at))


# A ledger


@pytest.fixture(scope="module")
def house(postgres: Server, prepared: str) -> Iterator[House]:
    name = f"any_size_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        house = House(postgres.url(name), ledger, READ)
        yield house
        house.end.close()
    postgres.drop_database(name)


@pytest.mark.slow
def test_facts_of_a_ledger_are_the_same_at_any_moment_and_from_the_views(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, start = Random(seed), START
    with pytest.raises(NotFolded):
        facts_now(house.url, LATER)
    for few in (0, 5, stored.FEW):
        monkeypatch.setattr(stored, "FEW", few)
        last = tell(house.ledger, *any_buying(chance, 400, start))
        start += timedelta(days=SOON)
        with closing(Wire(house.url)) as wire:
            for as_of in (None, chance.randint(1, last), last - 1):
                occurred = chance.choice([None, START + timedelta(days=chance.randint(1, 2 * SOON))])
                at = moment(house.ledger, as_of, occurred, LATER)
                found = extract(house.ledger, wire, at, most=chance.choice([3, 30, 1_000]))
                must_be_the_same(found, plainly.in_memory(house.ledger, wire, at))
            for view in READ:
                house.rebuild(view)
            now = moment(house.ledger, None, None, LATER)
            must_be_the_same(facts_now(house.url, LATER), plainly.in_memory(house.ledger, wire, now))


@pytest.mark.slow
def test_views_that_stand_together_tell_what_the_ledger_does_and_others_may_not_be_asked_for_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.churn.asking.PATIENCE", 0)
    before = tell(house.ledger, *any_buying(Random(5), 60))
    for view in READ:
        house.rebuild(view)
    assert facts_now(house.url, LATER, together=True).position == before
    last = tell(house.ledger, *any_buying(Random(6), 60, START + timedelta(days=SOON)))
    house.rebuild(purchases)
    assert facts_now(house.url, LATER).position == before, "though there are later purchases in it"
    with pytest.raises(NotFolded, match=f"stand at different positions, from {before:,} to {last:,}"):
        facts_now(house.url, LATER, together=True)
    with pytest.raises(NotFolded, match=f"have come to position {before:,}, and not to {last:,}"):
        facts_now(house.url, LATER, at_least=last)


@pytest.mark.slow
def test_large_facts_are_in_files_and_engines_and_folders_have_the_same(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(house.ledger, *any_buying(Random(7), 400))
    with closing(Wire(house.url)) as wire:
        at = moment(house.ledger, None, None, LATER)
        small = extract(house.ledger, wire, at)
        monkeypatch.setattr(stored, "FEW", 0)
        large = extract(house.ledger, wire, at)
    assert {type(each) for each in large.tables.values()} == {Stored}
    assert {type(each) for each in small.tables.values()} == {pa.Table}
    files = [each.path for each in large.tables.values()]
    written = [folder.write(each, tmp_path / name) for each, name in ((small, "small"), (large, "large"))]
    assert written[0] == written[1]
    for name in SHAPES:
        one, other = (folder.parquet_of(tmp_path / each, name).read_bytes() for each in ("small", "large"))
        assert one == other, "the same facts, the same bytes"
    must_be_the_same(folder.read(tmp_path / "large"), small)
    with duckdb() as engine, duckdb() as another:
        facts = facts_of(engine, large)
        del large
        assert all(each.is_file() for each in files), "as long as they are asked"
        one, other = (computed(histories(each)).to_pylist() for each in (facts, facts_of(another, small)))
        assert sorted(one, key=str) == sorted(other, key=str)
        assert one


def test_what_is_temporary_is_gone_with_who_has_it() -> None:
    room = stored.Room()
    path = room.path / "table.parquet"
    pyarrow.parquet.write_table(pa.table({"day": pa.array([1, 2])}), path)
    found = Stored.at(path, room)
    del room
    assert (found.num_rows, found.arrow()["day"].to_pylist()) == (2, [1, 2])
    del found
    assert not path.parent.exists()


# Fingerprints

NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)
TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=5)


@example([], 1, 1)
@example([(None, None, "")] * 9, 4, 3)
@given(st.lists(st.tuples(NUMBERS, TEXTS, st.just("")), max_size=40), st.integers(1, 20), st.integers(1, 50))
def test_a_fingerprint_is_that_of_the_values_in_memory_and_in_a_file(
    rows: list[tuple[int | None, str | None, str]], group: int, at_once: int
) -> None:
    columns = [pa.array([row[0] for row in rows], pa.int64())]
    columns += [pa.array([row[nth] for row in rows], pa.string()) for nth in (1, 2)]
    table = pa.table(columns, ["number", "text", "empty"])
    with TemporaryDirectory() as name:
        path = Path(name) / "table.parquet"
        pyarrow.parquet.write_table(table, path, row_group_size=group)
        assert fingerprint(table) == fingerprint_of_file(path) == plainly.fingerprint(table)
        assert fingerprint(table, at_once) == fingerprint_of_file(path, at_once)
        assert (fingerprint(table, at_once) == fingerprint(table)) == (len(rows) <= at_once)


def test_the_same_rows_are_the_same_file_in_whatever_batches_they_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "GROUP", 10)
    table = pa.table({"day": pa.array(range(47))})
    for size in (1, 7, 10, 33, 100):
        with Groups(tmp_path / f"{size}", table.schema) as file:
            file.add(table.to_batches(max_chunksize=size))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert pyarrow.parquet.read_metadata(tmp_path / "7").num_row_groups == 5
    assert pyarrow.parquet.read_table(tmp_path / "7").equals(table)
