"""What every question of churn takes: as of when, by which models, and who asks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import import_module
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query

from api.asking import reach_of
from api.churn.facts import When
from api.churn.files import PARQUET
from api.churn.shown import churn_of
from api.service import Service
from domain.access import Action, Scope
from domain.actor import Actor
from domain.errors import NotAllowed
from projections.scope import Reach

T = TypeVar("T")
Strata = Literal["product_line", "type", "channel", "segment"]
LONGEST = 200

Day = Annotated[date | None, Query(description="As of the end of this day of the house: of what had happened by then.")]
AsOf = Annotated[
    str | None,
    Query(description="As it was recorded up to a position or a time.", max_length=LONGEST, examples=["812"]),
]
Models = Annotated[
    str | None,
    Query(
        description="Models by name, as of then, or name@number, with commas between them; otherwise the last of each.",
        max_length=LONGEST,
    ),
]


def reader(service: Service, who: Actor, *, everything: bool) -> Reach:
    """Raises NotAllowed."""
    reach = reach_of(service, who)
    if everything and reach.scope is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because="figures of the whole house are for who may read everything")
    return reach


def by_maker(name: str, *given: Any) -> Callable[..., Any]:
    """What `api.churn.made` makes; it is imported where that is wanted, since it takes an extra."""

    def made(*facts: Any) -> Any:
        return getattr(import_module("api.churn.made"), name)(*given, *facts)

    return made


async def ask(service: Service, when: When, made: Callable[[Any, Any], T]) -> T:
    """What is refused of the facts, for they are too few or say too little, is told as any refusal is."""
    return await churn_of(service).ask(when, made)


def named(models: str | None) -> Sequence[str]:
    return tuple(models.split(",")) if models else ()


# How it is documented

ROWS: Mapping[str, Any] = {"type": "array", "items": {"type": "object"}}
MOMENT: Mapping[str, Any] = {
    "day": {"type": "string", "format": "date", "description": "The day whose end all of it is as of."},
    "position": {"type": "integer", "description": "Of the last event that is in it."},
}


def schema(more: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {**more, **MOMENT}, "required": [*more, *MOMENT]}


def of_forms(found: dict[str, Any]) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "contentMediaType": PARQUET}}
    found["content"] |= {"text/csv": {"schema": {"type": "string"}}, PARQUET: binary}
    return found
