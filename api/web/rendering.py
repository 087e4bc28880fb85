"""How pages are drawn: templates in one language, for one visitor."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic_core import to_json

from api.web.assets import asset
from api.web.catalogs import Catalog
from api.web.fields import local
from api.web.inside import Told, part_of
from api.web.visitor import Visitor
from api.web.words import Words, churn_texts, texts
from ledger.envelope import time_ordered_id

People = Mapping[str, Mapping[str, Any]]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
FOLDER = Path(__file__).parent.parent / "templates" / "desk"
SAFE: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@cache
def surroundings() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"asset": asset, "address": part_of, "query": query, "new_id": lambda: str(time_ordered_id())}
    found.filters |= {"in_json": lambda value: to_json(value).decode(), "to_rows": to_rows}
    return found


def to_rows(address: str | None) -> str | None:
    """The page of the rows that a list of the API has at an address, as its figures name it."""
    if address is None or not address.startswith("/views/"):
        return None
    return f"/desk/rows/{address.removeprefix('/views/')}"


def query(**asked: object) -> str:
    """`?status=new&limit=5`; what is None is left out."""
    given = [(name, str(value)) for name, value in asked.items() if value is not None]
    return f"?{urlencode(given)}" if given else ""


def drawn(template: str, visitor: Visitor, facts: Mapping[str, Any], block: str | None = None) -> str:
    """A template whole, or one block of it."""
    words = Words(visitor.language, visitor.zone)
    around: dict[str, Any] = {
        "t": words,
        "code": words.code,
        "label": words.label,
        "now": datetime.now(UTC),
        "visitor": visitor,
        "local": lambda value: local(value, visitor.zone),
        "tell": lambda event: tell(words, event, facts.get("people", {})),
        "called": lambda catalog, code: called(catalog, code, visitor),
        "why": lambda told: why(words, told, facts.get("people", {})),
    }
    found = surroundings().get_template(template)
    told = {**around, **facts}
    return found.render(told) if block is None else "".join(found.blocks[block](found.new_context(told)))


def called(catalog: Catalog, code: str | None, visitor: Visitor) -> str:
    """A code as the company calls it; one that its catalog has not, as it stands."""
    if code is None:
        return "–"
    return catalog[code].called(visitor.language) if code in catalog else code


def why(words: Words, told: Told, people: People) -> str:
    """Why something was refused, for people; the house's own sentence, where there is none for them."""
    name = f"refusals.{told.kind}"
    if told.kind in (of_churn := churn_texts(words.language)["because"]):
        return str(of_churn[told.kind].format_map(Facts(words, told.problem, people)))
    if name not in texts():
        return str(told.problem.get("detail") or told.problem.get("title") or told.status)
    return texts()[name][words.language].format_map(Facts(words, told.problem, people))


def tell(words: Words, event: Mapping[str, Any], people: People) -> str:
    """What has happened, as a sentence with its facts; where there is none, as it is called."""
    name = f"told.{event['type']}"
    if name not in texts():
        return words.code("event", event["type"])
    return texts()[name][words.language].format_map(Facts(words, event["data"], people))


class Facts(dict[str, Any]):
    """What a refusal comes with: instants as the clock of the house has them, and people by their names."""

    def __init__(self, words: Words, problem: Mapping[str, Any], people: People) -> None:
        super().__init__({name: shown(words, value, people, name) for name, value in problem.items()})

    def __missing__(self, name: str) -> str:
        return "–"


KINDS = {"from": "status", "to": "status", "found": "state", "wanted": "state"}
"""What kind of code stands in a fact that has another name."""


def shown(words: Words, value: Any, people: People, name: str = "") -> str:
    match value:
        case None:
            return "–"
        case list():
            return ("、" if words.language == "zh" else ", ").join(shown(words, each, people, name) for each in value)
        case {"amount": amount, "currency": str() as currency}:
            return words.money(amount, currency)
        case str() if value in people:
            return str(people[value]["name"])
        case str() if INSTANT.fullmatch(value):
            return words.time(value)
        case str():
            return in_words(words, name, value)
        case _:
            return str(value)


def in_words(words: Words, name: str, value: str) -> str:
    """A code as it is called; any other text as it is."""
    kinds = (KINDS.get(name, name), "pool_reason") if name == "reason" else (KINDS.get(name, name),)
    found = [f"codes.{kind}.{value.lower()}" for kind in kinds]
    return next((texts()[each][words.language] for each in found if each in texts()), value)
