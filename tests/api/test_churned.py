"""Churn over HTTP is what the command line tells, in each form, as of now and as of a day; whom it shows is logged."""

import asyncio
import csv
import io
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest

from api.app import create_app
from api.churn.facts import ChurnFacts, Kept, When
from api.churn.made import counted, picked
from api.problems import FoldTooLong
from consumers.at import NoSuchMoment
from consumers.churn.asking import facts_of_day
from consumers.churn.questions import Question
from consumers.churn.reading import Extract
from consumers.replay import Replay
from projections.churn.tables.shapes import Facts
from settings import Settings
from tests.cli.running import lifeledger, on
from tests.cli.selling import CUSTOMERS, sell
from tests.memory import MASTER
from tests.real.followed import caught_up, two_workers
from tests.servers import Server

pytestmark = pytest.mark.slow

DAY = "1997-09-30"
ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}


@pytest.fixture(scope="module")
def shop(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[str]:
    name = f"churn_http_{os.getpid()}"
    postgres.create_database(name, prepared)
    sell(postgres.url(name), tmp_path_factory.mktemp("shop"), seed)
    for model in (["pareto-nbd"], ["gamma-gamma", "--currency", "USD"]):
        said = lifeledger("churn", "fit", *model, "--day", DAY, env=on(postgres.url(name)))
        assert said.code == 0, said
    yield postgres.url(name)
    postgres.drop_database(name)


def asked(url: str, *paths: str, headers: dict[str, str] | None = None) -> list[httpx.Response]:
    """What the service answers that runs on that database."""
    settings = Settings(database_url=url, master_key_text=b64encode(MASTER).decode())  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        app = create_app(settings)
        async with app.service.running():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as http:
                return [await http.get(f"/churn/{path}", headers=headers or ANALYST) for path in paths]

    return asyncio.run(ask())


def test_a_table_is_the_same_in_each_form_and_as_the_command_line_tells_it(shop: str) -> None:
    here = f"tables/cohorts?day={DAY}"
    json, text, parquet = asked(shop, f"{here}&limit=500", f"{here}&format=csv", f"{here}&format=parquet")
    rows = json.json()["rows"]
    assert json.json()["day"] == DAY
    assert pq.read_table(io.BytesIO(parquet.content)).to_pylist() == rows
    told = [*csv.DictReader(io.StringIO(text.text))]
    said = lifeledger("churn", "cohorts", "--day", DAY, "--json", env=on(shop)).document["rows"]
    assert [row["cohort"] for row in told] == [row["cohort"] for row in said]
    assert (
        [int(row["customers"]) for row in told] == [row["customers"] for row in rows] == [r["customers"] for r in said]
    )


def test_of_earlier_days_it_is_told_what_the_command_line_tells(shop: str) -> None:
    """They are read from the ledger, as far as that is read while somebody waits."""
    for name in ("migration", "quadrant-series", "quadrant-moves"):
        (answer,) = asked(shop, f"tables/{name}?day={DAY}&since=1997-06-30")
        command = ("churn", "table", name, "--day", DAY, "--since", "1997-06-30", "--json")
        said = lifeledger(*command, env=on(shop)).document["rows"]
        assert [row["customers"] for row in answer.json()["rows"]] == [row["customers"] for row in said]
    facts = ChurnFacts(shop, 500_000)
    moved = Question(since=date(1997, 6, 30))

    def migration(extract: Extract, churn: Facts) -> int:
        facts.most = extract.position - 1
        return counted(facts, "migration", moved, extract, churn)[0].num_rows  # type: ignore[no-any-return]

    with pytest.raises(FoldTooLong):
        facts.asked(When(day=date(1997, 9, 30)), migration)
    facts.close()


def test_scores_name_their_models_and_whom_they_tell_of_is_logged(shop: str) -> None:
    (answer,) = asked(shop, f"scores?day={DAY}&model=pareto-nbd,gamma-gamma-usd@1&limit=500")
    rows = answer.json()["rows"]
    assert len(rows) == CUSTOMERS
    assert {row["model"] for row in rows} == {"pareto-nbd@1+gamma-gamma-usd@1"}
    assert logged(shop, "GET /churn/scores") == {f"customer/{row['customer_id']}" for row in rows}


def test_customers_at_risk_have_what_models_on_record_say_of_them(shop: str) -> None:
    scores, known, before = asked(
        shop, f"scores?day={DAY}&limit=500", f"tables/at-risk?day={DAY}&limit=500", "tables/at-risk?day=1997-09-29"
    )
    assert known.json()["models"] == ["gamma-gamma-usd@1", "pareto-nbd@1"]
    alive = {row["customer_id"]: row["p_alive"] for row in scores.json()["rows"]}
    assert known.json()["rows"]
    assert all(row["p_alive"] == alive[row["customer_id"]] for row in known.json()["rows"])
    assert before.json()["missing"].startswith("no model of buying is on record as of then"), "they know a day more"
    assert {row["model"] for row in before.json()["rows"]} == {None}


def test_the_report_is_a_page_and_whom_it_lists_is_logged(shop: str) -> None:
    (answer,) = asked(shop, "report?language=zh&model=pareto-nbd&day=1998-06-30")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "客户流失与客户价值" in answer.text
    listed = logged(shop, "GET /churn/report")
    assert listed
    assert all(each.partition("/")[2] in answer.text for each in listed)


def logged(url: str, route: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT unnest(subjects) FROM ledger.looks WHERE route = %s", [route])
        return {subject for (subject,) in found}


def test_a_fit_is_the_body_by_which_it_is_recorded(shop: str) -> None:
    fit, models, curves = asked(shop, f"fits/bg-nbd?day={DAY}", "models", f"survival?day={DAY}")
    assert (fit.json()["model_id"], fit.json()["record"]["seen"]["customers"]) == ("bg-nbd", CUSTOMERS)
    assert [row["model"] for row in models.json()["models"]] == ["gamma-gamma-usd@1", "pareto-nbd@1"]
    assert curves.json()["curves"][0]["customers"] == CUSTOMERS


def test_as_of_now_the_views_tell_once_a_worker_has_made_them(shop: str) -> None:
    (before,) = asked(shop, "tables/rfm?limit=500")
    assert (before.status_code, before.json()["type"]) == (503, "/problems/view-not-built")
    made(shop)
    (now,) = asked(shop, "tables/rfm?limit=500")
    (folded,) = asked(shop, f"tables/rfm?limit=500&as_of={now.json()['position']}")
    assert len(now.json()["rows"]) == CUSTOMERS
    kept = ("customer_id", "frequency", "monetary", "f", "m")
    assert [[row[name] for name in kept] for row in now.json()["rows"]] == [
        [row[name] for name in kept] for row in folded.json()["rows"]
    ]


def test_a_fit_to_what_is_so_now_is_one_that_the_ledger_tells_again(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Views stand at several positions while something is written: one may know what another does not."""
    monkeypatch.setattr("consumers.churn.asking.PATIENCE", 0)
    made(shop)
    with psycopg.connect(shop) as connection:
        connection.execute("UPDATE views.tracking SET position = position - 1 WHERE name = 'purchases'")
    fit, table = asked(shop, "fits/bg-nbd", "tables/rfm")
    with closing(Replay(shop)) as replay:
        assert fit.json()["position"] == replay.last
    assert table.json()["position"] == fit.json()["position"] - 1
    (again,) = asked(shop, f"fits/bg-nbd?as_of={fit.json()['position']}")
    assert again.json()["record"] == fit.json()["record"]
    with psycopg.connect(shop) as connection:
        connection.execute("UPDATE views.tracking SET position = position + 1 WHERE name = 'purchases'")


def test_a_model_is_known_as_soon_as_the_views_have_come_to_it(shop: str) -> None:
    def known() -> list[str]:
        return [event.model_id for event in facts.asked(When(), partial(picked, facts, ()))]

    made(shop)
    facts = ChurnFacts(shop, 500_000)
    before = known()
    said = lifeledger("churn", "fit", "bg-nbd", "--name", "newest", "--day", DAY, env=on(shop))
    assert said.code == 0, said
    assert known() == before, "the views have not come to it"
    made(shop)
    assert known() == [*before, "newest"]
    facts.close()


def made(url: str) -> None:
    with two_workers(url):
        caught_up(url)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("tables/nix", 422, "there is no such table; there are rfm, labels"),
        ("tables/rfm?day=2999-01-01", 422, "2999-01-01 is still to come"),
        ("tables/rfm?as_of=99999999", 422, "the ledger ends at position"),
        ("tables/rfm?as_of=tomorrow", 422, "is no time and no position"),
        ("tables/migration?day=1997-09-30", 422, "must be a day before 1997-09-30"),
        ("tables/rfm?day=1997-09-30&often=3", 422, "means nothing to rfm"),
        ("tables/quadrants?thresholds=USD", 422, "'USD' is no amount: say CNY=500"),
        ("tables/quadrants?thresholds=USD=1e999999", 422, "'USD=1e999999' is no amount"),
        ("tables/quadrants?thresholds=USD=1e19", 422, "'USD=1e19' is no amount"),
        ("fits/logistic?day=0005-01-01&days=3650", 422, "so many days before 0005-01-01 there was no day"),
        ("scores?day=1997-09-29&model=pareto-nbd", 409, "was fitted to what happened up to 1997-09-30"),
        ("scores?day=1997-09-29", 409, "no model of buying is on record as of then"),
        ("tables/rfm?nix=1", 422, "this address takes"),
        ("survival?day=1996-01-01", 409, "there are 0 customers, and this takes 1"),
        ("fits/gamma-gamma?day=1997-09-30&currency=EUR", 409, "nobody came back and paid in EUR; there is USD"),
        ("fits/logistic?day=1998-01-01", 409, "this takes 200"),
        ("scores?day=1997-09-30&model=nix", 422, "there is no model nix"),
        ("scores?day=1997-09-30&model=pareto-nbd&limit=501", 422, "less than or equal to 500"),
        ("tables/rfm?day=1997-09-30&format=csv&limit=9", 422, "limit: csv has no pages: all rows are in it"),
        ("tables/rfm?day=1997-09-30&after=nix", 422, "this is no place in this table"),
        ("models?after=nix", 422, "this is no model in this list"),
        ("models?as_of=99999999", 422, "the ledger ends at position"),
        ("survival?day=1997-09-30&limit=9", 422, "this address takes"),
        ("fits/logistic?day=1998-01-01&currency=USD", 422, "logistic is of all customers"),
        ("report?day=1997-09-30&since=1998-01-01", 422, "must be a day before 1997-09-30"),
    ],
)
def test_what_cannot_be_told_is_said(shop: str, path: str, status: int, told: str) -> None:
    (answer,) = asked(shop, path)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["detail"]


def test_moments_that_are_asked_for_in_turn_are_read_once_each(shop: str) -> None:
    reads = []

    class Counting(ChurnFacts):
        def read(self, when: When) -> Kept:
            reads.append(when)
            return super().read(when)

    facts = Counting(shop, 500_000)
    days = [When(day=date(1997, month, 28)) for month in (6, 7, 8)]
    for when in days * 3:
        assert facts.asked(when, lambda extract, _: extract.day) == when.day
    assert reads == days
    facts.close()
    assert not facts.kept


def test_what_is_learned_can_be_asked_for_long_after_the_last_event(shop: str) -> None:
    with closing(Replay(shop)) as replay:
        later = datetime.now(UTC) + timedelta(days=9)
        assert facts_of_day(replay, later, later.date(), as_of=replay.last).day == later.date()
        with pytest.raises(NoSuchMoment, match="is still to come"):
            facts_of_day(replay, later, later.date() + timedelta(days=2), as_of=replay.last)


def test_who_sees_his_own_only_is_told_no_figures_of_the_house(shop: str) -> None:
    program: dict[str, Any] = {"X-Actor": "service:hr", "X-Role": "personnel", "X-Purpose": "spec"}
    for answer in asked(shop, "survival", "models", "report", "fits/bg-nbd", "tables/cohorts", headers=program):
        assert answer.status_code == 403
