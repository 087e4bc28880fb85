"""RFM and cohorts of ten million purchases by half a million customers, beside the same in SQL written by hand.

Both read the same Parquet in a DuckDB of their own that may take a gigabyte, and both come to the same rows.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consumers.churn.engines import duckdb
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.rfm import LABELS, rfm
from projections.churn.tables.shapes import Facts
from tests.bench.turns import compared

PURCHASES, CUSTOMERS = 10_000_000, 500_000
MEMORY = "1GB"
TODAY, DAYS = 20_000, 1_500
MADE: Mapping[str, str] = {
    "purchases": f"""
SELECT 'o' || i AS order_id, md5((hash(i) % {{customers}})::text) AS customer_id, '' AS product_line,
    CASE WHEN hash(i, 1) % 20 = 0 THEN 'EUR' ELSE 'CNY' END AS currency, day,
    (year(on_day) * 12 + month(on_day) - 1)::bigint AS month, (100 + hash(i, 3) % 90000)::bigint AS net,
    0::bigint AS refunded, CASE WHEN hash(i, 4) % 50 = 0 THEN 'refunded' ELSE '' END AS why
FROM (SELECT i, day, DATE '1970-01-01' + day::integer AS on_day FROM (
    SELECT i, ({TODAY} - (hash(i, 2) % {DAYS}) + 5)::bigint AS day FROM range({{purchases}}) AS made (i)))
""",
    "customers": """
SELECT md5(i::text) AS customer_id, CASE WHEN hash(i) % 100 = 0 THEN 1::bigint END AS closed_day
FROM range({customers}) AS made (i)
""",
}
COUNTED = f"why = '' AND day <= {TODAY}"
FIFTH = "(5 * (rank() OVER (PARTITION BY currency ORDER BY {}) - 1) // count(*) OVER (PARTITION BY currency) + 1)"
GRID = " ".join(
    f"WHEN r = {r} AND often = {often} THEN '{name}'"
    for r, names in LABELS.items()
    for often, name in enumerate(names, start=1)
)
BY_HAND: Mapping[str, str] = {
    "rfm": f"""
WITH bought AS (
    SELECT customer_id, currency, max(day) AS last_day, count(DISTINCT day) AS frequency, sum(net)::bigint AS monetary
    FROM purchases WHERE {COUNTED}
        AND customer_id NOT IN (SELECT customer_id FROM customers WHERE closed_day IS NOT NULL)
    GROUP BY ALL
), scored AS (
    SELECT *, {TODAY} - last_day AS recency, {FIFTH.format("last_day")} AS r, {FIFTH.format("frequency")} AS f,
        {FIFTH.format("monetary")} AS m FROM bought
), rated AS (SELECT *, (f + m + 1) // 2 AS often FROM scored)
SELECT * EXCLUDE (often), CASE {GRID} ELSE '' END AS label FROM rated
""",
    "cohorts": f"""
WITH months AS (
    SELECT customer_id, currency, month, sum(net) AS net FROM purchases WHERE {COUNTED} GROUP BY ALL
), begun AS (
    SELECT *, min(month) OVER (PARTITION BY customer_id, currency) AS cohort FROM months
), cells AS (
    SELECT currency, cohort, month - cohort AS nth, count(*) AS customers, sum(net)::bigint AS revenue
    FROM begun GROUP BY ALL
)
SELECT *, first_value(customers) OVER (PARTITION BY currency, cohort ORDER BY nth) AS size FROM cells
""",
}
TABLES: Mapping[str, Callable[[Facts], Any]] = {"rfm": rfm, "cohorts": cohorts}
SAME: Mapping[str, str] = {
    "rfm": "SELECT count(*), sum(recency), sum(frequency), sum(monetary), sum(r), sum(f), sum(m), count(DISTINCT label)"
    " FROM {}",
    "cohorts": "SELECT sum(customers), sum(revenue), sum(size) FROM {} WHERE customers > 0",
}


def tables(rounds: int, purchases: int = PURCHASES, customers: int = CUSTOMERS) -> tuple[float, str]:
    """How many times as long ours takes as what is written by hand, and both in purchases a second."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as name, duckdb(MEMORY, Path(name)) as engine:
        for table, made in MADE.items():
            rows = made.format(purchases=purchases, customers=customers)
            engine.raw_sql(f"COPY ({rows}) TO '{name}/{table}.parquet'")
        read = {table: engine.read_parquet(f"{name}/{table}.parquet", table_name=table) for table in MADE}
        facts = Facts(day=TODAY, **read, activity=None, terms=None)
        for _ in range(rounds):
            theirs.append(purchases / timed(lambda: by_hand(engine)))
            ours.append(purchases / timed(lambda: by_expression(engine, facts)))
        must_be_the_same(engine)
    slower, told = compared(theirs, ours)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return slower, f"{told} (theirs / ours; DuckDB within {MEMORY}, the process {peak:,.0f} MB at most)"


def by_hand(engine: Any) -> None:
    for name, sql in BY_HAND.items():
        engine.raw_sql(f"CREATE OR REPLACE TABLE by_hand_{name} AS {sql}")


def by_expression(engine: Any, facts: Facts) -> None:
    for name, table in TABLES.items():
        engine.create_table(name, table(facts), overwrite=True)


def must_be_the_same(engine: Any) -> None:
    for name, question in SAME.items():
        one, other = (engine.raw_sql(question.format(each)).fetchall() for each in (name, f"by_hand_{name}"))
        assert one == other, (name, one, other)


def timed(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(tables(3))
