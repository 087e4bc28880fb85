"""What a page does that no page of ours may do: noted wherever it happens, and held against the spec at its end."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

INSIDE = ("data", "blob", "about")  # What is in the page already, and asked for nowhere.
TELLS = """
document.addEventListener("securitypolicyviolation", (each) => {
  const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = each;
  window.__amiss(JSON.stringify({ effectiveDirective, blockedURI, sourceFile, lineNumber, sample }));
});
"""


@dataclass
class Amiss:
    """What has gone amiss in the pages of a context, whose requests may all go to one origin."""

    origin: str
    found: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def expects(self, *statuses: int) -> None:
        """Answers that belong to the flow, as 409 where somebody was quicker: of these nothing is amiss."""
        self.expected |= {*statuses}

    def watch(self, context: BrowserContext) -> None:
        context.expose_binding("__amiss", lambda _, told: self.violation(told))
        context.add_init_script(TELLS)
        context.on("request", self.asked)
        context.on("requestfailed", self.failed)
        context.on("response", self.answered)
        context.on("console", self.said)
        context.on("weberror", lambda error: self.found.append(f"an exception that nobody caught: {error.error}"))

    def violation(self, told: str) -> None:
        self.found.append(f"against the policy: {json.loads(told)}")

    def asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in INSIDE and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.found.append(f"asked elsewhere: {request.method} {request.url}")

    def failed(self, request: Request) -> None:
        """Whoever goes on to another page leaves what the one before was waiting for."""
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"failed: {request.method} {request.url}: {request.failure}")

    def answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.found.append(f"answered {response.status}: {response.request.method} {response.url}")

    def said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if any(f"responded with a status of {status}" in message.text for status in self.expected):
            return
        self.found.append(f"{message.type} in the console: {message.text}")

    def must_be_nothing(self, pages: Iterable[Page]) -> None:
        settle(pages)
        assert self.found == []


def settle(pages: Iterable[Page]) -> None:
    """Until what has happened in them so far is known here."""
    for page in pages:
        if not page.is_closed():
            page.wait_for_load_state()
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


@contextmanager
def nothing_amiss(amiss: Amiss, contexts: list[BrowserContext]) -> Iterator[None]:
    """Held against the spec that was well otherwise; the contexts that it has made meanwhile are closed."""
    try:
        yield
        amiss.must_be_nothing(page for each in contexts for page in each.pages)
    finally:
        for each in contexts:
            each.close()
