"""A line that breaks: that what is shown may be old is said, and when it is mended it goes on from where it was."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.amiss import Amiss
from tests.browser.conftest import Seats
from tests.browser.house import House
from tests.browser.wire import Line, line_to

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BROKEN = "The line to the server is broken"


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    with line_to(house.origin) as found:
        yield found


@pytest.fixture
def origin(line: Line) -> str:
    return line.origin


def test_after_a_line_that_broke_it_goes_on_from_where_it_was(
    page_as: Seats, house: House, line: Line, amiss: Amiss
) -> None:
    page = page_as("chen.wei", "en")
    page.goto("/desk/sales")
    first, second = (
        row.removeprefix("pool-")
        for row in page.locator("#pool tr:has(button)").evaluate_all("rows => rows.slice(0, 2).map((row) => row.id)")
    )
    claims(house, first)
    expect(page.locator(f"#pool-{first}")).to_have_count(0, timeout=15_000)
    line.cut()
    claims(house, second)
    expect(page.get_by_text(BROKEN)).to_be_visible(timeout=15_000)
    expect(page.locator(f"#pool-{second}")).to_have_count(1)
    with page.expect_request(lambda request: "/desk/live" in request.url) as again:
        line.mend()
    assert "pool_board:" in again.value.headers["last-event-id"]
    expect(page.locator(f"#pool-{second}")).to_have_count(0, timeout=30_000)
    expect(page.get_by_text(BROKEN)).to_be_hidden()
    amiss.found = [each for each in amiss.found if "net::ERR_" not in each and "htmx:" not in each]


def claims(house: House, lead_id: str) -> None:
    answer = httpx.post(f"{house.origin}/leads/{quote(lead_id)}/claim", headers={"X-Actor": "user:zhao.min"})
    assert answer.status_code == 200, answer.text
