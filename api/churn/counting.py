"""GET /churn/tables/{name} and /churn/survival: what is counted of customers."""

import asyncio
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.churn.asking import LONGEST, ROWS, AsOf, Day, Strata, ask, by_maker, of_forms, reader, schema
from api.churn.facts import When
from api.churn.pages import InForm, Paged, whole
from api.churn.shown import answer, answer_of_customers, churn_of, in_whole
from api.looking import Looking
from api.parameters import wrong
from api.reading import Who, content
from api.service import Service
from consumers.churn.questions import OFFERED, Question, limits
from domain.errors import Invalid


def add_tables(router: APIRouter, service: Service) -> None:
    names = {"enum": [*OFFERED]}

    async def rows(
        who: Who,
        eye: Looking,
        paged: Paged,
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
        made = by_maker("counted", churn_of(service), name, asked)
        table, extract, beside = await ask(service, When(day, as_of), made)
        if house:
            return await answer(service, paged, name, table, extract)
        return await answer_of_customers(service, reach, eye, paged, name, table, extract, beside)

    described = "; ".join(f"`{name}`: {offer.what}" for name, offer in OFFERED.items())
    router.get(
        "/tables/{name}",
        summary="A table of churn.",
        description=f"{described}. Days and months are numbers in JSON and Parquet, amounts smallest units. Where"
        " models on record say what is expected of customers, `models` has their names, or `missing` why none says it.",
        operation_id="ReadChurnTable",
        response_class=Response,
        response_description="Its rows, and in JSON a Link to the next page",
        responses={200: of_forms(content(schema({"rows": ROWS})))},
    )(rows)


def add_curves(router: APIRouter, service: Service) -> None:
    async def survival(
        who: Who,
        by: Annotated[Strata | None, Query(description="A curve for each group, and whether they differ.")] = None,
        start: Annotated[
            Literal["first-purchase", "registration"], Query(description="From when somebody is a customer.")
        ] = "first-purchase",
        day: Day = None,
        as_of: AsOf = None,
        form: InForm = "json",
    ) -> Response:
        await asyncio.to_thread(reader, service, who, everything=True)
        when = When(day, as_of)
        if form == "json":
            told, extract = await ask(service, when, by_maker("drawn", by, start))
            return await in_whole(service, told, extract)
        table, extract = await ask(service, when, by_maker("points", by, start))
        return await answer(service, whole(form), "survival", table, extract)

    router.get(
        "/survival",
        summary="How long customers stay: Kaplan-Meier, with a band, and how many were still seen.",
        description="As CSV and Parquet: the points of all curves, by stratum.",
        operation_id="ReadSurvival",
        response_class=Response,
        response_description="A curve of each group, and the log-rank test of several",
        responses={200: of_forms(content(schema({"curves": ROWS, "log_rank": {"type": ["object", "null"]}})))},
    )(survival)
