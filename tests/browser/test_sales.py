"""The sales workbench, as people use it all day: what is masked, what comes next, and whose a lead is."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.amiss import Amiss
from tests.browser.axe import axe
from tests.browser.conftest import Seats
from tests.browser.keyboard import usable_by_keyboard
from tests.browser.narrow import usable_at
from tests.browser.signing_in import Language, Theme

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BOTH = [pytest.param("en", "light", id="en"), pytest.param("zh", "dark", id="zh", marks=pytest.mark.deep)]
NARROW = 320
WITH_PHONE = "#queue tr[data-row]:has(a:has-text('****'))"


def drawer(page: Page) -> str:
    """Opens the first lead of the queue that has a telephone, by keys alone, and says which it is."""
    page.goto("/desk/sales")
    row = page.locator(WITH_PHONE).first
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator("#facts")).to_be_visible()
    return str(row.get_attribute("id")).removeprefix("lead-")


@pytest.mark.parametrize(("language", "theme"), BOTH)
def test_a_lead_is_a_page_for_everybody(page_as: Seats, language: Language, theme: Theme) -> None:
    page = page_as("chen.wei", language, theme)
    lead_id = drawer(page)
    axe(page)
    page.goto(f"/desk/leads/{lead_id}")
    axe(page)
    usable_at(page, NARROW)
    usable_by_keyboard(page)


def test_a_number_is_shown_whole_only_for_a_purpose(page_as: Seats, amiss: Amiss) -> None:
    amiss.expects(400)
    page = page_as("chen.wei", "en")
    lead_id = drawer(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Show: Phone").first.click()
    dialog.get_by_role("button", name="Show it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say what it is for")
    expect(dialog).not_to_contain_text(re.compile(r"\+86\d{11}"))
    dialog.get_by_label("Purpose", exact=True).select_option("call-back")
    dialog.get_by_role("button", name="Show it").click()
    expect(dialog.locator("output")).to_have_text(re.compile(r"^\+86\d{11}$"))
    auditor = {"X-Actor": "user:xie.jing"}
    found = page.request.get(f"/audit/looks?purpose=call-back&subject=lead/{lead_id}", headers=auditor).json()["rows"]
    assert [each["fields"] for each in found] == [["lead.captured.identities.value"]]


def test_keys_go_through_the_queue_and_log_a_follow_up(page_as: Seats) -> None:
    page = page_as("chen.wei", "zh")
    page.goto("/desk/sales")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#queue tr[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#queue tr[data-row]").nth(0)).to_be_focused()
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="记录跟进")).to_be_visible()
    dialog.get_by_label("方式").select_option("wechat")
    dialog.get_by_role("button", name="记录跟进").click()
    expect(dialog.get_by_role("heading", name="安排下一步")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("电话尾号")).to_be_focused()


def test_a_lead_is_lost_for_a_reason_of_the_catalog(page_as: Seats) -> None:
    page = page_as("wang.fang", "zh")
    lead_id = drawer(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="丢单").click()
    dialog.get_by_label(re.compile("^原因")).select_option(label="价格太高")
    dialog.get_by_role("button", name="丢单").click()
    expect(page.locator("#notices")).to_contain_text("已完成：丢单")
    expect(page.locator(f"#lead-{lead_id}")).to_have_count(0)


def test_a_manager_sees_her_people_s_queue_and_gives_a_lead_to_another(page_as: Seats) -> None:
    page = page_as("li.na", "en")
    page.goto("/desk/sales?owner=chen.wei")
    row = page.locator("#queue tr[data-row]").first
    expect(row).to_contain_text("陈伟")
    row_id = row.get_attribute("id")
    row.get_by_role("link", name="Transfer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^To")).select_option("sun.jie")
    dialog.get_by_label(re.compile("^Why it is done")).select_option("balance")
    dialog.get_by_role("button", name="Transfer").click()
    expect(page.locator("#notices")).to_contain_text("Done: Transfer")
    expect(page.locator(f"#{row_id}")).to_have_count(0)


def test_home_tells_what_is_to_be_done_and_leads_there(page_as: Seats) -> None:
    page = page_as("chen.wei", "zh")
    page.goto("/desk/")
    expect(page.get_by_role("heading", level=1)).to_have_text("陈伟，您好")
    page.get_by_role("link", name="我跟进的线索").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("销售工作台")
