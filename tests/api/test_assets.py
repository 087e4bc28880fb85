"""What browsers are sent: which packages it is of, how large it is, that it evaluates nothing, and how it is kept."""

import asyncio
import gzip
import json
import re
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.app import answer_problem
from api.problems import NotFound
from api.web.assets import add_assets, asset, assets, reads_gzip

ROOT = Path(__file__).parent.parent.parent
SENT, TESTED = ROOT / "api" / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"
LOCKED = json.loads((ROOT / "assets" / "package-lock.json").read_text())["packages"]
MOST = 60 * 1024  # Bytes, packed, of all scripts without charts.
EVALUATES = re.compile(rb"(?<![\w$.])eval\(|(?<![\w$.])Function\(|(?:set(?:Timeout|Interval))\(\s*[\"'`]")


def manifest(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())
    return found


VENDORED = [(folder, told) for folder in (SENT, TESTED) for told in manifest(folder)]


class Client:
    """Asks an application that has nothing but these addresses."""

    def __init__(self) -> None:
        app, router = FastAPI(), APIRouter(prefix="/desk")
        add_assets(router)
        app.include_router(router)
        app.add_exception_handler(NotFound, answer_problem)

        async def traced(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("state", {})["trace_id"] = "0" * 32
            await app(scope, receive, send)

        self.through = httpx.ASGITransport(app=traced)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.through, base_url="http://desk") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


@pytest.mark.parametrize(("folder", "told"), VENDORED, ids=[told["file"] for _, told in VENDORED])
def test_a_file_is_what_its_manifest_tells(folder: Path, told: dict[str, Any]) -> None:
    content = (folder / told["file"]).read_bytes()
    assert sha256(content).hexdigest() == told["sha256"], "run make assets"
    assert len(content) == told["bytes"]
    assert len(gzip.compress(content, 9)) == pytest.approx(told["gzipped"], rel=0.02)  # Others pack otherwise.
    assert len((folder / told["licence_text"]).read_text()) > 500
    package = LOCKED[f"node_modules/{told['package']}"]
    assert (package["version"], package["integrity"]) == (told["version"], told["npm"]), "run make assets"
    assert package["license"] == told["licence"]


@pytest.mark.parametrize("folder", [SENT, TESTED])
def test_nothing_lies_there_that_no_manifest_tells_of(folder: Path) -> None:
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    told = {name for each in manifest(folder) for name in (each["file"], each["licence_text"])}
    assert there == told | {"manifest.json"}


def test_scripts_without_charts_are_small() -> None:
    charts = {told["file"] for told in manifest(SENT) if told["charts"]}
    sizes = {name: len(each.packed) for name, each in assets().items() if name.endswith(".js") and name not in charts}
    assert {"htmx.js", "alpine.js"} <= sizes.keys()
    assert sum(sizes.values()) <= MOST, sizes


@pytest.mark.parametrize("name", sorted(assets()))
def test_no_text_is_evaluated(name: str) -> None:
    """What htmx makes of `Function`, by another name, its manifest tells; tests/browser/ sees it refused."""
    assert not EVALUATES.search(assets()[name].plain)


@pytest.mark.parametrize("text", [b"x=eval('1')", b"new Function('1')", b"=Function('1')", b"setTimeout('1',2)"])
def test_evaluating_would_be_seen(text: bytes) -> None:
    assert EVALUATES.search(text)


@pytest.mark.parametrize("name", sorted(assets()))
def test_nobody_is_asked_for_the_map_of_a_script(name: str) -> None:
    assert b"sourceMappingURL" not in assets()[name].plain


def test_the_wheel_has_what_is_sent_and_not_what_is_for_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packed = {path for pattern in project["package-data"]["api"] for path in (ROOT / "api").glob(pattern)}
    assert {path for path in SENT.rglob("*") if path.is_file()} <= packed
    assert "tests*" not in project["packages"]["find"]["include"]


def test_an_address_changes_with_what_is_there() -> None:
    content = (SENT / "htmx.js").read_bytes()
    assert asset("htmx.js") == f"/desk/static/htmx-{sha256(content).hexdigest()[:8]}.js"
    with pytest.raises(KeyError):
        asset("nothing.js")


@pytest.mark.parametrize("name", sorted(assets()))
def test_it_is_kept_for_good_and_taken_for_nothing_else(client: Client, name: str) -> None:
    answer = client.get(asset(name), headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == assets()[name].plain
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[name.rpartition(".")[2]]
    assert answer.headers["content-type"].startswith(kind)
    assert "content-encoding" not in answer.headers
    assert client.get(asset(name), headers={"If-None-Match": answer.headers["etag"]}).status_code == 200, "it is packed"


def test_who_reads_gzip_is_sent_it_and_who_has_it_is_sent_nothing(client: Client) -> None:
    answer = client.get(asset("htmx.js"))
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(assets()["htmx.js"].packed)
    assert answer.content == assets()["htmx.js"].plain
    again = client.get(asset("htmx.js"), headers={"If-None-Match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert "Accept-Encoding" in again.headers["vary"]


@pytest.mark.parametrize("address", ["htmx.js", "htmx-00000000.js", "manifest.json", "..%2f..%2fapp.py"])
def test_anything_else_is_not_there(client: Client, address: str) -> None:
    answer = client.get(f"/desk/static/{address}")
    assert answer.status_code == 404
    assert "%2f" in address or answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("", False)],
)
def test_gzip_is_sent_to_who_asks_for_it(accepted: str, packed: bool) -> None:
    assert reads_gzip(accepted) == packed
