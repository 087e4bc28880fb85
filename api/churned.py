"""GET /churn/…: who is leaving, what customers are worth, and why we think so; as of now, or as of any day.

Rows about customers are those that the caller may see; figures of the house are for whoever may read everything.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from importlib import import_module
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path, Query, Response
from pydantic import TypeAdapter
from starlette.responses import HTMLResponse

from api.asking import reach_of
from api.churn.facts import When
from api.churn.models import told_of
from api.churn.page import SAFE, page
from api.churn.shown import PARQUET, Form, answer, moment, of_those_seen, shown
from api.looking import Looking
from api.parameters import wrong
from api.problems import ViewNotBuilt
from api.reading import Who, content, in_json
from api.service import Service
from commands.churn_model import RecordModel
from consumers.churn.on_record import on_record
from consumers.churn.questions import OFFERED, Question, Wanted, limits
from consumers.replay import Replay
from domain.access import Action, Scope
from domain.actor import Actor
from domain.churn_model import ModelKind
from domain.errors import Invalid, NotAllowed
from projections.scope import Reach

T = TypeVar("T")
Strata = Literal["product_line", "type", "channel", "segment"]
LONGEST = 200

Day = Annotated[date | None, Query(description="As of the end of this day of the house: of what had happened by then.")]
AsOf = Annotated[
    str | None,
    Query(description="As it was recorded up to a position or a time.", max_length=LONGEST, examples=["812"]),
]
Format = Annotated[Form, Query(alias="format", description="`csv` tells days and months as such.")]
Models = Annotated[
    str | None,
    Query(
        description="Models by name, or name@number, with commas between them; otherwise the last of each.",
        max_length=LONGEST,
    ),
]


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["churn"], prefix="/churn")
    add_tables(found, service)
    add_curves(found, service)
    add_fits(found, service)
    add_models(found, service)
    add_scores(found, service)
    add_report(found, service)
    return found


# Tables


def add_tables(router: APIRouter, service: Service) -> None:
    names = {"enum": [*OFFERED]}

    async def rows(
        who: Who,
        eye: Looking,
        name: Annotated[str, Path(json_schema_extra=names)],
        by: Annotated[Literal["product_line"] | None, Query(description="Each product line for itself.")] = None,
        since: Annotated[date | None, Query(description="The day with which a table compares, or begins.")] = None,
        thresholds: Annotated[
            str | None,
            Query(description="Of high value from this mean order on: CNY=500,USD=80.", max_length=LONGEST),
        ] = None,
        often: Annotated[int | None, Query(ge=1, le=10_000, description="From how many orders in a year on.")] = None,
        day: Day = None,
        as_of: AsOf = None,
        form: Format = "json",
    ) -> Response:
        if name not in OFFERED:
            raise wrong("name", f"there is no such table; there are {', '.join(OFFERED)}")
        house = OFFERED[name].grain == "house"
        reach = await asyncio.to_thread(reader, service, who, everything=house)
        try:
            given = limits(thresholds.split(",") if thresholds else ())
        except Invalid as refused:
            raise wrong("thresholds", refused.because) from None
        asked = Question(by=by, since=since, thresholds=given, often=often)
        made = by_maker("counted", service.churn, name, asked)
        table, extract, beside = await ask(service, When(day, as_of), made)
        if not house:
            table = await of_those_seen(service, reach, eye, table)
        return answer(name, table, extract, form, beside)

    described = "; ".join(f"`{name}`: {offer.what}" for name, offer in OFFERED.items())
    router.get(
        "/tables/{name}",
        summary="A table of churn.",
        description=f"{described}. Days and months are numbers in JSON and Parquet, amounts smallest units. Where"
        " models on record say what is expected of customers, `models` has their names, or `missing` why none says it.",
        operation_id="ReadChurnTable",
        response_class=Response,
        response_description="Its rows",
        responses={200: of_forms(content(schema({"rows": ROWS})))},
    )(rows)


# Curves


def add_curves(router: APIRouter, service: Service) -> None:
    async def survival(
        who: Who,
        by: Annotated[Strata | None, Query(description="A curve for each group, and whether they differ.")] = None,
        start: Annotated[
            Literal["first-purchase", "registration"], Query(description="From when somebody is a customer.")
        ] = "first-purchase",
        day: Day = None,
        as_of: AsOf = None,
    ) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        found, extract = await ask(service, When(day, as_of), by_maker("drawn", by, start))
        return in_json(found | moment(extract), {"Position": str(extract.position)})

    router.get(
        "/survival",
        summary="How long customers stay: Kaplan-Meier, with a band, and how many were still seen.",
        operation_id="ReadSurvival",
        response_class=Response,
        response_description="A curve of each group, and the log-rank test of several",
        responses={200: content(schema({"curves": ROWS, "log_rank": {"type": ["object", "null"]}}))},
    )(survival)


# Fits


def add_fits(router: APIRouter, service: Service) -> None:
    async def fitted(
        who: Who,
        kind: ModelKind,
        product_line: Annotated[str | None, Query(description="Of one line alone.", max_length=LONGEST)] = None,
        currency: Annotated[str | None, Query(description="Of which amounts gamma-gamma is.", max_length=3)] = None,
        days: Annotated[int, Query(ge=1, le=3_650, description="Within how many days somebody leaves.")] = 90,
        seed: Annotated[int, Query(ge=0, le=2**31, description="By which is drawn who is held out.")] = 1,
        day: Day = None,
        as_of: AsOf = None,
    ) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        wanted = Wanted(kind, product_line, currency, days, seed)
        command, extract = await ask(service, When(day, as_of), by_maker("fit", here(service), wanted))
        body = TypeAdapter(RecordModel).dump_python(command, mode="json", exclude_none=True)
        told = {"model_id": body.pop("model_id"), "record": body}
        return in_json(told | moment(extract), {"Position": str(extract.position)})

    router.get(
        "/fits/{kind}",
        summary="Fits a model of customers, and records nothing.",
        description="`record` is the body of `POST /churn-models/{model_id}/record-model`, which puts it on record.",
        operation_id="FitChurnModel",
        response_class=Response,
        response_description="The model, as the command that records it has it",
        responses={200: content(schema({"model_id": {"type": "string"}, "record": {"type": "object"}}))},
    )(fitted)


# Models


def add_models(router: APIRouter, service: Service) -> None:
    async def models(who: Who) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        found = await asyncio.to_thread(recorded, service)
        return in_json({"models": found}, {})

    router.get(
        "/models",
        summary="The models of customers that are on record, the last first.",
        operation_id="ListChurnModels",
        response_class=Response,
        response_description="Each with its parameters, its likelihood, and to what it was fitted",
        responses={200: content({"type": "object", "properties": {"models": ROWS}, "required": ["models"]})},
    )(models)


def recorded(service: Service) -> list[dict[str, Any]]:
    with closing(Replay(here(service))) as replay:
        return [told_of(event) for event in reversed(on_record(replay, replay.last))]


# What they say


def add_scores(router: APIRouter, service: Service) -> None:
    async def scores(
        who: Who,
        eye: Looking,
        model: Models = None,
        days: Annotated[int, Query(ge=1, le=36_500, description="How far is looked ahead.")] = 365,
        discount: Annotated[float, Query(ge=0, le=10, description="What a year's waiting takes off.")] = 0.1,
        day: Day = None,
        as_of: AsOf = None,
        form: Format = "json",
    ) -> Response:
        reach = await asyncio.to_thread(reader, service, who, everything=False)
        names = tuple(model.split(",")) if model else ()
        found = await ask(service, When(day, as_of), by_maker("scored", here(service), names, days, discount))
        table = await of_those_seen(service, reach, eye, found[0])
        return answer("scores", table, found[1], form)

    router.get(
        "/scores",
        summary="Of each customer: whether he is one still, how often he will buy, and what that is worth.",
        operation_id="ReadChurnScores",
        response_class=Response,
        response_description="A row for each customer and product line, with the models by which it is so",
        responses={200: of_forms(content(schema({"rows": ROWS})))},
    )(scores)


def add_report(router: APIRouter, service: Service) -> None:
    async def report(
        who: Who,
        eye: Looking,
        language: Annotated[Literal["zh", "en"], Query()] = "en",
        by: Annotated[Strata | None, Query(description="Groups whose curves are drawn.")] = None,
        since: Annotated[date | None, Query(description="The day with which quadrants are compared.")] = None,
        model: Models = None,
        day: Day = None,
        as_of: AsOf = None,
    ) -> Response:
        reach = await asyncio.to_thread(reader, service, who, everything=True)
        names = tuple(model.split(",")) if model else ()
        found = await ask(service, When(day, as_of), by_maker("reported", service.churn, names, by, since))
        await shown(eye, reach, [{"customer_id": row["customer_id"]} for row in found.at_risk])
        return HTMLResponse(await asyncio.to_thread(page, found, language), headers=SAFE)

    router.get(
        "/report",
        summary="All of it as one page that needs nothing else.",
        operation_id="ReadChurnReport",
        response_class=HTMLResponse,
        response_description="The page",
    )(report)


# Who asks, and what he is shown


def reader(service: Service, who: Actor, *, everything: bool) -> Reach:
    """Raises NotAllowed."""
    reach = reach_of(service, who)
    if everything and reach.scope is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because="figures of the whole house are for who may read everything")
    return reach


def here(service: Service) -> str:
    if service.churn is None:
        raise ViewNotBuilt
    return service.churn.url


def by_maker(name: str, *given: Any) -> Callable[[Any, Any], Any]:
    """What `api.churn.made` makes; it is imported where that is wanted, since it takes an extra."""

    def made(extract: Any, facts: Any) -> Any:
        return getattr(import_module("api.churn.made"), name)(*given, extract, facts)

    return made


async def ask(service: Service, when: When, made: Callable[[Any, Any], T]) -> T:
    """What is refused of the facts, for they are too few or say too little, is told as any refusal is."""
    if service.churn is None:
        raise ViewNotBuilt
    return await service.churn.ask(when, made)


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
