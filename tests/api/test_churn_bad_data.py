"""What tells nothing of customers says so, by its name: on the command line and over HTTP, of orders in a ledger."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from settings import Settings
from tests.cli.running import Said, lifeledger, on
from tests.memory import MASTER
from tests.real.cdnow import command_lines
from tests.servers import Server

pytestmark = pytest.mark.slow

ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}
SHOPS: Mapping[str, str] = {
    "one_day": "1 0001 19970101 1 10.00\n2 0002 19970101 1 20.00\n",
    "few": "1 0001 19970101 1 10.00\n2 0002 19970102 1 20.00\n1 0001 19970110 1 30.00\n2 0002 19970111 1 40.00\n",
}
YUAN = ("2/", "4/")  # What the second customer of the few buys is paid in another currency.


@pytest.fixture(scope="module")
def shops(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    urls: dict[str, str] = {}
    folder = tmp_path_factory.mktemp("shops")
    for name, purchases in SHOPS.items():
        database = f"churn_{name}_{os.getpid()}"
        postgres.create_database(database, prepared)
        urls[name] = postgres.url(database)
        said = brought(urls[name], folder, lines(folder, purchases, YUAN if name == "few" else ()))
        assert said.code == 0, said
    yield urls
    for name in SHOPS:
        postgres.drop_database(f"churn_{name}_{os.getpid()}")


def lines(folder: Path, purchases: str, yuan: tuple[str, ...] = ()) -> list[str]:
    (folder / "purchases.txt").write_text(purchases, encoding="ascii")
    told = [(each["source"]["message_id"], json.dumps(each)) for each in command_lines(folder / "purchases.txt")]
    return [text.replace("USD", "CNY") if message.startswith(yuan) else text for message, text in told]


def brought(url: str, folder: Path, told: list[str]) -> Said:
    (folder / "lines.ndjson").write_text("\n".join(told), encoding="utf-8")
    return lifeledger("import", folder / "lines.ndjson", "--json", env=on(url), at=folder)


def asked(url: str, path: str) -> httpx.Response:
    settings = Settings(database_url=url, master_key_text=b64encode(MASTER).decode())  # type: ignore[arg-type]

    async def ask() -> httpx.Response:
        app = create_app(settings)
        async with app.service.running():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as http:
                return await http.get(f"/churn/{path}", headers=ANALYST)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("shop", "kind", "day", "problem", "told"),
    [
        ("few", "pareto-nbd", "1996-12-31", "too-few-customers", "there are 0 customers, and this takes 2"),
        ("few", "bg-nbd", "1997-01-01", "too-few-customers", "there are 1 customers, and this takes 2"),
        ("few", "pareto-nbd", "1997-01-09", "nobody-came-back", "none of 2 customers has bought on a second day"),
        ("few", "gamma-gamma", "1997-01-31", "several-currencies", "there are amounts in CNY, USD"),
        ("one_day", "bg-nbd", "1997-01-01", "all-on-one-day", "all purchases of 2 customers are of one day"),
        ("one_day", "pareto-nbd", "1997-01-31", "all-on-one-day", "all purchases of 2 customers are of one day"),
    ],
)
def test_what_no_model_can_be_fitted_to_says_so_and_the_report_tells_the_rest(
    shops: Mapping[str, str], tmp_path: Path, shop: str, kind: str, day: str, problem: str, told: str
) -> None:
    said = lifeledger("churn", "fit", kind, "--day", day, env=on(shops[shop]))
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    answer = asked(shops[shop], f"fits/{kind}?day={day}")
    assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{problem}")
    assert told in answer.json()["detail"]
    page = asked(shops[shop], f"report?day={day}")
    assert page.status_code == 200, page.text
    said = lifeledger("churn", "report", tmp_path / "report.html", "--day", day, env=on(shops[shop]))
    assert (said.code, said.err) == (0, "")


def test_amounts_below_nothing_and_dates_to_come_do_not_get_into_a_ledger(
    shops: Mapping[str, str], tmp_path: Path
) -> None:
    placed = lines(tmp_path, SHOPS["one_day"] + "3 0003 19970101 1 10.00\n4 0003 19970101 1 10.00\n")
    less, later = "-10.00", "2999-01-01"
    placed[-3] = placed[-3].replace("10.00", less)
    placed[-1] = placed[-1].replace("1997-01-01", later)
    assert (less in placed[-3], later in placed[-1]) == (True, True)
    said = brought(shops["one_day"], tmp_path, placed)
    assert (said.code, said.document["accepted"]) == (1, 3), "a customer and two orders, which nobody has paid"
    rejects = (tmp_path / "rejects.ndjson").read_text(encoding="utf-8").splitlines()
    problems: list[dict[str, Any]] = [json.loads(each)["problem"] for each in rejects]
    assert [name in json.dumps(each) for name, each in zip(("amount", "occurred_at"), problems, strict=True)] == [
        True
    ] * 2
