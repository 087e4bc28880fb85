"""Pages for people: what they show and do, they ask of the same addresses as every program."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from api.service import Service
from api.web.assets import add_assets, asset
from api.web.bulk_assigning import add_bulk_assigning
from api.web.commanding import add_commands
from api.web.desk import ROOT, Desk, pages_of
from api.web.files import add_files
from api.web.live import add_live
from api.web.pages import PAGES
from api.web.signing_in import add_signing_in
from api.web.unmasking import add_unmasking


def router(app: ASGIApp, service: Service) -> APIRouter:
    found = APIRouter(include_in_schema=False)
    desk = Desk(app, service, PAGES)

    @found.get("/")
    @found.get(ROOT)
    async def home() -> RedirectResponse:
        return RedirectResponse(f"{ROOT}/", 303)

    @found.get("/favicon.ico")
    async def mark() -> RedirectResponse:
        """Browsers ask for it of pages that name none."""
        return RedirectResponse(asset("mark.svg"), 303)

    add_assets(found)
    for add in (add_signing_in, add_commands, add_unmasking, add_bulk_assigning, add_live, add_files, pages_of):
        add(found, desk)
    return found
