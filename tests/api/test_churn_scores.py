"""A score of who leaves goes from a fit to a record to a score over either way in; it knows no more than it may, and as
of a day it stays as it was whatever is told later.
"""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from api.app import create_app
from consumers.replay import Replay
from settings import Settings
from tests.cli.leaving import CUSTOMERS, DAY, EARLIER, MERGED, bring, shop
from tests.cli.running import Said, lifeledger, on
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow

ANALYST = {"X-Actor": "service:bi", "X-Role": "analyst", "X-Purpose": "spec"}


Request = tuple[str, str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A ledger in which models were fitted and scores told as of `position`, and something has been told since. Of who
    leaves, what betrays it lies between `before` and `position`.
    """

    url: str
    before: int
    position: int
    told: tuple[dict[str, Any], dict[str, Any], bytes, bytes]
    """A fit by the command line and one over HTTP, and a score by what the other has fitted."""


@pytest.fixture(scope="module")
def scored(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Scored]:
    name, folder, lines = f"churn_scores_{os.getpid()}", tmp_path_factory.mktemp("shop"), shop(seed)
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    bring(url, folder, lines.history)
    before = last(url)
    bring(url, folder, lines.betrayal)
    position = last(url)
    (trees,) = asked(url, fit_of_trees(position))
    weights = fit(url, position) | {"model": "not recorded"}
    posted, score = asked(url, recording("boosted-trees", trees.json()["record"]), score_by_weights(position))
    assert posted.status_code == 200, posted.text
    told = (weights, trees.json(), score_by_trees(url, position, folder), score.content)
    bring(url, folder, lines.later)
    yield Scored(url=url, before=before, position=position, told=told)
    postgres.drop_database(name)


def last(url: str) -> int:
    with closing(Replay(url)) as replay:
        return replay.last


def churn(url: str, *arguments: str | Path) -> Said:
    return lifeledger("churn", *arguments, env=on(url))


def moment(position: int) -> str:
    return f"day={DAY}&as_of={position}"


def fit(url: str, position: int, *more: str) -> dict[str, Any]:
    said = churn(url, "fit", "logistic", "--day", str(DAY), "--as-of", str(position), "--json", *more)
    assert said.code == 0, said
    document: dict[str, Any] = said.document
    return document


def score_by_trees(url: str, position: int, folder: Path) -> bytes:
    file = folder / "trees.parquet"
    by_trees = ("--model", "boosted-trees@1", "--day", str(DAY), "--as-of", str(position))
    said = churn(url, "score", *by_trees, "-o", file)
    assert said.code == 0, said
    return file.read_bytes()


def fit_of_trees(position: int) -> Request:
    return "GET", f"/churn/fits/boosted-trees?{moment(position)}", None


def score_by_weights(position: int) -> Request:
    return "GET", f"/churn/scores?{moment(position)}&model=logistic@1&format=parquet", None


def recording(model_id: str, body: Any) -> Request:
    """What GET answers is what POST records."""
    return "POST", f"/churn-models/{model_id}/record-model", body


def asked(url: str, *requests: Request) -> list[httpx.Response]:
    """What the service answers that runs on that database."""
    settings = Settings(database_url=url, master_key_text=b64encode(MASTER).decode())  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        app = create_app(settings)
        async with app.service.running():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://house", timeout=120) as http:
                return [await http.request(how, path, json=body, headers=ANALYST) for how, path, body in requests]

    return asyncio.run(ask())


def rows_of(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(BytesIO(content)).to_pylist()
    return sorted(found, key=lambda row: str(row["customer_id"]))


def test_a_score_names_the_model_that_is_on_record(scored: Scored) -> None:
    *_, by_trees, by_weights = scored.told
    for content, name in ((by_trees, "boosted-trees@1"), (by_weights, "logistic@1")):
        rows = rows_of(content)
        assert len(rows) == CUSTOMERS - MERGED
        assert {row["model"] for row in rows} == {name}
        assert all(0 <= row["leaves"] <= 1 and row["days"] == (DAY - EARLIER).days for row in rows)


def test_the_command_line_and_http_say_the_same(scored: Scored, tmp_path: Path) -> None:
    file = tmp_path / "scores.parquet"
    asked_for = ("--model", "logistic@1", "--day", str(DAY), "--as-of", str(scored.position))
    assert churn(scored.url, "score", *asked_for, "-o", file).code == 0
    assert rows_of(file.read_bytes()) == rows_of(scored.told[3])


def test_it_tells_who_leaves_about_as_well_as_it_can_be_told(scored: Scored) -> None:
    weights, trees, *_ = scored.told
    of_trees = {name: float(figure) for name, figure in trees["record"]["learned"]["quality"].items()}
    for found in (weights, of_trees):
        assert 0.8 < found["auc"] < 0.99
        assert found["brier"] < found["brier_of_all"]
    first, *_, last_one = (row["came"] for row in weights["tenths"])
    assert first > 0.8
    assert last_one < 0.2


def test_who_has_become_another_since_is_not_said_to_have_left(scored: Scored) -> None:
    weights = scored.told[0]
    assert weights["customers"] + weights["held_out"] == CUSTOMERS - MERGED


def test_what_happened_after_the_earlier_day_and_betrays_who_leaves_is_not_known_to_it(scored: Scored) -> None:
    """Of who leaves, and of nobody else, a part was paid back after that day: in the facts of the later day it stands
    with purchases that were made before.
    """
    weights, trees, *_ = scored.told
    (without,) = asked(scored.url, fit_of_trees(scored.before))
    assert without.json()["record"]["learned"] == trees["record"]["learned"]
    assert fit(scored.url, scored.before, "--no-record") == weights | {"position": scored.before}


def test_as_of_the_day_it_stays_the_same_whatever_is_told_later(scored: Scored, tmp_path: Path) -> None:
    trees, by_weights = asked(scored.url, fit_of_trees(scored.position), score_by_weights(scored.position))
    weights = fit(scored.url, scored.position, "--no-record")
    by_trees = score_by_trees(scored.url, scored.position, tmp_path)
    assert (weights, trees.json(), by_trees, by_weights.content) == scored.told
    now = fit(scored.url, last(scored.url), "--no-record")
    assert now["auc"] != weights["auc"], "what was told later is of that day too"


def test_other_trees_than_are_on_record_score_nobody(scored: Scored) -> None:
    body = json.loads(json.dumps(scored.told[1]["record"]))
    was, other = body["learned"]["digest"], "0f" * 32
    body["learned"]["digest"] = other
    nowhere = body | {"seen": body["seen"] | {"position": 10**9}}
    score = ("GET", f"/churn/scores?day={DAY}&model=others", None)
    *posted, answer = asked(scored.url, recording("others", body), recording("nowhere", nowhere), score)
    assert [each.status_code for each in posted] == [200, 200]
    told = f"others@1 was recorded as {other}, and what is learned again from the same is {was}"
    assert (answer.status_code, answer.json()["detail"]) == (409, told)
    said = churn(scored.url, "score", "--day", str(DAY), "--model", "nowhere")
    assert (said.code, said.out) == (1, "")
    assert "nowhere@1 cannot be learned again: the ledger ends at position" in said.err


def test_models_are_listed_with_how_well_they_tell_who_leaves(scored: Scored) -> None:
    (answer,) = asked(scored.url, ("GET", "/churn/models", None))
    found = {row["model"]: row for row in answer.json()["models"]}["logistic@1"]
    assert found["days"] == (DAY - EARLIER).days
    assert found["quality"]["tenths"] == scored.told[0]["tenths"]
    said = churn(scored.url, "models")
    assert f"logistic@1, who leaves within 90 days: AUC {found['quality']['auc']:.4f}" in said.out
    assert f"{found['quality']['tenths'][0]['lift']:.4f}" in said.out


def test_which_of_several_is_meant_is_to_be_said(scored: Scored) -> None:
    said = churn(scored.url, "score", "--day", str(DAY))
    assert said.code == 1
    assert "who leaves is told by one model alone; say which, of logistic@1, boosted-trees@1" in said.err


def test_what_is_learned_from_two_days_is_not_learned_from_the_facts_of_one(scored: Scored, tmp_path: Path) -> None:
    assert churn(scored.url, "facts", tmp_path / "facts", "--day", str(DAY)).code == 0
    said = churn(scored.url, "fit", "logistic", "--facts", tmp_path / "facts")
    assert (said.code, said.out) == (2, "")
    assert "--facts: logistic is learned from the facts of two days, and a folder has those of one" in said.err
