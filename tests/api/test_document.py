"""The document that others write programs against, and the pages for those who do."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from api.document import SNAPSHOT, VERSION, written
from api.problems import kinds
from commands import DECIDERS
from tests.api.house import LEAD, House

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def document() -> dict[str, Any]:
    """As it is committed, which is what the service shows."""
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def test_it_has_not_changed_without_being_looked_at(house: House) -> None:
    shown = house.get("/openapi.json").json()
    assert written(shown) == SNAPSHOT.read_text(encoding="utf-8"), "look at the change: python -m api.document"


def test_it_is_of_this_version(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert document["info"]["version"] == VERSION == project["version"]
    assert document["openapi"].startswith("3.1")


def test_operation_ids_are_the_names_of_the_commands(document: dict[str, Any]) -> None:
    ids = [told["operationId"] for _, _, told in operations(document)]
    assert len(ids) == len(set(ids))
    assert {command.__name__ for decider in DECIDERS for command in decider.rules} <= set(ids)
    assert {"ReadLead", "ReadLeadEvents", "ReadCommand", "SendCommands"} <= set(ids)


def test_every_operation_has_a_sentence_and_every_command_its_refusals(document: dict[str, Any]) -> None:
    for path, _, told in operations(document):
        assert told["summary"].endswith((".", "?")), path
        assert "200" in told["responses"]
    claim = document["paths"]["/leads/{lead_id}/claim"]["post"]["responses"]["409"]
    types = claim["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["type"]["enum"]
    assert {"/problems/already-held", "/problems/book-full", "/problems/cooling-down"} <= set(types)


def test_every_reference_leads_somewhere_and_every_problem_is_explained(house: House, document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found = document
        for step in reference.split("/"):
            found = found[step]
    assert "HTTPValidationError" not in text
    named = set(re.findall(r'"(/problems/[a-z-]+)"', text))
    assert named
    for path in named:
        assert house.get(path).status_code == 200, path


def test_the_id_is_in_the_path_and_not_in_the_body(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["LogFollowUpBody"]
    assert "lead_id" not in body["properties"]
    assert body["additionalProperties"] is False
    assert set(body["required"]) == {"channel", "effective"}


@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/already-held"])
def test_pages_need_nothing_from_elsewhere_and_no_scripts(house: House, path: str) -> None:
    answer = house.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
    assert not re.search(r"\sstyle=", answer.text)
    for link in set(re.findall(r'href="(/[^"#]*)', answer.text)):
        assert house.get(link).status_code == 200, link


def test_the_docs_page_shows_every_operation(house: House, document: dict[str, Any]) -> None:
    page = house.get("/docs").text
    for path, _, told in operations(document):
        assert f'id="{told["operationId"]}"' in page
        assert path in page


def test_each_problem_has_a_page_with_title_and_facts(house: House) -> None:
    for kind in kinds():
        page = house.get(kind.type).text
        assert kind.name in page
        assert all(fact in page for fact in kind.facts)
    assert "<code>owner</code>" in house.get("/problems/already-held").text


def test_what_is_alive_and_ready_says_so(house: House) -> None:
    assert house.get("/healthz").json() == {"status": "ok"}
    told = house.get("/readyz").json()
    assert (told["status"], told["position"]) == ("ok", house.position)


def test_figures_are_there_for_prometheus(house: House) -> None:
    house.pooled()
    house.post(f"/leads/{LEAD}/claim", None, {"X-Actor": "user:sue"})
    house.post("/nowhere", None)
    answer = house.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    figures = dict(re.findall(r"^(\S+) (\S+)$", answer.text, re.MULTILINE))
    assert figures['lifeledger_commands_total{command="CaptureLead",outcome="accepted"}'] == "1.0"
    assert figures['lifeledger_commands_total{command="ClaimLead",outcome="hidden"}'] == "1.0"
    assert float(figures["lifeledger_ledger_position"]) == house.position
    assert figures["lifeledger_queue_commands"] == "0.0"
    assert "lifeledger_commit_seconds_bucket" in answer.text
    assert "lifeledger_batch_commands_bucket" in answer.text
