"""6,919 real purchases through the command line into the ledger, as orders; every figure is taken from its rows by SQL.

They come in three times: first without ten customers drawn by lot, then all of them, then all of them once more.
"""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from consumers.at import moment
from consumers.churn.engines import duckdb, facts_of
from consumers.churn.reading import Extract, end_of_day, extract
from consumers.replay import Replay
from ledger.scan import Wire
from projections.churn.fits import bg_nbd, gamma_gamma, pareto_nbd
from projections.churn.fits.fitted import Fitted
from projections.churn.fits.histories import histories as told_once
from projections.churn.fits.histories import spending
from projections.churn.fits.lifetime import expected
from projections.churn.tables.cohorts import cohorts
from projections.churn.tables.histories import histories, holdout
from projections.churn.tables.shapes import Facts
from tests.cli.running import lifeledger, on
from tests.real.cdnow import CALIBRATED, Purchase, command_lines, counted, ordered, purchases, write_ndjson
from tests.real.followed import caught_up, must_agree, rebuild_all, two_workers
from tests.real.ledgers import FACT, LEFT_OUT, Imported, data_of, database, report, row
from tests.servers import Server

ORDERS = f"""
WITH placed AS (
    SELECT stream, {FACT} ->> 'customer_id' AS customer, (occurred_at AT TIME ZONE 'UTC')::date AS day,
        ({FACT} #>> '{{amount,amount}}')::numeric AS dollars, {FACT} #>> '{{amount,currency}}' AS currency,
        ({FACT} #>> '{{lines,0,quantity}}')::int AS discs
    FROM ledger.events WHERE type = 'order.placed' AND {FACT} ->> 'from' IS NULL
), days AS (
    SELECT DISTINCT customer, day FROM placed
), calibration AS (
    SELECT customer, count(*) AS days FROM days WHERE day <= '{CALIBRATED}' GROUP BY customer
)
SELECT (SELECT count(DISTINCT customer) FROM placed) AS customers,
    (SELECT count(*) FROM placed) AS purchases,
    (SELECT sum(discs) FROM placed) AS discs,
    (SELECT sum(dollars) FROM placed WHERE currency = 'USD') AS dollars,
    (SELECT sum(days - 1)::bigint FROM calibration) AS repeat_days,
    (SELECT count(*) FROM calibration WHERE days = 1) AS without_repeat,
    (SELECT count(*) FROM calibration WHERE days > 1) AS repeaters,
    (SELECT count(*) FROM days WHERE day > '{CALIBRATED}') AS later_days,
    (SELECT count(*) FROM placed WHERE day > '{CALIBRATED}') AS later_purchases,
    (SELECT count(*) FROM placed JOIN ledger.events AS created
        ON created.stream = 'customer/' || customer AND created.type = 'customer.created') AS of_known_customers
"""
PAID = f"""
SELECT count(*) FILTER (WHERE type = 'order.paid' AND {FACT} ->> 'to' = 'paid') AS paid_in_full,
    count(*) FILTER (WHERE type = 'order.paid' AND {FACT} ->> 'to' <> 'paid') AS paid_in_part,
    sum(({FACT} #>> '{{amount,amount}}')::numeric) FILTER (WHERE type = 'order.payment-received') AS paid,
    count(*) FILTER (WHERE NOT imported) AS not_imported
FROM ledger.events WHERE stream LIKE 'order/%'
"""


# Lines that can be read, which need no data


def test_what_is_paid_for_several_discs_is_a_price_each_less_a_discount() -> None:
    thirds = Purchase(1, "0001", CALIBRATED, 3, Decimal("10.00"))
    usd = {"currency": "USD"}
    assert ordered(thirds) == {
        "product": "cd",
        "quantity": 3,
        "unit_price": {"amount": "3.34"} | usd,
        "discount": {"amount": "0.02"} | usd,
    }
    free = Purchase(2, "0001", CALIBRATED, 2, Decimal("0.00"))
    assert ordered(free) == {"product": "cd", "quantity": 2, "unit_price": {"amount": "0.00"} | usd}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "sample.txt"
    path.write_bytes(
        b" 00004 0001 19970101  2   29.33\r\n"
        b" 00004 0001 19970101  2   29.33\r\n"
        b" 00021 0002 19970930  1   14.96\r\n"
        b" 00021 0002 19971001  1    0.00\r\n"
    )
    return path


