"""The ticket desk in a browser: queues, a clock that goes on as the server says, several tickets assigned at once by
keyboard, a ticket that waits and goes on, and cases that are found.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.amiss import Amiss
from tests.browser.axe import axe
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Seats
from tests.browser.house import House
from tests.browser.keyboard import usable_by_keyboard
from tests.browser.narrow import usable_at

pytestmark = BROWSER

BOSS = "han.xue"


@pytest.fixture(scope="module")
def weeks() -> int:
    return 6


def queue(page: Page, name: str) -> None:
    page.goto(f"/desk/tickets?queue={name}")
    expect(page.locator("#queue h2")).to_be_visible()


def test_several_are_assigned_by_keyboard_and_what_came_of_each_stands_beside_it(page_as: Seats, house: House) -> None:
    page = page_as(BOSS)
    queue(page, "team")
    rows = page.locator("#queue [data-row]")
    count = rows.count()
    assert count > 1
    owners = rows.locator("td[data-label=Agent]").all_inner_texts()
    for _ in range(count):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text(str(count))
    page.keyboard.press("a")
    to = page.locator("[data-bulk-to]")
    for _ in range(len(to.locator("option").all())):
        if to.input_value() != "cao.yu":
            page.keyboard.press("ArrowDown")
    expect(to).to_have_value("cao.yu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible()
    told = page.locator("#outcomes [data-of]")
    expect(told).to_have_count(count)
    assert set(owners) != {"曹宇"}
    for text in told.all_inner_texts():
        assert text.startswith(("assigned", "refused")), text
    refused = page.locator("#outcomes [data-of]", has_text="refused")
    assert refused.count() > 0, "he cannot tune, or has it already"
    beside = page.locator(f'[data-outcome="{refused.first.get_attribute("data-of")}"]')
    expect(beside).to_contain_text("refused")


def test_without_a_colleague_nothing_is_sent(page_as: Seats) -> None:
    page = page_as(BOSS)
    queue(page, "team")
    page.get_by_role("button", name="Assign what is ticked").click()
    expect(page.get_by_role("alert")).to_contain_text("choose a colleague first")


def test_a_ticket_waits_with_its_reason_and_goes_on(page_as: Seats, house: House) -> None:
    page = page_as(BOSS)
    queue(page, "team")
    page.locator("#queue [data-row]", has_text="Open").locator("a").first.click()
    expect(page.get_by_role("heading", name="Promises")).to_be_visible()
    page.get_by_role("link", name="Wait").click()
    page.get_by_label("For whom").select_option("customer")
    page.get_by_label("Reason").select_option("needs-photos")
    page.get_by_role("dialog").get_by_role("button", name="Wait").click()
    expect(page.locator("#facts")).to_contain_text("Waits for photos")
    standing = page.locator("#facts .clock").inner_text()
    page.wait_for_timeout(1_500)
    assert page.locator("#facts .clock").inner_text() == standing
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#facts")).not_to_contain_text("Waits for photos")
    page.get_by_role("link", name="Note").click()
    page.get_by_label("Message").fill("Ask the workshop")
    page.get_by_role("dialog").get_by_role("button", name="Reply to the customer").click()
    expect(page.locator("#conversation .note")).to_have_count(1)


def test_cases_are_found_in_both_languages(page_as: Seats) -> None:
    page = page_as(BOSS, "zh")
    page.goto("/desk/cases")
    before = page.locator("#found h2 small").inner_text()
    page.get_by_role("searchbox").fill("发票")
    page.keyboard.press("Enter")
    expect(page.locator("#found [data-row]").first).to_contain_text("发票")
    assert page.locator("#found h2 small").inner_text() != before
    page.goto("/desk/cases?search=billing")
    expect(page.locator("#found [data-row]").first).to_contain_text("账单")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_anybody_can_use_it(page_as: Seats, amiss: Amiss, theme: str) -> None:
    page = page_as(BOSS, "zh", theme)  # type: ignore[arg-type]
    queue(page, "team")
    seen = ["/desk/tickets?queue=team", page.locator("#queue [data-row] a").first.get_attribute("href"), "/desk/cases"]
    for address in seen:
        page.goto(str(address))
        expect(page.locator(".part").first).to_be_visible()
        axe(page)
        usable_at(page, 320)
    page.goto("/desk/tickets?queue=team")
    usable_by_keyboard(page)
