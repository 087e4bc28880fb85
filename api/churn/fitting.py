"""GET /churn/fits/{kind} and /churn/models: models of customers, those that might be and those that are on record."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from api.churn.asking import LONGEST, ROWS, AsOf, Day, by_maker, of_forms, reader, schema
from api.churn.facts import When
from api.churn.learning import learned, of_buying
from api.churn.models import of_command, told_of
from api.churn.pages import InForm, Paged
from api.churn.shown import as_file, churn_of, moment
from api.parameters import wrong
from api.reading import Who, content, in_json
from api.service import Service
from commands.churn_model import RecordModel
from consumers.churn.questions import Wanted
from domain.churn_model import PARAMETERS, ModelKind

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
        form: InForm = "json",
    ) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        churn, wanted = churn_of(service), Wanted(kind, product_line, currency, days, seed)
        when = When(day, as_of, together=day is None and as_of is None)
        if kind in PARAMETERS:
            command, extract = await of_buying(churn, when, wanted)
        else:
            found, extract = await learned(churn, when, wanted)
            command = await churn.run(churn.learning, by_maker("record", wanted, found), extract)
        if form != "json":
            file = await churn.run(churn.telling, by_maker("models"), [of_command(command)], form)
            return as_file(form, f"{command.model_id}-{extract.day}", file, extract.position)
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
        responses={200: of_forms(content(schema({"model_id": {"type": "string"}, "record": {"type": "object"}})))},
    )(fitted)


# Models


def add_models(router: APIRouter, service: Service) -> None:
    async def models(who: Who, paged: Paged, day: Day = None, as_of: AsOf = None) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        churn = churn_of(service)
        position, found = await asyncio.to_thread(churn.models, When(day, as_of))
        rows = [told_of(event) for event in reversed(found)]
        if paged.form != "json":
            file = await churn.run(churn.telling, by_maker("models"), rows, paged.form)
            return as_file(paged.form, f"models-{position}", file, position)
        begin = 0 if paged.after is None else behind(rows, paged.after)
        told, headers = rows[begin : begin + paged.limit], {"Position": str(position)}
        if begin + paged.limit < len(rows):
            headers["Link"] = f'<{paged.next(told[-1]["model"], position)}>; rel="next"'
        return in_json({"models": told}, headers)

    router.get(
        "/models",
        summary="The models of customers that are on record, the last first.",
        description="As of a day: those that know nothing of what came after it.",
        operation_id="ReadChurnModels",
        response_class=Response,
        response_description="Each with its parameters, its likelihood, and to what it was fitted",
        responses={200: of_forms(content({"type": "object", "properties": {"models": ROWS}, "required": ["models"]}))},
    )(models)


def behind(rows: Sequence[Mapping[str, Any]], model: str) -> int:
    """How many are listed up to a model. Raises InvalidRequest."""
    for nth, row in enumerate(rows, start=1):
        if row["model"] == model:
            return nth
    raise wrong("after", "this is no model in this list: take it from the Link of the page before")
