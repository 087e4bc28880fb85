"""The two engines that compute tables of churn, and how facts come into each.

DuckDB is in the process, keeps to a limit of memory, and puts on the disk what goes beyond it. Spark is for what one
machine cannot hold: it reads the same Parquet that `consumers.churn.folder` writes, from wherever that lies.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import finalize

from consumers.churn.extras import needed
from consumers.churn.folder import Manifest, manifest_of, parquet_of
from consumers.churn.reading import SHAPES, Extract
from consumers.churn.stored import Stored, Table
from projections.churn.tables.shapes import Facts, number_of

MEMORY = "1GB"
NAMED = 16  # So many characters of a fingerprint tell the facts of one day from those of another.
LOCAL: dict[str, str] = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.driver.memory": "768m",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
}
"""Settings of a Spark within this process, for little."""


@contextmanager
def duckdb(memory: str = MEMORY, folder: Path | None = None, threads: int | None = None) -> Iterator[Any]:
    """A DuckDB of its own in the process, as an Ibis backend. What does not fit into `memory` is put into a folder of
    its own within `folder`, or where the machine keeps what is temporary, and is gone with it.
    """
    ibis = needed("ibis")
    with TemporaryDirectory(prefix="churn-", dir=folder) as temporary:
        options: dict[str, Any] = {"memory_limit": memory, "temp_directory": temporary}
        if threads is not None:
            options["threads"] = threads
        engine = ibis.duckdb.connect(**options)
        try:
            # The order in which rows were put in means nothing, and to keep it takes memory.
            engine.raw_sql("SET preserve_insertion_order = false")
            yield engine
        finally:
            engine.disconnect()


@contextmanager
def spark(settings: Mapping[str, str] = LOCAL, master: str = "local[2]") -> Iterator[Any]:
    """A Spark session of its own, as an Ibis backend; it needs Java, and stops with this. On a cluster, make a session
    as the cluster wants it, and give `ibis.pyspark.connect(session)` to `facts_of_folder`.
    """
    ibis, sql = needed("ibis"), needed("pyspark.sql")
    builder = sql.SparkSession.builder.master(master).appName("lifeledger churn")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def facts_of(engine: Any, extract: Extract) -> Facts:
    """The facts in DuckDB, straight from Arrow; those of several days may be in one. What is stored is read from its
    file whenever it is asked, and stays there as long as the engine.
    """
    named = {name: f"{name}_{found[:NAMED]}" for name, found in extract.fingerprints.items()}
    tables = {name: table_of(engine, named[name], extract.tables[name]) for name in SHAPES}
    finalize(engine, [each for each in extract.tables.values() if isinstance(each, Stored)].clear)
    return Facts(day=number_of(extract.day), **tables)


def table_of(engine: Any, name: str, table: Table) -> Any:
    if isinstance(table, Stored):
        return engine.read_parquet(str(table.path), table_name=name)
    return engine.create_table(name, table, overwrite=True)


def facts_of_folder(engine: Any, folder: Path) -> Facts:
    """The facts of a folder that was written before, in either engine. Raises NoFacts."""
    manifest: Manifest = manifest_of(folder)
    named = {name: f"{name}_{found[:NAMED]}" for name, found in manifest.fingerprints.items()}
    tables = {name: engine.read_parquet(str(parquet_of(folder, name)), table_name=named[name]) for name in SHAPES}
    return Facts(day=number_of(manifest.day), **tables)


def computed(expression: Any) -> Any:
    """What a table comes to, as a table of Arrow: whole numbers stay whole, beside nulls too."""
    engine = expression.get_backend()
    if engine.name == "pyspark":  # By itself Ibis goes by pandas there, where a whole number beside a null is none.
        return engine.raw_sql(engine.compile(expression)).toArrow()
    return expression.to_pyarrow()