def test_equal_lines_are_two_purchases_of_one_day(small: Path) -> None:
    commands = ["CreateCustomer", *["PlaceOrder", "RecordPayment"] * 2]
    assert [each["command"] for each in command_lines(small)] == [*commands, *commands]
    messages = [each["source"]["message_id"] for each in command_lines(small)]
    assert len(set(messages)) == len(messages)
    rest = [each for each in command_lines(small) if each["source"]["message_id"][0] in "34"]
    assert list(command_lines(small, leave_out={"0001"})) == rest
    found = counted(purchases(small))
    assert (found.customers, found.purchases, found.dollars) == (2, 4, Decimal("73.62"))
    assert (found.repeat_days, found.without_repeat, found.later_days) == (0, 2, 1)


# The file itself


@dataclass
class Proof:
    every: list[Purchase]
    chosen: set[str]
    imported: Imported


def figures(url: str) -> dict[str, int | Decimal]:
    return row(url, ORDERS) | row(url, PAID)


@pytest.fixture(scope="module")
def proof(
    shared: Path, postgres: Server, prepared: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proof]:
    path = data_of(shared, "CDNOW_sample.txt")
    every = purchases(path)
    chosen = set(random.Random(seed).sample(sorted({each.customer for each in every}), LEFT_OUT))
    folder = tmp_path_factory.mktemp("cdnow")
    write_ndjson(path, folder / "all.ndjson")
    write_ndjson(path, folder / "some.ndjson", leave_out=chosen)
    with database(postgres, prepared, "cdnow") as imported:
        with two_workers(imported.url):
            for file in ("some", "all", "all"):
                imported.bring(folder / f"{file}.ndjson", figures)
            caught_up(imported.url)
        yield Proof(every, chosen, imported)


