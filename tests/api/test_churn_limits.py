"""Churn over HTTP in bounds: page by page, each form of each answer, and no more of the ledger than may be folded."""

import asyncio
import csv
import io
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import httpx
import psycopg
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from api.app import Application, create_app
from api.churn.facts import ChurnFacts, Kept, When
from settings import Settings
from tests.cli.running import lifeledger, on
from tests.cli.selling import CUSTOMERS, sell
from tests.memory import MASTER
from tests.real.cdnow import customer_id
from tests.real.followed import caught_up, two_workers
from tests.servers import Server

pytestmark = pytest.mark.slow

DAY = "1997-09-30"
ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}
ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator", "X-Purpose": "spec"}
CRM = {"X-Actor": "service:crm"}
ANN = {"X-Actor": "user:ann", "X-Purpose": "spec"}
MIA = {"X-Actor": "user:mia"}
T = TypeVar("T")
HERS = [str(customer_id(f"{number:04}")) for number in range(3)]


@pytest.fixture(scope="module")
def shop(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[str]:
    name = f"churn_limits_{os.getpid()}"
    postgres.create_database(name, prepared)
    sell(postgres.url(name), tmp_path_factory.mktemp("shop"), seed)
    yield postgres.url(name)
    postgres.drop_database(name)


Ask = tuple[str, str, dict[str, str], Any]


@cache
def on_database(url: str, **given: Any) -> Application:
    return create_app(Settings(database_url=url, master_key_text=SecretStr(b64encode(MASTER).decode()), **given))


def answers(url: str, *asks: Ask, facts: type[ChurnFacts] = ChurnFacts, **given: Any) -> list[httpx.Response]:
    """What one process of the service answers on that database, one after the other."""
    app = on_database(url, **given)
    settings = app.service.settings

    async def ask() -> list[httpx.Response]:
        async with app.service.running():
            assert app.service.churn is not None
            app.service.churn.close()
            app.service.churn = facts(url, settings.as_of_events, settings.churn_memory)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as http:
                return [await http.request(how, path, headers=who, json=body) for how, path, who, body in asks]

    return asyncio.run(ask())


def get(path: str, who: dict[str, str] = ANALYST) -> Ask:
    return "GET", f"/churn/{path}", who, None


def post(path: str, body: Any = None, who: dict[str, str] = ADMIN) -> Ask:
    return "POST", path, who, body


def looked_at(url: str, route: str) -> list[list[str]]:
    """Whom each look there has shown, the last first."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT subjects FROM ledger.looks WHERE route = %s ORDER BY look_id DESC", [f"GET /churn/{route}"]
        )
        return [subjects for (subjects,) in found]


def test_page_after_page_shows_everybody_once_and_the_log_has_whom_each_has_shown(shop: str) -> None:
    path, pages = f"tables/rfm?day={DAY}&limit=60", []
    while path:
        (answer,) = answers(shop, get(path))
        pages.append([row["customer_id"] for row in answer.json()["rows"]])
        assert looked_at(shop, "tables/{name}")[0] == [f"customer/{each}" for each in pages[-1]]
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("</churn/")
        assert not path or f"as_of={answer.headers['Position']}" in path
    assert [len(page) for page in pages] == [60, 60, CUSTOMERS - 120]
    assert len({each for page in pages for each in page}) == CUSTOMERS


def test_curves_are_points_in_a_file(shop: str) -> None:
    here = f"survival?day={DAY}&by=type"
    json, text, parquet = answers(shop, get(here), get(f"{here}&format=csv"), get(f"{here}&format=parquet"))
    told = [(curve["name"], point) for curve in json.json()["curves"] for point in curve["points"]]
    rows = pq.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert rows == [{"stratum": name, **point} for name, point in told]
    assert [*csv.DictReader(io.StringIO(text.text))] == [
        {name: str(each) for name, each in row.items()} for row in rows
    ]
    assert text.headers["Content-Disposition"] == f'attachment; filename="survival-{DAY}.csv"'


def test_what_a_fit_says_is_recorded_and_then_named_by_a_score(shop: str) -> None:
    fit, text = answers(shop, get(f"fits/pareto-nbd?day={DAY}"), get(f"fits/pareto-nbd?day={DAY}&format=csv"))
    told = fit.json()
    (row,) = csv.DictReader(io.StringIO(text.text))
    assert (row["model"], row["last"], int(row["customers"])) == ("pareto-nbd", DAY, CUSTOMERS)
    here = f"/churn-models/{told['model_id']}/record-model"
    recorded, again, scored, models, before, parquet = answers(
        shop,
        post(here, told["record"], CRM),
        post(here, told["record"] | {"product_line": "piano"}, CRM),
        get(f"scores?day={DAY}&model=pareto-nbd@1&limit=1"),
        get("models?limit=1"),
        get(f"models?as_of={told['position'] + 1}"),
        get("models?format=parquet"),
    )
    assert (recorded.status_code, again.status_code) == (200, 200), recorded.text
    assert [row["model"] for row in scored.json()["rows"]] == ["pareto-nbd@1"]
    assert [row["model"] for row in models.json()["models"]] == ["pareto-nbd@2"]
    assert [row["model"] for row in before.json()["models"]] == ["pareto-nbd@1"], "it is as it was then"
    assert pq.read_table(io.BytesIO(parquet.content))["model"].to_pylist() == ["pareto-nbd@1", "pareto-nbd@2"]
    (more,) = answers(shop, ("GET", models.headers["Link"].partition(">")[0].removeprefix("<"), ANALYST, None))
    assert [row["model"] for row in more.json()["models"]] == ["pareto-nbd@1"]
    assert "Link" not in more.headers


def test_what_is_learned_folds_no_more_than_any_question_and_each_moment_once(shop: str) -> None:
    reads: list[When] = []

    class Counting(ChurnFacts):
        def read(self, when: When) -> Kept:
            reads.append(when)
            return super().read(when)

    long = f"fits/logistic?day={DAY}"
    refused, as_any = answers(shop, get(long), get(f"tables/rfm?day={DAY}"), as_of_events=50)
    assert refused.json()["type"] == as_any.json()["type"] == "/problems/fold-too-long"
    assert refused.json()["detail"] == as_any.json()["detail"]
    twice = answers(shop, get(long), get(long), get(f"tables/rfm?day={DAY}&limit=1"), facts=Counting)
    assert [answer.status_code for answer in twice] == [409, 409, 200]
    assert "this takes 200" in twice[0].json()["detail"]
    assert [when.day.isoformat() for when in reads if when.day] == [DAY, "1997-07-02"]


def test_while_a_model_is_fitted_others_are_answered(shop: str) -> None:
    app = on_database(shop)

    class Patient(ChurnFacts):
        """Fits when somebody else has been answered."""

        async def run(self, thread: ThreadPoolExecutor, what: Callable[..., T], *given: Any) -> T:
            if thread is self.learning:
                assert (await http.get(f"/churn/tables/rfm?day={DAY}&limit=1", headers=ANALYST)).status_code == 200
                answered.append(DAY)
            return await super().run(thread, what, *given)

    answered: list[str] = []
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house", timeout=60)
    (fit,) = answers(shop, get(f"fits/pareto-nbd?day={DAY}"), facts=Patient)
    assert (fit.status_code, answered) == (200, [DAY]), fit.text


def test_that_the_earlier_day_is_too_far_is_refused_though_today_needs_no_fold(shop: str) -> None:
    with two_workers(shop):
        caught_up(shop)
    now, learned = answers(shop, get("tables/left-out"), get("fits/logistic"), as_of_events=50)
    assert now.status_code == 200, now.text
    assert learned.json()["type"] == "/problems/fold-too-long"


def test_who_sees_some_is_told_of_them_alone_and_of_nobody_who_is_erased(shop: str) -> None:
    people = [("ann", "sales", "north/team-1"), ("mia", "sales_manager", "north")]
    onboarded = [
        post(f"/staff/{name}/onboard", {"name": name.title(), "role": role, "org_path": org})
        for name, role, org in people
    ]
    assigned = [post(f"/customers/{each}/assign", {"owner": "ann"}, MIA) for each in HERS]
    for answer in answers(shop, *onboarded, *assigned):
        assert answer.status_code == 200, answer.text
    assert lifeledger("churn", "fit", "bg-nbd", "--day", DAY, env=on(shop)).code == 0
    with two_workers(shop):
        caught_up(shop)
    scores, table = f"scores?day={DAY}&model=bg-nbd", f"tables/histories?day={DAY}"
    seen = answers(shop, get(scores, ANN), get(table, ANN), get(f"{scores}&format=csv", ANN), get("survival", ANN))
    assert [sorted(row["customer_id"] for row in each.json()["rows"]) for each in seen[:2]] == [sorted(HERS)] * 2
    assert sorted(row["customer_id"] for row in csv.DictReader(io.StringIO(seen[2].text))) == sorted(HERS)
    assert seen[3].status_code == 403
    assert sorted(looked_at(shop, "scores")[0]) == [f"customer/{each}" for each in sorted(HERS)]
    erased = HERS[0]
    (gone,) = answers(shop, post(f"/customers/{erased}/erase-personal-data"))
    assert gone.status_code == 200, gone.text
    with two_workers(shop):
        caught_up(shop)
    hers, all_of_them = answers(shop, get(table, ANN), get(f"{table}&limit=500"))
    assert sorted(row["customer_id"] for row in hers.json()["rows"]) == sorted(HERS[1:])
    assert erased in {row["customer_id"] for row in all_of_them.json()["rows"]}, "a number that belongs to nobody"
