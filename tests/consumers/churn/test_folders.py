"""Facts of churn in engines and folders are the same facts, and tables of them are files for people and programs."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow.csv
import pyarrow.parquet
import pytest

from consumers.churn import folder
from consumers.churn.engines import duckdb, facts_of, facts_of_folder
from consumers.churn.extras import needed
from consumers.churn.reading import SHAPES, Extract, House
from consumers.churn.written import write
from domain.lifecycle_policy import LifecyclePolicy, LifecycleTerms
from domain.values import OrderId
from projections.churn.facts import Purchase
from projections.churn.tables.histories import histories
from tests.consumers.churn.in_memory import as_arrow
from tests.projections.trade import CUSTOMERS

NONE = LifecyclePolicy(number=0, time_zone="UTC", terms=LifecycleTerms(), product_lines={"p": LifecycleTerms()})
BOUGHT = Purchase(
    order_id=OrderId(UUID(int=1)), customer_id=CUSTOMERS[0], currency="KWD", products=("p.x",), paid=Decimal("1.234"),
    paid_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def small() -> Extract:
    rows = {name: [] for name in SHAPES}  # type: ignore[var-annotated]
    rows["purchases"] = [
        House(NONE).purchase(replace(BOUGHT, order_id=OrderId(UUID(int=number)), paid=Decimal(number)))
        for number in range(5)
    ]
    rows["terms"] = [House(NONE).terms(line) for line in ("", "p")]
    tables = {name: as_arrow(name, rows[name]) for name in SHAPES}
    return Extract(position=7, occurred=None, day=date(2026, 3, 1), zone="UTC", tables=tables)


def test_facts_in_a_folder_are_the_same_facts(small: Extract, tmp_path: Path) -> None:
    manifest = folder.write(small, tmp_path)
    assert (manifest.position, manifest.day, manifest.rows["purchases"]) == (7, date(2026, 3, 1), 5)
    found = folder.read(tmp_path)
    assert found.fingerprints == small.fingerprints
    with duckdb() as engine, duckdb() as other:
        assert facts_of_folder(engine, tmp_path).purchases.count().execute() == 5
        assert rfm_of(facts_of_folder(engine, tmp_path)) == rfm_of(facts_of(other, small))


def rfm_of(facts: object) -> list[object]:
    rows: list[object] = histories(facts).to_pyarrow().to_pylist()  # type: ignore[arg-type]
    return rows


def test_a_folder_that_is_not_whole_or_was_changed_holds_no_facts(small: Extract, tmp_path: Path) -> None:
    with pytest.raises(folder.NoFacts, match=r"no _manifest\.json"):
        folder.read(tmp_path)
    folder.write(small, tmp_path)
    pyarrow.parquet.write_table(small.tables["purchases"].slice(1), folder.parquet_of(tmp_path, "purchases"))
    with pytest.raises(folder.NoFacts, match="others than were written: purchases"):
        folder.read(tmp_path)
    folder.parquet_of(tmp_path, "terms").unlink()
    with pytest.raises(folder.NoFacts, match="terms"):
        folder.manifest_of(tmp_path)


def test_an_engine_keeps_to_its_memory_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with duckdb("64MB", tmp_path) as engine:
        assert engine.raw_sql("SELECT current_setting('memory_limit')").fetchone() == ("61.0 MiB",)
        assert engine.raw_sql("SELECT current_setting('temp_directory')").fetchone()[0].startswith(str(tmp_path))
        numbers = "SELECT md5(i::text) AS name, i FROM range(3_000_000) AS made (i)"
        found = engine.raw_sql(f"SELECT count(DISTINCT name) FROM ({numbers}) WHERE i % 2 = 0").fetchone()
        assert found == (1_500_000,)
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_written_for_people_and_for_programs(tmp_path: Path) -> None:
    table = pyarrow.table({"cohort": [24_314], "last_day": [20_513], "code": ["=1+1"], "customers": [3]})
    assert write(table, tmp_path / "a.csv") == 1
    assert (tmp_path / "a.csv").read_text() == (
        '"cohort","last_day","code","customers"\n"2026-03","2026-03-01","\'=1+1",3\n'
    )
    write(table, tmp_path / "a.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").equals(table)
    with pytest.raises(ValueError, match="neither"):
        write(table, tmp_path / "a.txt")


def test_what_is_missing_says_which_extra_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspark", None)
    with pytest.raises(ModuleNotFoundError, match=r"lifeledger\[spark\]"):
        needed("pyspark")
