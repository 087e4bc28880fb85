"""A customer, as those who work with him use his page: who he is, what is masked, who is the same, who is forgotten."""

import re
from uuid import uuid4

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


def came(page: Page, name: str, phone: str) -> str:
    """Somebody new, of 陈伟; whose page is there."""
    customer_id = str(uuid4())
    body = {"profile": {"name": name}, "identities": [{"kind": "phone", "value": phone}]}
    made = page.request.post(f"/customers/{customer_id}/create", data=body, headers={"X-Actor": "user:chen.wei"})
    assert made.ok, made.text()
    manager = {"X-Actor": "user:li.na"}
    given = page.request.post(f"/customers/{customer_id}/assign", data={"owner": "chen.wei"}, headers=manager)
    assert given.ok, given.text()
    after = {**manager, "Read-After": given.headers["position"]}
    assert page.request.get(f"/views/customers?customer_id={customer_id}", headers=after).json()["rows"]
    return customer_id


@pytest.mark.parametrize(("language", "theme"), BOTH)
def test_customers_are_found_and_each_is_a_page_for_everybody(page_as: Seats, language: Language, theme: Theme) -> None:
    page = page_as("li.na", language, theme)
    page.goto("/desk/customers?sort=-order_count")
    axe(page)
    usable_at(page, NARROW)
    page.locator("#list tr[data-row] a").first.click()
    expect(page.locator("#timeline li").first).to_be_visible()
    expect(page.locator("#alike.loading")).to_have_count(0)
    assert page.locator(".refused").count() == 0
    axe(page)
    usable_at(page, NARROW)
    usable_by_keyboard(page)
    page.locator("#orders td a").first.click()
    expect(page.locator("#timeline li").first).to_be_visible()
    axe(page)


def test_what_is_personal_is_masked_by_role_and_a_number_is_whole_for_a_purpose(page_as: Seats) -> None:
    page = page_as("chen.wei")
    customer_id = came(page, "欧阳明月", "+8613911110001")
    analyst = page_as("gao.yan")
    analyst.goto(f"/desk/customers/{customer_id}")
    expect(analyst.get_by_role("heading", level=1)).to_have_text("欧***")
    expect(analyst.locator("main")).not_to_contain_text("欧阳明月")
    page.goto(f"/desk/customers/{customer_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("欧阳明月")
    expect(page.locator("main")).not_to_contain_text("13911110001")
    page.locator("#facts").get_by_role("link", name="The whole number").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Purpose", exact=True).select_option("call-back")
    dialog.get_by_role("button", name="Show it").click()
    expect(dialog.locator("output")).to_have_text("+8613911110001")


def test_two_who_are_one_are_found_compared_made_one_and_parted_again(page_as: Seats) -> None:
    page = page_as("li.na")
    one, other = came(page, "司马清风", "+8613911120001"), came(page, "司马清风", "+8613911120007")
    page.goto(f"/desk/customers/{one}")
    row = page.locator("#alike tbody tr")
    expect(row).to_contain_text("95")
    expect(row).to_contain_text("one slip apart")
    row.get_by_role("link", name="Compare and merge").click()
    expect(page.locator("#merging")).to_contain_text("+86139****0007")
    page.get_by_role("button", name="Merge").click()
    page.wait_for_url(f"**/desk/customers/{one}")
    undo = page.locator("#alike").get_by_role("link", name="Undo the merge")
    expect(undo).to_be_visible()
    axe(page)
    page.goto(f"/desk/customers/{other}")
    expect(page.locator("#facts")).to_contain_text("has become another one")
    page.goto(f"/desk/customers/{one}")
    undo.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why it is done").select_option("asked-for")
    dialog.get_by_label("Why (optional)").fill("two cousins")
    dialog.get_by_role("button", name="Undo the merge").click()
    expect(page.locator("#notices")).to_contain_text("Undo the merge")
    page.goto(f"/desk/customers/{other}")
    expect(page.locator("#facts")).not_to_contain_text("has become another one")


def test_whoever_has_been_erased_reads_so_and_nothing_else_of_him(page_as: Seats) -> None:
    page = page_as("ma.li")
    customer_id = came(page, "诸葛无名", "+8613911130001")
    page.goto(f"/desk/customers/{customer_id}")
    page.get_by_role("link", name="Erase personal data").click()
    axe(page)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Erase personal data").click()
    page.wait_for_url(f"**/desk/customers/{customer_id}")
    expect(page.locator("main")).to_contain_text(re.compile(r"erased on \d{4}-\d\d-\d\d \d\d:\d\d by 马丽"))
    expect(page.locator("main section")).to_have_count(1)
    for told in ("诸葛", "****", customer_id[:8], "陈伟"):
        expect(page.locator("main")).not_to_contain_text(told)
    axe(page)


def test_a_hold_shows_at_once_to_who_looks_elsewhere_and_a_refusal_says_why(page_as: Seats, amiss: Amiss) -> None:
    amiss.expects(403)
    page, finance = page_as("chen.wei"), page_as("jiang.tao")
    customer_id = came(page, "夏侯有信", "+8613911140001")
    path, his = (
        f"/customers/{customer_id}/set-credit-level",
        {"X-Actor": "user:jiang.tao", "X-Reason-Code": "good-record"},
    )
    assert page.request.post(path, data={"level": "schools"}, headers=his).ok
    for each in (page, finance):
        each.goto(f"/desk/customers/{customer_id}")
    finance.get_by_role("link", name="Place a credit hold").click()
    dialog = finance.get_by_role("dialog")
    dialog.locator("[name=reason]").fill("dispute")
    dialog.get_by_label("Why it is done").select_option("complaint")
    dialog.get_by_role("button", name="Place a credit hold").click()
    expect(page.locator("#facts")).to_contain_text("Credit restricted")
    page.get_by_role("link", name="Lift the credit hold").click()
    page.get_by_role("dialog").get_by_role("button", name="Lift the credit hold").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


def test_it_is_told_who_is_calling_while_it_rings(page_as: Seats) -> None:
    page = page_as("chen.wei")
    customer_id = came(page, "上官来电", "+8613911150001")
    page.goto("/desk/caller")
    page.keyboard.type("139 1115 0001")
    page.keyboard.press("Enter")
    who = page.locator("#who")
    expect(who.get_by_role("link", name="上官来电")).to_have_attribute("href", f"/desk/customers/{customer_id}")
    expect(who).to_contain_text("陈伟")
    axe(page)
    usable_at(page, NARROW)
