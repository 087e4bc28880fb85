"""The addresses of the pages. Whatever they show, they have asked of others, as who looks: no right is theirs."""

from collections.abc import Iterator

from api.web.desk import ROOT
from api.web.pages import PAGES


def pages() -> Iterator[tuple[str, str]]:
    yield from (
        ("GET", "/"),
        ("GET", ROOT),
        ("GET", "/favicon.ico"),
        ("GET", f"{ROOT}/static/{{address}}"),
        ("GET", f"{ROOT}/live"),
    )
    yield from (("GET", f"{ROOT}/sign-in"), ("POST", f"{ROOT}/sign-in"), ("POST", f"{ROOT}/settings"))
    yield from ((method, f"{ROOT}/commands/{{command}}/{{key}}") for method in ("GET", "POST"))
    yield from ((method, f"{ROOT}/open/{{kind}}/{{key}}") for method in ("GET", "POST"))
    yield from (("GET", f"{ROOT}/files/views/{{name}}"), ("GET", f"{ROOT}/files/churn/{{table}}"))
    yield "POST", f"{ROOT}/tickets/assign"
    for page in PAGES:
        yield "GET", f"{ROOT}{page.path}"
        if page.parts:
            yield "GET", f"{ROOT}{page.path.rstrip('/')}/-/{{part}}"
