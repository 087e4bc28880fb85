"""GET /churn/scores and /churn/report: what models say of each customer, and all of it as one page."""

import asyncio
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.responses import HTMLResponse

from api.churn.asking import ROWS, AsOf, Day, Models, Strata, ask, by_maker, named, of_forms, reader, schema
from api.churn.facts import When
from api.churn.learning import told
from api.churn.page import SAFE, page
from api.churn.pages import Paged
from api.churn.shown import answer_of_customers, churn_of, shown
from api.looking import Looking
from api.reading import Who, content
from api.service import Service


def add_scores(router: APIRouter, service: Service) -> None:
    async def scores(
        who: Who,
        eye: Looking,
        paged: Paged,
        model: Models = None,
        days: Annotated[int, Query(ge=1, le=36_500, description="How far is looked ahead.")] = 365,
        discount: Annotated[float, Query(ge=0, le=10, description="What a year's waiting takes off.")] = 0.1,
        day: Day = None,
        as_of: AsOf = None,
    ) -> Response:
        reach = await asyncio.to_thread(reader, service, who, everything=False)
        table, extract = await told(churn_of(service), When(day, as_of), named(model), days, discount)
        return await answer_of_customers(service, reach, eye, paged, "scores", table, extract)

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
        churn = churn_of(service)
        found = await ask(service, When(day, as_of), by_maker("reported", churn, named(model), by, since))
        await shown(eye, reach, [{"customer_id": row["customer_id"]} for row in found.at_risk])
        return HTMLResponse(await churn.run(churn.telling, page, found, language), headers=SAFE)

    router.get(
        "/report",
        summary="All of it as one page that needs nothing else.",
        operation_id="ReadChurnReport",
        response_class=HTMLResponse,
        response_description="The page",
    )(report)
