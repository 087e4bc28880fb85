"""A browser, the house that it looks at, and people at their desks.

The browser lives as long as one file: while it does, no other spec can run an event loop in this process.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.amiss import Amiss, nothing_amiss
from tests.browser.chromium import PATIENCE, started
from tests.browser.house import House, running, staff_of, tell
from tests.browser.narrow import TALL, WIDE
from tests.browser.signing_in import Language, Theme, sign_in, window
from tests.conftest import Databases
from tests.servers import Server

WEEKS = 8


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One in a process at a time; each spec has windows of its own, which know nothing of those of others."""
    with started() as found:
        yield found


class Histories:
    """Databases with a history up to now, each told once and then copied."""

    def __init__(self, server: Server, databases: Databases) -> None:
        self.server, self.databases = server, databases
        self.told: dict[int, str] = {}

    def of(self, weeks: int) -> str:
        if weeks not in self.told:
            self.told[weeks] = self.databases.take()
            tell(self.server.url(self.told[weeks]), weeks)
        return self.told[weeks]


@pytest.fixture(scope="session")
def histories(postgres: Server, databases: Databases) -> Iterator[Histories]:
    found = Histories(postgres, databases)
    yield found
    for name in found.told.values():
        databases.drop(name)


@pytest.fixture(scope="module")
def weeks() -> int:
    """How long the history is. A file that needs another one says so by a fixture of its own of this name."""
    return WEEKS


@pytest.fixture(scope="module")
def house(postgres: Server, histories: Histories, weeks: int, request: pytest.FixtureRequest) -> Iterator[House]:
    """One for a file, with a database of its own."""
    told = histories.of(weeks)
    name = f"{told}_{abs(hash(request.node.nodeid)):x}"[:60]
    postgres.create_database(name, told)
    try:
        with running(postgres.url(name)) as found:
            yield found
    finally:
        postgres.drop_database(name)


# Windows


class Opens(Protocol):
    def __call__(self, **options: Any) -> Page: ...


@pytest.fixture
def origin(request: pytest.FixtureRequest) -> str:
    """Where all requests may go: to the house. A file that has something smaller says so by a fixture of this name."""
    house: House = request.getfixturevalue("house")
    return house.origin


@pytest.fixture
def amiss(origin: str) -> Amiss:
    """What the pages of a spec do amiss, of which there is to be nothing; see `expects`."""
    return Amiss(origin)


@pytest.fixture
def contexts(amiss: Amiss) -> Iterator[list[BrowserContext]]:
    found: list[BrowserContext] = []
    with nothing_amiss(amiss, found):
        yield found


@pytest.fixture
def opened(browser: Browser, amiss: Amiss, contexts: list[BrowserContext], origin: str) -> Opens:
    """A window with nothing in it, of nobody; with options of Playwright's for a context."""

    def open_one(**options: Any) -> Page:
        usual = {"base_url": origin, "viewport": {"width": WIDE, "height": TALL}, "reduced_motion": "reduce"}
        context = browser.new_context(**usual | options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1_000)
        amiss.watch(context)
        return context.new_page()

    return open_one


class Seats(Protocol):
    def __call__(self, who: str, language: Language = "en", theme: Theme = "light", **options: Any) -> Page: ...


@pytest.fixture
def page_as(opened: Opens, origin: str) -> Seats:
    """A window of somebody who has signed in: of the first in a role, as `sales`, or by name, as `chen.wei`."""

    def seat(who: str, language: Language = "en", theme: Theme = "light", **options: Any) -> Page:
        page = opened(**window(language, theme) | options)
        sign_in(page.context, origin, staff_of(who), language)
        return page

    return seat
