"""Requests made up from the document: never a 5xx, and every answer as the document says."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.document import SNAPSHOT
from settings import Settings
from tests.api.house import LEAD, OTHER, House
from tests.api.serving import in_thread
from tests.api.viewed import Views
from tests.memory import MASTER
from tests.servers import Server

DOCUMENT: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
LABELS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]


@cache
def operations() -> dict[str, Any]:
    """By their labels; read where requests are made, since it takes a second and every process collects this file."""
    read = [
        found.ok()  # type: ignore[union-attr]  # One that cannot be read is an error here.
        for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    ]
    found = {operation.label: operation for operation in read}
    assert [*found] == LABELS
    return found


def never_our_fault(ctx: Any, response: Any, case: Case[Any]) -> None:
    """A reader who asks too early is told 503, and that is an answer."""
    if response.status_code != 503 or response.json()["type"] != "/problems/read-model-behind":
        not_a_server_error(ctx, response, case)


def refused_in_some_way(ctx: Any, response: Any, case: Case[Any]) -> None:
    """What is wrong in what is too long is not looked for."""
    if response.status_code != 413:
        negative_data_rejection(ctx, response, case)


CHECKS: list[Any] = [
    never_our_fault,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CALLERS = st.sampled_from(
    (
        {"X-Actor": "service:setup", "X-Role": "administrator"},
        {"X-Actor": "service:crm"},
        {"X-Actor": "user:ann"},
        {"X-Actor": "user:mia"},
    )
)
KNOWN = {"lead_id": (LEAD, OTHER), "staff_id": ("ann", "bob", "mia"), "pool_id": ("north",)}


@schemathesis.serializer("application/x-ndjson")
def lines(_: object, value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def url(postgres: Server, prepared: str) -> Iterator[str]:
    """A house with people, a pool, a lead that lies in it and one that is held; the views are there, and empty."""
    name = f"schemathesis_{os.getpid()}"
    postgres.create_database(name, prepared)
    given = Settings(database_url=postgres.url(name), master_key_text=SecretStr(b64encode(MASTER).decode()))
    Views(given.database_url).build()
    app = create_app(given)
    with in_thread(app) as port, pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.reading.PATIENCE", 0.01)
        patch.setattr("api.changes.LONGEST_SECONDS", 0.02)
        house = House(create_app(Settings(), app.service.write_side))
        house.thread.start()
        house.settle().pooled(LEAD).held(OTHER)
        house.stop()
        yield f"http://127.0.0.1:{port}"
    postgres.drop_database(name)


def meant_well(url: str, label: str, examples: int) -> None:
    """As the document allows it, mostly for subjects that exist."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(operations()[label].as_strategy(generation_mode=GenerationMode.POSITIVE), CALLERS, st.integers(0, 9))
    def ask(case: Case[Any], caller: dict[str, str], chosen: int) -> None:
        case.headers.pop("X-Role", None)
        case.headers.update(caller)
        for name, known in KNOWN.items():
            if name in case.path_parameters and chosen:
                case.path_parameters[name] = known[chosen % len(known)]
        case.call_and_validate(base_url=url, checks=CHECKS)

    ask()


def meant_badly(url: str, label: str, examples: int) -> None:
    """As the document forbids it."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), database=None)
    @given(operations()[label].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask(case: Case[Any]) -> None:
        in_lines = case.path == "/commands"  # Whatever a line holds is answered in its place.
        case.call_and_validate(base_url=url, checks=CHECKS if in_lines else [*CHECKS, refused_in_some_way])

    ask()


WITH_INPUT = [label for label in LABELS if "/{" in label or "commands" in label]


@pytest.mark.slow
@pytest.mark.parametrize("label", LABELS)
def test_what_the_document_allows_is_answered_as_it_says(url: str, label: str) -> None:
    meant_well(url, label, 8)


@pytest.mark.slow
@pytest.mark.parametrize("label", WITH_INPUT)
def test_what_the_document_forbids_is_refused(url: str, label: str) -> None:
    meant_badly(url, label, 5)


@pytest.mark.deep
@pytest.mark.parametrize("label", LABELS)
def test_the_same_many_times(url: str, label: str) -> None:
    meant_well(url, label, 50)
    if label in WITH_INPUT:
        meant_badly(url, label, 25)
