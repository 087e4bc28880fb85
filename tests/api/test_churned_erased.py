"""Who is erased by a day is in no list of it, and who is erased since is a number in the lists of earlier days."""

import asyncio
import csv
import io
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from api.app import create_app
from commands.customer.protection import ErasePersonalData
from domain.values import CustomerId
from settings import Settings
from tests.cli.running import lifeledger, on
from tests.consumers.churn.selling import selling
from tests.consumers.office import ADMIN
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow

LISTS = ("rfm", "quadrants", "at-risk", "reasons")
ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}


@dataclass(frozen=True)
class Erased:
    """Somebody who was at risk on one day, and was erased before the end of another."""

    url: str
    customer_id: str
    before: date
    after: date


@pytest.fixture(scope="module")
def erased(postgres: Server, prepared: str, seed: int) -> Iterator[Erased]:
    with selling(postgres, prepared, f"churn_erased_{os.getpid()}", seed) as trade:
        before = trade.now.date() + timedelta(days=1)
        said = lifeledger("churn", "table", "at-risk", "--day", str(before), "--json", env=on(trade.house.url))
        trade.now += timedelta(days=4)
        candidates = sorted({row["customer_id"] for row in said.document["rows"]})
        gone = next(
            each for each in candidates if trade.asks(ADMIN, ErasePersonalData(customer_id=CustomerId(UUID(each))))
        )
        yield Erased(trade.house.url, gone, before, trade.now.date() + timedelta(days=1))


def told_over_http(url: str, *paths: str) -> list[httpx.Response]:
    settings = Settings(database_url=url, master_key_text=b64encode(MASTER).decode())  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        app = create_app(settings)
        async with app.service.running():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=60) as http:
                return [await http.get(f"/churn/{path}", headers=ANALYST) for path in paths]

    return asyncio.run(ask())


def test_on_the_command_line(erased: Erased) -> None:
    for name in LISTS:
        there, gone = (
            {
                row["customer_id"]
                for row in lifeledger("churn", "table", name, "--day", str(day), "--json", env=on(erased.url)).document[
                    "rows"
                ]
            }
            for day in (erased.before, erased.after)
        )
        assert erased.customer_id in there, name
        assert erased.customer_id not in gone, name


def test_over_http_in_each_form(erased: Erased) -> None:
    paths = [f"tables/{name}?day={day}" for name in LISTS for day in (erased.before, erased.after)]
    for name, then, now in zip(LISTS, *[iter(told_over_http(erased.url, *paths))] * 2, strict=True):
        assert erased.customer_id in {row["customer_id"] for row in then.json()["rows"]}, name
        assert erased.customer_id not in {row["customer_id"] for row in now.json()["rows"]}, name
    (sheet,) = told_over_http(erased.url, f"tables/rfm?day={erased.after}&format=csv")
    assert erased.customer_id not in {row["customer_id"] for row in csv.DictReader(io.StringIO(sheet.text))}
    left, right = told_over_http(erased.url, *(f"tables/left-out?day={day}" for day in (erased.before, erased.after)))
    gone = [{row["reason"]: row["customers"] for row in each.json()["rows"]}.get("gone", 0) for each in (left, right)]
    assert gone[1] == gone[0] + 1, "what he bought is counted still, and said to be"


def test_in_the_report(erased: Erased, tmp_path: Path) -> None:
    for day, there in ((erased.before, True), (erased.after, False)):
        file = tmp_path / f"{day}.html"
        said = lifeledger("churn", "report", file, "--day", str(day), env=on(erased.url))
        assert said.code == 0, said
        (page,) = told_over_http(erased.url, f"report?day={day}")
        for text in (file.read_text(encoding="utf-8"), page.text):
            assert (erased.customer_id in text) == there, day
