"""Every number of managers' pages opens its rows, which are as many as it says; and a policy is paused and resumed."""

import csv
import io

import pytest
from playwright.sync_api import Page, expect

from api.web.pages.rows import PAGE
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Seats

pytestmark = BROWSER


def figures(page: Page) -> dict[str, int]:
    """The numbers that stand there, by where they lead."""
    told = page.locator("a[data-figure]").evaluate_all("all => all.map(each => [each.href, each.dataset.figure])")
    return {href: int(number) for href, number in told}


def shown(page: Page) -> tuple[int, int]:
    """How many rows there are, as the page of rows says, and how many stand on its first page."""
    total = page.locator("#listed [data-total]").get_attribute("data-total")
    assert total is not None
    return int(total), page.locator("#listed tr[data-row]").count()


@pytest.mark.parametrize(
    "path",
    ["/desk/manager", "/desk/manager?by=cohort", "/desk/manager?by=owner_id", "/desk/campaigns", "/desk/targets"],
)
def test_every_number_opens_as_many_rows_as_it_says(page_as: Seats, path: str) -> None:
    page = page_as("analyst")
    page.goto(path)
    found = figures(page)
    assert len(found) > 2
    for href, number in found.items():
        page.goto(href)
        assert shown(page) == (number, min(number, PAGE)), href


def test_a_number_is_a_link_and_a_row_leads_to_its_lead(page_as: Seats) -> None:
    page = page_as("sales_manager")
    page.goto("/desk/manager")
    number = page.locator("#funnel tr.total a[data-figure]").first
    says = int(number.get_attribute("data-figure") or "")
    number.click()
    expect(page.locator("#listed [data-total]")).to_have_attribute("data-total", str(says))
    page.locator("#listed tr[data-row] a[href*='/leads/']").first.click()
    expect(page.locator("h1")).to_have_text("Lead")


def test_rows_go_on_page_after_page(page_as: Seats) -> None:
    page = page_as("analyst")
    page.goto("/desk/rows/funnel")
    total, _ = shown(page)
    seen = set()
    for _ in range(total // PAGE + 1):
        seen |= {*page.locator("#listed a[href*='/leads/']").evaluate_all("all => all.map(each => each.href)")}
        if page.locator("a[rel=next]").count() == 0:
            break
        page.locator("a[rel=next]").click()
        page.wait_for_load_state()
    assert len(seen) == total


def test_the_file_of_rows_has_as_many_lines(page_as: Seats) -> None:
    page = page_as("analyst")
    page.goto("/desk/rows/funnel?status=lost")
    total, _ = shown(page)
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download as CSV").click()
    lines = csv.reader(io.StringIO(begun.value.path().read_text(encoding="utf-8-sig")))
    assert len([*lines]) == total + 1


def test_a_policy_rests_with_a_reason_and_an_end_and_goes_on(page_as: Seats) -> None:
    page = page_as("sales_manager")
    page.goto("/desk/manager")
    row = page.locator("tr[data-policy=survey]")
    until = page.evaluate("Date.now() + 864e5")
    row.get_by_role("link", name="Pause").click()
    dialog = page.get_by_role("dialog")
    moment = page.evaluate("at => new Date(at).toISOString().slice(0, 16)", until)
    dialog.get_by_label("Until").fill(moment)
    dialog.get_by_label("Why it is done").select_option(index=1)
    dialog.get_by_label("Why (optional)").fill("Questionnaire is being reworded")
    dialog.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text("Questionnaire is being reworded")
    expect(row).to_contain_text("李娜")
    row.get_by_role("link", name="Resume").click()
    dialog.get_by_label("Why it is done").select_option(index=1)
    dialog.get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("Running")
