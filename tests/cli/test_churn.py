"""lifeledger churn: tables, fits, scores and the report from the command line, as of any day."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumers.churn.asking import READ
from tests.cli.running import Said, lifeledger, on
from tests.cli.selling import CUSTOMERS, sell
from tests.servers import Server

pytestmark = pytest.mark.slow

CALIBRATED = "1997-09-30"


@pytest.fixture(scope="module")
def shop(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[str]:
    name, folder = f"churn_cli_{os.getpid()}", tmp_path_factory.mktemp("shop")
    postgres.create_database(name, prepared)
    sell(postgres.url(name), folder, seed)
    yield postgres.url(name)
    postgres.drop_database(name)


def churn(url: str, *arguments: str | Path) -> Said:
    return lifeledger("churn", *arguments, env=on(url))


def test_tables_are_told_to_people_programs_and_spreadsheets(shop: str, tmp_path: Path) -> None:
    found = churn(shop, "cohorts", "--json").document
    assert {row["cohort"] for row in found["rows"]} == {"1997-01"}
    assert {row["size"] for row in found["rows"]} == {CUSTOMERS}
    assert "of those who came in a month, who came back: as of" in churn(shop, "cohorts").out
    said = churn(shop, "table", "rfm", "--output", tmp_path / "rfm.csv")
    assert (said.code, said.err) == (0, "")
    with (tmp_path / "rfm.csv").open(encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == CUSTOMERS
    assert {"customer_id", "last_day", "frequency", "label"} <= rows[0].keys()
    assert churn(shop, "table", "rfm", "--output", tmp_path / "rfm.parquet", "--json").document["rows"] == CUSTOMERS


def test_every_table_can_be_asked_for(shop: str) -> None:
    for name in ("labels", "durations", "quadrants", "quadrant-counts", "at-risk", "reasons", "winbacks", "histories"):
        said = churn(shop, "table", name, "--day", CALIBRATED, "--json")
        assert said.code == 0, said
        assert said.document["day"] == CALIBRATED
    moved = churn(shop, "table", "migration", "--since", "1997-06-30", "--day", CALIBRATED, "--json").document["rows"]
    assert sum(row["customers"] for row in moved) == CUSTOMERS
    for name in ("quadrant-series", "quadrant-moves"):
        rows = churn(shop, "table", name, "--since", "1997-06-30", "--day", CALIBRATED, "--json").document["rows"]
        assert {row["day"] for row in rows} >= {"1997-07-31", "1997-08-31", CALIBRATED}, name
        of_day = [row["customers"] for row in rows if row["day"] == CALIBRATED and row.get("became") != ""]
        assert sum(of_day) == CUSTOMERS, name
    given = ["table", "quadrant-counts", "--threshold", "USD=20.50", "--often", "2", "--day", CALIBRATED]
    assert sum(row["customers"] for row in churn(shop, *given, "--json").document["rows"]) == CUSTOMERS
    assert churn(shop, "table", "left-out", "--json").document["rows"] == []


def test_survival_says_how_many_were_still_seen(shop: str, tmp_path: Path) -> None:
    found = churn(shop, "survival", "--json").document
    assert found["rows"][0]["at_risk"] <= CUSTOMERS == found["curves"][0]["customers"]
    shares = [row["survival"] for row in found["rows"]]
    assert shares == sorted(shares, reverse=True)
    assert all(row["low"] <= row["survival"] <= row["high"] for row in found["rows"])
    file = tmp_path / "survival.parquet"
    assert churn(shop, "survival", "--output", file, "--json").document["rows"] == len(found["rows"])


def test_facts_that_were_written_say_what_the_ledger_says(shop: str, tmp_path: Path) -> None:
    written = churn(shop, "facts", tmp_path / "facts", "--day", CALIBRATED, "--json").document
    assert written["day"] == CALIBRATED
    for name in ("rfm", "cohorts"):
        asked = ["table", name, "--json"]
        assert (
            churn(shop, *asked, "--facts", tmp_path / "facts").document
            == churn(shop, *asked, "--day", CALIBRATED).document
        )
    risky = churn(shop, "table", "at-risk", "--json", "--facts", tmp_path / "facts").document
    assert risky["missing"] == "facts in a folder come without models"
    said = churn(shop, "table", "migration", "--since", "1997-06-30", "--facts", tmp_path / "facts")
    assert (said.code, said.out) == (2, "")
    assert "--facts: of earlier days it says nothing" in said.err
    (tmp_path / "facts" / "purchases.parquet").write_bytes((tmp_path / "facts" / "customers.parquet").read_bytes())
    said = churn(shop, "table", "rfm", "--facts", tmp_path / "facts")
    assert (said.code, said.out) == (1, "")
    assert "holds others than were written: purchases" in said.err


def test_facts_of_now_are_those_of_the_views_and_of_the_ledger_where_these_are_not_there(
    shop: str, tmp_path: Path
) -> None:
    def manifest(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((tmp_path / name / "_manifest.json").read_text())
        return found

    said = churn(shop, "facts", tmp_path / "folded")
    assert (said.code, "the ledger is folded, for no worker has made" in said.err) == (0, True)
    for view in READ:
        assert lifeledger("views", "rebuild", view.name, env=on(shop)).code == 0
    said = churn(shop, "facts", tmp_path / "read")
    assert (said.code, said.err) == (0, "")
    assert manifest("read") == manifest("folded")
    assert manifest("read")["rows"]["purchases"] > CUSTOMERS


def test_a_fit_is_on_record_and_a_score_names_it(shop: str, tmp_path: Path) -> None:
    tried = churn(shop, "fit", "bg-nbd", "--day", CALIBRATED, "--no-record", "--json").document
    assert tried["model"] == "not recorded"
    before = churn(shop, "cohorts", "--json").document["position"]
    fit = tmp_path / "fit.csv"
    made = churn(shop, "fit", "bg-nbd", "--day", CALIBRATED, "-o", fit, "--json").document
    (row,) = csv.DictReader(fit.read_text(encoding="utf-8").splitlines())
    assert (row["model"], json.loads(row["parameters"])["r"]) == (made["model"], made["r"])
    assert made == {**tried, "model": "bg-nbd@1"}
    assert (made["customers"], made["until"]) == (CUSTOMERS, CALIBRATED)
    spent = churn(shop, "fit", "gamma-gamma", "--currency", "USD", "--day", CALIBRATED, "--json").document
    assert spent["model"] == "gamma-gamma-usd@1"
    listed = churn(shop, "models", "--json").document["models"]
    assert [row["model"] for row in listed] == ["gamma-gamma-usd@1", "bg-nbd@1"]
    assert listed[1]["parameters"]["r"] == made["r"]
    assert churn(shop, "models", "--as-of", str(before), "--json").document["models"] == []
    assert churn(shop, "models", "--day", "1997-09-29", "--json").document["models"] == []
    assert churn(shop, "models", "--output", tmp_path / "models.csv", "--json").document["rows"] == 2
    with (tmp_path / "models.csv").open(encoding="utf-8") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["bg-nbd@1", "gamma-gamma-usd@1"]
    rows = churn(shop, "score", "--day", CALIBRATED, "--json").document["rows"]
    assert len(rows) == CUSTOMERS
    assert {row["model"] for row in rows} == {"bg-nbd@1+gamma-gamma-usd@1"}
    assert all(0 <= row["p_alive"] <= 1 and row["expected"] >= 0 and row["clv"] >= 0 for row in rows)
    said = churn(shop, "score", "--as-of", str(before))
    assert (said.code, "no model of buying is on record as of then" in said.err) == (1, True), "it was made later"
    risky = churn(shop, "table", "at-risk", "--day", CALIBRATED, "--json").document
    assert (risky["models"], risky["missing"]) == (["bg-nbd@1", "gamma-gamma-usd@1"], None)
    assert risky["rows"]
    by_customer = {row["customer_id"]: row for row in rows}
    for row in risky["rows"]:
        for name in ("p_alive", "model", "clv_currency"):
            assert row[name] == by_customer[row["customer_id"]][name]
    bare = churn(shop, "table", "at-risk", "--as-of", str(before), "--json")
    assert (bare.code, bare.document["models"]) == (0, [])
    assert bare.document["missing"].startswith("no model of buying is on record as of then")
    assert {row["p_alive"] for row in bare.document["rows"]} == {None}
    assert "lifeledger: nobody is estimated: no model of buying" in bare.err
    report = tmp_path / "report.html"
    assert churn(shop, "report", report, "--day", CALIBRATED, "--language", "zh", "--model", "bg-nbd@1").code == 0
    assert "bg-nbd@1" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["table", "nix"], 2, "there is no table nix; there are rfm, labels"),
        (["cohorts", "--day", "2999-01-01"], 2, "--day: 2999-01-01 is still to come"),
        (["models", "--as-of", "99999999"], 2, "--as-of: the ledger ends at position"),
        (["cohorts", "--as-of", "99999999"], 2, "--as-of: the ledger ends at position"),
        (["cohorts", "--output", "cohorts.xls"], 2, "--output cohorts.xls ends neither in .csv nor in .parquet"),
        (["table", "migration"], 1, "since: must be a day before"),
        (["table", "rfm", "--since", "1997-01-01"], 1, "since: means nothing to rfm"),
        (["table", "quadrant-series", "--since", "1990-01-01"], 1, "since: must be within 60 months before"),
        (["table", "quadrants", "--threshold", "USD=-1"], 2, "--threshold 'USD=-1' is no amount: say CNY=500"),
        (["fit", "bg-nbd", "--day", "1996-01-01"], 1, "there are 0 customers, and this takes 2"),
        (["fit", "gamma-gamma", "--currency", "EUR"], 1, "nobody came back and paid in EUR; there is USD"),
        (["fit", "logistic"], 1, "this takes 200"),
        (["score", "--model", "nix"], 1, "there is no model nix"),
        (["report", "nowhere/report.html"], 1, "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_told_is_said(shop: str, arguments: list[str], code: int, told: str) -> None:
    said = churn(shop, *arguments)
    assert (said.code, said.out) == (code, "")
    assert told in said.err


@pytest.mark.parametrize("arguments", ["'models'", "'cohorts'", "'fit', 'bg-nbd'", "'score'", "'report', 'r.html'"])
def test_without_the_extra_it_is_said_what_to_install(shop: str, arguments: str) -> None:
    code = (
        "import sys; sys.modules |= dict.fromkeys(('ibis', 'numpy', 'scipy', 'duckdb', 'pyarrow'));"
        f" from api.cli import main; sys.argv = ['lifeledger', 'churn', {arguments}]; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, env=on(shop), cwd="/"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lifeledger: ibis comes with lifeledger[churn], which is not installed\n"
