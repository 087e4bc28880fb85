"""What the page of churn shows is what the files have, and what the ledger tells again of a moment."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.chromium import BROWSER
from tests.browser.conftest import Seats
from tests.browser.house import House, staff_of

pytestmark = BROWSER
LONG = 120_000  # Milliseconds that it may take to tell a moment again.


def told(page: Page, house: House, path: str) -> list[Mapping[str, str]]:
    """A table as comma-separated values, as the service itself gives it."""
    answer = page.context.request.get(
        f"{house.origin}{path}", headers={"X-Actor": f"user:{staff_of('analyst')}"}, timeout=LONG
    )
    assert answer.ok, answer.text()
    return [*csv.DictReader(io.StringIO(answer.body().decode("utf-8-sig")))]


def cells(page: Page) -> list[tuple[str, str, str]]:
    """Of the heat map: currency, which month of which, and the share."""
    page.locator("#cohorts table").first.wait_for(timeout=LONG)
    script = "all => all.map(each => [each.closest('table').dataset.cohorts, each.dataset.cell, each.dataset.share])"
    return [(a, b, c) for a, b, c in page.locator("#cohorts td[data-cell]").evaluate_all(script)]


def month_in(text: str) -> int:
    year, _, month = text[:7].partition("-")
    return int(year) * 12 + int(month) - 1


def test_page_file_and_replay_have_the_same_numbers(page_as: Seats, house: House) -> None:
    page = page_as("analyst")
    position = page.context.request.get(f"{house.origin}/readyz").json()["position"]
    day = (datetime.now(UTC) - timedelta(days=9)).date()
    for moment in ("", f"day={day}&as_of={position}"):
        page.goto(f"/desk/churn?{moment}")
        found = cells(page)
        table = told(page, house, f"/churn/tables/cohorts?format=csv&{moment}")
        assert len(found) == len(table) > 0
        assert found == [
            (row["currency"], f"{month_in(row['cohort'])}/{row['nth']}", found[nth][2]) for nth, row in enumerate(table)
        ]
        assert [float(share) for *_, share in found] == [float(row["retained"]) for row in table]


def test_the_curve_stands_beside_as_a_table_and_as_a_file(page_as: Seats, house: House) -> None:
    page = page_as("analyst")
    page.goto("/desk/churn")
    page.locator("#survival table").first.wait_for(state="attached", timeout=LONG)
    shown = page.locator("#survival td[data-value]").evaluate_all("all => all.map(each => each.dataset.value)")
    table = told(page, house, "/churn/survival?format=csv")
    assert [float(each) for each in shown] == [float(row["survival"]) for row in table]
    expect(page.locator("#survival [data-chart] canvas")).to_be_visible()


def test_who_is_at_risk_is_listed_with_reasons(page_as: Seats) -> None:
    page = page_as("sales_manager")
    page.goto("/desk/churn")
    total = page.locator("#at-risk [data-total]")
    total.wait_for(timeout=LONG)
    assert page.locator("#at-risk tr[data-customer]").count() == min(int(total.get_attribute("data-total") or ""), 50)
    assert "{" not in page.locator("#at-risk").inner_text()
    expect(page.locator("#cohorts")).to_have_count(0)


def test_who_sees_some_customers_is_offered_those_at_risk_and_no_figures_of_the_house(page_as: Seats) -> None:
    page = page_as("sales")
    page.goto("/desk/churn")
    expect(page.locator("#at-risk")).not_to_have_attribute("aria-busy", "true", timeout=LONG)
    assert page.locator("main section").evaluate_all("all => all.map((each) => each.id)") == ["at-risk"]
    expect(page.locator(".refused")).to_have_count(0)
