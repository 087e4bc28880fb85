"""Lists and tables as files, for who looks: the service's own, asked for in his name, since a link says no name."""

from fastapi import APIRouter, Request, Response

from api.problems import NotFound
from api.web.desk import ROOT, Desk, html
from api.web.inside import Told, part_of
from api.web.rendering import drawn

KEPT = ("content-type", "content-disposition")
NO_PURPOSE = 400


def add_files(router: APIRouter, desk: Desk) -> None:
    async def of_view(request: Request, name: str) -> Response:
        if not name.endswith(".csv"):
            raise NotFound
        return await sent(request, part_of("/views/{}.csv", name.removesuffix(".csv")), ())

    async def of_churn(request: Request, table: str) -> Response:
        if not table.endswith(".csv"):
            raise NotFound
        name = table.removesuffix(".csv")
        path = "/churn/survival" if name == "survival" else part_of("/churn/tables/{}", name)
        return await sent(request, path, (("format", "csv"),))

    async def sent(request: Request, path: str, more: tuple[tuple[str, str], ...]) -> Response:
        """Whoever takes away what is masked for others is asked what for."""
        asking = desk.asking(request)
        asking.inside.purpose = asking.query.get("purpose") or None
        pairs = [each for each in asking.pairs if each[0] != "purpose"]
        try:
            found = await asking.inside.answer(path, [*pairs, *more])
        except Told as no:
            facts = {**desk.shell(None), "no": no, "pairs": pairs, "here": request.url.path}
            template = "purpose.html" if no.status == NO_PURPOSE else "refused.html"
            return html(drawn(template, asking.visitor, facts), no.status)
        headers = {name: found.headers[name] for name in KEPT if name in found.headers}
        return Response(found.body, headers={**headers, "Cache-Control": "no-store"})

    router.add_api_route(f"{ROOT}/files/views/{{name}}", of_view, methods=["GET"], include_in_schema=False)
    router.add_api_route(f"{ROOT}/files/churn/{{table}}", of_churn, methods=["GET"], include_in_schema=False)
