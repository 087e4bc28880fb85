"""Every text of the pages is there in both languages, says the same things in both, and is needed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from api import web
from api.app import create_app
from api.problems import kinds
from api.web.fields import fields
from api.web.pages import PAGES
from api.web.rendering import FOLDER
from api.web.visitor import Language
from api.web.words import Words, texts
from domain.access import TABLE
from settings import Settings

HERE = Path(web.__file__).parent
NAMED = re.compile(r"""\bt\(\s*["']([a-z_]+(?:\.[A-Za-z_]+)+)["']\s*[,)]""")
BEGUN = re.compile(r"""\bt\(\s*["']([a-z_]+(?:\.[A-Za-z_]+)*\.)["']\s*[+~]""")


def sources() -> Iterator[str]:
    for path in (*FOLDER.rglob("*.html"), *HERE.rglob("*.py")):
        yield path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", texts())
def test_a_text_is_there_in_both_languages_with_the_same_facts(name: str) -> None:
    zh, en = (texts()[name][language] for language in ("zh", "en"))
    assert zh.strip(), en.strip()
    assert facts(zh) == facts(en)


def facts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_whatever_a_page_says_is_there() -> None:
    missing = {name for source in sources() for name in NAMED.findall(source)} - texts().keys()
    assert not missing


def test_no_text_is_there_that_nothing_says() -> None:
    whole = "".join(sources())
    told = (
        "codes.",
        "columns.",
        "commands.",
        "fields.",
        "refusals.",
        "pages.",
        "rows.views.",
        "told.",
        "unmask.labels.",
    )
    begun = {*BEGUN.findall(whole), *told}
    named = {*NAMED.findall(whole)}
    assert not [name for name in texts() if name not in named and not name.startswith(tuple(begun))]


def test_every_page_and_every_role_has_a_name() -> None:
    assert {f"pages.{page.name}" for page in PAGES} <= texts().keys()
    assert {f"codes.role.{role}" for role in TABLE} <= texts().keys()


def test_every_command_that_is_offered_is_one_and_all_that_it_asks_has_a_name() -> None:
    forms = create_app(Settings(database_url="postgresql://nowhere/nothing")).service.forms
    offered = [name.removeprefix("commands.") for name in texts() if name.startswith("commands.")]
    assert {*offered} <= forms.keys()
    assert not {f"fields.{field.label}" for name in offered for field in fields(forms[name])} - texts().keys()


def test_what_is_said_of_a_refusal_is_of_one_and_names_its_facts() -> None:
    known = {kind.name: {*kind.facts, "detail", "title"} for kind in kinds()}
    told = {
        name.removeprefix("refusals."): facts(texts()[name]["en"]) for name in texts() if name.startswith("refusals.")
    }
    assert not told.keys() - known.keys()
    assert not {name: there - known[name] for name, there in told.items() if there - known[name]}


@pytest.mark.parametrize(("language", "ago"), [("zh", "3天前"), ("en", "3 days ago")])
def test_figures_are_written_as_the_language_does(language: Language, ago: str) -> None:
    words = Words(language, ZoneInfo("Asia/Shanghai"))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert words.time("2026-03-01T12:00:00Z") == "2026-03-01 20:00"
    assert words.ago(noon - timedelta(days=3), noon) == ago
    assert words.money("6400", "CNY").endswith("6,400.00")
    assert words.money(None, "CNY") == words.time(None) == words.percent(None) == "–"
    assert words.percent("0.1234") == "12.3%"
    assert words.code("status", "pooled-by-nobody") == "pooled-by-nobody", "a code of the house stands as it is"