@pytest.mark.real
@pytest.mark.slow
def test_the_ledger_has_the_figures_that_are_known_of_the_file(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert found == {
        "customers": 2_357,
        "purchases": 6_919,
        "of_known_customers": 6_919,
        "discs": 16_479,
        "dollars": Decimal("244091.94"),
        "repeat_days": 2_457,
        "without_repeat": 1_411,
        "repeaters": 946,
        "later_days": 1_882,
        "later_purchases": 1_959,
        "paid_in_full": 6_919,
        "paid_in_part": 0,
        "paid": Decimal("244091.94"),
        "not_imported": 0,
    }
    print(report("CDNOW", found, proof.imported.rates()))


@pytest.mark.real
@pytest.mark.slow
def test_the_ledger_tells_what_the_file_tells_and_without_ten_customers_less_by_exactly_those(proof: Proof) -> None:
    some, whole = proof.imported.figures[:2]
    told = asdict(counted(proof.every))
    left_out = asdict(counted(each for each in proof.every if each.customer in proof.chosen))
    assert left_out["customers"] == LEFT_OUT
    assert {name: whole[name] for name in told} == told
    assert {name: whole[name] - some[name] for name in told} == left_out


@pytest.mark.real
@pytest.mark.slow
def test_every_line_is_accepted_once_and_a_second_import_changes_nothing(proof: Proof) -> None:
    for each in proof.imported.documents:
        assert each["refused"] == each["invalid"] == each["failed"] == each["repeats"] == 0
    lines = 2_357 + 2 * 6_919
    assert [each["already_there"] for each in proof.imported.documents[::2]] == [0, lines]
    assert sum(each["accepted"] for each in proof.imported.documents) == lines
    assert proof.imported.ledgers[2] == proof.imported.ledgers[1] != proof.imported.ledgers[0]
    assert proof.imported.figures[2] == proof.imported.figures[1]


@pytest.mark.real
@pytest.mark.slow
def test_live_is_as_of_now_and_rebuilt_in_every_view(proof: Proof) -> None:
    must_agree(proof.imported.url, lambda: rebuild_all(proof.imported.url))


# Histories of buying


@pytest.fixture(scope="module")
def calibration(proof: Proof) -> Iterator[tuple[Facts, Facts]]:
    """The facts of the end of the calibration, and those of the end."""
    with Replay(proof.imported.url) as replay, closing(Wire(replay.url)) as wire, duckdb() as engine:

        def as_of(day: date) -> Extract:
            at = moment(replay.ledger, None, end_of_day(day, "UTC"), datetime.now(UTC))
            return extract(replay.ledger, wire, at, day=day)

        yield facts_of(engine, as_of(CALIBRATED)), facts_of(engine, as_of(CALIBRATED + timedelta(weeks=39)))


# What is fitted to them


@pytest.fixture(scope="module")
def columns(calibration: tuple[Facts, Facts]) -> dict[str, list[int]]:
    then, now = calibration
    known = histories(then)
    after = holdout(now.purchases, known, then.day, now.day).select("customer_id", later="days")
    found = known.inner_join(after, "customer_id").order_by("customer_id").to_pyarrow().to_pylist()
    return {name: [each[name] for each in found] for name in ("repeats", "last", "observed", "spent", "later")}


def thousandths(found: Fitted) -> list[float]:
    assert found.converged
    return [round(each, 3) for each in found.values]


@pytest.mark.real
@pytest.mark.slow
def test_the_histories_are_those_of_the_literature(calibration: tuple[Facts, Facts]) -> None:
    """Of which BG/NBD and the others are fitted; what happened later is not in them."""
    then, now = calibration
    known = histories(then)
    rows = known.to_pyarrow().to_pylist()
    assert len(rows) == 2_357
    assert sum(row["repeats"] for row in rows) == 2_457
    assert sum(row["repeats"] == 0 for row in rows) == 1_411
    assert sum(row["repeats"] > 0 for row in rows) == 946
    assert {row["currency"] for row in rows} == {"USD"}
    after = holdout(now.purchases, known, then.day, now.day).to_pyarrow().to_pylist()
    assert sum(row["days"] for row in after) == 1_882


@pytest.mark.real
@pytest.mark.slow
def test_the_fits_are_those_of_the_literature(columns: dict[str, list[int]]) -> None:
    """Fader, Hardie and Lee 2005 for the first two, Fader and Hardie 2013 for the third."""
    found = told_once(columns["repeats"], columns["last"], columns["observed"])
    first, second = bg_nbd.fit(found), pareto_nbd.fit(found)
    assert thousandths(first) == [0.243, 4.414, 0.793, 2.426]
    assert round(first.log_likelihood, 1) == -9_582.4
    assert thousandths(second) == [0.553, 10.578, 0.606, 11.669]
    assert round(second.log_likelihood, 1) == -9_595.0
    spent = gamma_gamma.fit(spending(columns["repeats"], columns["spent"], "USD"))
    assert [round(each, 2) for each in spent.values] == [6.25, 3.74, 15.44]
    assert (first.customers, second.customers, spent.customers) == (2_357, 2_357, 946)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "likeliest", "likelihood"),
    [
        ("bg-nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9_582.4),
        ("pareto-nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9_595.0),
        ("gamma-gamma", {"p": 6.25, "q": 3.74, "v": 15.44}, None),
    ],
)
def test_so_are_those_of_the_command(
    proof: Proof, kind: str, likeliest: dict[str, float], likelihood: float | None
) -> None:
    """Which tells customers apart by product line, and days by the time zone of the house."""
    told = ["churn", "fit", kind, "--day", CALIBRATED.isoformat(), "--no-record", "--json"]
    said = lifeledger(*told, env=on(proof.imported.url)).document
    places = 2 if kind == "gamma-gamma" else 3
    assert {name: round(said[name], places) for name in likeliest} == likeliest
    if likelihood is not None:
        assert round(said["log_likelihood"], 1) == likelihood


@pytest.mark.real
@pytest.mark.slow
def test_cohorts_come_to_all_that_was_paid(calibration: tuple[Facts, Facts]) -> None:
    rows = cohorts(calibration[1]).to_pyarrow().to_pylist()
    assert sum(row["revenue"] for row in rows) == 24_409_194
    sizes = {row["cohort"] - 1997 * 12 + 1: row["size"] for row in rows if row["nth"] == 0}
    assert sizes == {1: 781, 2: 857, 3: 719}, "who first bought in January, February and March"


@pytest.mark.real
@pytest.mark.slow
def test_what_they_expect_of_the_39_weeks_that_follow_is_like_what_came(columns: dict[str, list[int]]) -> None:
    """Of each customer, the correlation is that of the paper: .626 and .630."""
    found = told_once(columns["repeats"], columns["last"], columns["observed"])
    came = np.array(columns["later"])
    assert came.sum() == 1_882
    said: dict[str, float] = {}
    for model in (bg_nbd, pareto_nbd):
        fit = model.fit(found)
        awaited = expected(fit, found, 39 * 7)
        said[f"by {fit.kind}"] = round(float(awaited.sum()))
        said[f"correlation, {fit.kind}"] = round(float(np.corrcoef(awaited, came)[0, 1]), 3)
    print(report("CDNOW, expected of the 39 weeks in which 1,882 came", said, []))
    assert said["correlation, bg-nbd"] == 0.626
    assert said["correlation, pareto-nbd"] == 0.630
    assert all(abs(said[f"by {kind}"] / 1_882 - 1) < 0.15 for kind in ("bg-nbd", "pareto-nbd"))
