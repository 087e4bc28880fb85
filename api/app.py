"""The service over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from api import (
    alike,
    churned,
    compared,
    imports,
    inspecting,
    looks,
    metrics,
    opening,
    overview,
    pages,
    proving,
    reading,
    receipts,
    resolving,
    resting,
    screen_pop,
    span,
    tracing,
    views,
    web,
)
from api.bulk import Bulk
from api.commands import Door, doors, routes
from api.document import ANYBODY, BODIES, READERS, document, problems
from api.headers import must_be_clear
from api.metrics import Figures
from api.operations import operated
from api.parameters import only_what_it_takes
from api.problems import (
    MEDIA_TYPE,
    STATUS,
    Fault,
    FoldsWaiting,
    FoldTooLong,
    NoReceipt,
    NotInstalled,
    NotSealedThere,
    NotYetSealed,
    TablesWaiting,
    TooManyFollowers,
    TooManyRows,
    ViewNotBuilt,
    from_framework,
    from_validation,
    problem,
)
from api.sending import fresh_trace, note, send_problem
from api.service import Service
from commands.past import DoesNotFollow, NotThereYet
from commands.service import WriteSide
from consumers.churn.refused import OF_CHURN
from settings import Settings


class Application(FastAPI):
    """Sends commands straight to their doors, and everything else through the framework."""

    service: Service
    doors: Mapping[tuple[str, str], Door]
    bulk: Bulk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            must_be_clear(scope)
        except Fault as unclear:
            trace_id = fresh_trace(dict(scope["headers"]))
            await send_problem(send, problem(unclear, trace_id), trace_id, unclear)
            return
        if scope["method"] == "POST":
            parts = scope["path"].split("/")
            if len(parts) == 4 and parts[2] and (door := self.doors.get((parts[1], parts[3]))) is not None:
                await door.take(scope, receive, send, parts[2])
                return
            if parts == ["", "commands"]:
                await self.bulk(scope, receive, send)
                return
        await self.traced(scope, receive, send)

    async def traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything that is answered names its trace; what nobody expected is noted under it."""
        trace_id = fresh_trace(dict(scope["headers"]))
        scope.setdefault("state", {})["trace_id"] = trace_id

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"trace-id", trace_id.encode("ascii"))]
            await send(message)

        try:
            await super().__call__(scope, receive, send_traced)
        except Exception as bug:  # noqa: BLE001 - the framework has answered with a problem, and lets us know.
            note(bug, trace_id)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = document(self, self.service.forms)
        return self.openapi_schema


def create_app(settings: Settings, write_side: WriteSide | None = None) -> Application:
    """The application. Without a write side it opens one on the settings' database, and closes it at the end."""
    service = Service(settings, write_side)
    figures = Figures(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            figures.watch(service.write.writer)
            yield

    app = Application(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.service = service
    app.doors = doors(service)
    app.bulk = Bulk(service)
    app.router.routes.extend(routes(app.doors))
    app.router.routes.append(Route("/commands", app.bulk, methods=["POST"], include_in_schema=False))
    strictly, of_views = [Depends(only_what_it_takes)], problems((*READERS, ViewNotBuilt, TooManyFollowers))
    of_subjects = problems((*READERS, NotThereYet, DoesNotFollow))
    for subjects in (reading, compared):
        app.include_router(subjects.router(service), responses=of_subjects, dependencies=strictly)
    for each in (tracing, span, resting):
        app.include_router(each.router(service), responses=problems(READERS), dependencies=strictly)
    of_proofs = problems((*READERS, ViewNotBuilt, NotYetSealed))
    app.include_router(proving.router(service), responses=of_proofs, dependencies=strictly)
    app.include_router(views.router(service), responses=of_views)  # A list takes filters, and looks for itself.
    for each in (screen_pop, overview, alike, looks):
        app.include_router(each.router(service), responses=of_views, dependencies=strictly)
    app.include_router(operated.router(service), responses=of_views, dependencies=strictly)
    of_churn = problems((*READERS, ViewNotBuilt, FoldTooLong, FoldsWaiting, NotInstalled, *OF_CHURN))
    app.include_router(churned.router(service), responses=of_churn, dependencies=strictly)
    of_erasures = problems((*READERS, ViewNotBuilt, NoReceipt))
    app.include_router(receipts.router(service), responses=of_erasures, dependencies=strictly)
    of_tables = problems((*READERS, *BODIES, TooManyRows, TablesWaiting))
    app.include_router(imports.router(service), responses=of_tables, dependencies=strictly)
    of_values = problems((*READERS, *BODIES, ViewNotBuilt, NotSealedThere))
    app.include_router(resolving.router(service), responses=of_values, dependencies=strictly)
    app.include_router(opening.router(service), responses=of_values, dependencies=strictly)
    app.include_router(inspecting.router(service), responses=problems(READERS), dependencies=strictly)
    app.include_router(metrics.router(service, figures), responses=problems(ANYBODY))
    app.include_router(pages.router(app))
    app.include_router(web.router(app, service))
    for kind in (*STATUS, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer_problem)
    return app


def answer_problem(request: Request, error: Exception) -> Response:
    """Any exception as a problem."""
    if isinstance(error, HTTPException):
        error = from_framework(error)
    elif isinstance(error, RequestValidationError):
        error = from_validation(error)
    told = problem(error, request.state.trace_id)
    return Response(told.body(), status_code=told.status, headers=dict(told.headers), media_type=MEDIA_TYPE)


def from_environment() -> Application:
    """For uvicorn's workers: `uvicorn --factory api.app:from_environment`."""
    return create_app(Settings.from_environment())
