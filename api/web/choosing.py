"""What a field of a command may be chosen from: a catalog of the company's, which the rule of the command reads."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.body import Form
from api.web.fields import Field
from api.web.inside import Inside, Told, part_of
from domain.catalog import REASONS, Catalog

CHOSEN = frozenset({"reason", "tag", "template", "code", "evidence", "metric", "category"})
"""The fields that are checked against a catalog; those of the company's own, which a catalog declares, are not."""
WITH_ANY = "reason_code"
Entries = Sequence[Mapping[str, Any]]


def chosen(form: Form) -> Mapping[str, str]:
    """Which of its fields are chosen from which catalog."""
    rule = form.decider.rules[form.takes]
    read = [
        str(finder({})) for name, finder in rule.where.items() if Catalog in rule.needs[name].types and not finder.names
    ]
    asked = [name for name in form.takes.__annotations__ if name in CHOSEN]
    return dict(zip(asked, read, strict=True)) if asked and read else {}


async def offered(inside: Inside, form: Form) -> Mapping[str, Entries]:
    """What each of its fields may be, and which reasons may go along; a catalog that nobody has published offers
    nothing, and anything may be written then. Raises Told.
    """
    wanted = {**chosen(form), WITH_ANY: REASONS}
    found = await asyncio.gather(*(entries(inside, catalog) for catalog in wanted.values()))
    return {name: each for name, each in zip(wanted, found, strict=True) if each}


async def entries(inside: Inside, catalog: str) -> Entries:
    """Those that are offered now, with what they are called. Raises Told."""
    try:
        state = await inside.get(part_of("/catalogs/{}", catalog))
    except Told as no:
        if no.kind == "hidden":
            return ()
        raise
    last = await inside.get(part_of("/catalogs/{}/events", catalog), after=state["version"] - 1)
    return [each for each in last["events"][-1]["data"]["entries"] if not each.get("retired")]


def named(found: Sequence[Field], offers: Mapping[str, Entries], language: str) -> list[Field]:
    """The fields, with what they may be and how that is called."""
    return [each if each.name not in offers else choice(each, offers[each.name], language) for each in found]


def choice(field: Field, offers: Entries, language: str) -> Field:
    names = {each["code"]: called(each, language) for each in offers}
    return replace(field, kind="choice", choices=tuple(names), names=names)


def called(entry: Mapping[str, Any], language: str) -> str:
    return str(entry.get(language) or entry.get("zh") or entry.get("en") or entry["code"])
