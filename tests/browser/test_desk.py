"""What every page has: who looks, in which language and light, what changes meanwhile, and a line that breaks."""

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.amiss import Amiss
from tests.browser.axe import axe
from tests.browser.conftest import Opens, Seats
from tests.browser.house import House
from tests.browser.keyboard import usable_by_keyboard
from tests.browser.narrow import usable_at
from tests.browser.signing_in import Language, Theme

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BOTH = [pytest.param("en", "light", id="en"), pytest.param("zh", "dark", id="zh", marks=pytest.mark.deep)]
NARROW = 320


def claimable(page: Page) -> str:
    """The first lead of the pool that may be claimed."""
    row = page.locator("#pool tr:has(button)").first.get_attribute("id")
    assert row is not None
    return row.removeprefix("pool-")


def claims(house: House, who: str, lead_id: str) -> None:
    """As another program would."""
    answer = httpx.post(f"{house.origin}/leads/{quote(lead_id)}/claim", headers={"X-Actor": f"user:{who}"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("language", "theme"), BOTH)
@pytest.mark.parametrize("path", ["/desk/sign-in", "/desk/", "/desk/sales"])
def test_a_page_is_for_everybody(page_as: Seats, path: str, language: Language, theme: Theme) -> None:
    page = page_as("chen.wei", language, theme)
    page.goto(path)
    axe(page)
    usable_at(page, NARROW)
    usable_by_keyboard(page)


def test_who_opens_it_says_who_he_is_and_comes_to_where_he_wanted(opened: Opens) -> None:
    page = opened(locale="zh-CN")
    page.goto("/desk/sales")
    expect(page.get_by_role("heading", level=1)).to_have_text("您是谁？")
    page.get_by_role("button", name="陈伟").click()
    expect(page).to_have_url(re.compile("/desk/sales$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("销售工作台")


def test_language_and_light_are_chosen_and_kept(page_as: Seats) -> None:
    page = page_as("chen.wei", "en")
    page.goto("/desk/sales")
    page.get_by_text("陈伟 · Sales").click()
    page.get_by_label("Language").select_option("zh")
    page.get_by_label("Appearance").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("/desk/sales$"))
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["zh-CN", "dark"]


def test_of_two_who_claim_one_lead_one_has_it_and_the_other_reads_who(page_as: Seats, amiss: Amiss) -> None:
    amiss.expects(409)
    one, other = page_as("chen.wei", "zh"), page_as("sun.jie", "en")
    for page in (one, other):
        page.goto("/desk/sales")
        page.route("**/desk/live*", lambda route: route.abort("aborted"))
    lead_id = claimable(one)
    one.locator(f"#pool-{lead_id}").focus()
    one.keyboard.press("c")
    expect(one.locator("#notices")).to_contain_text("已完成：领取")
    expect(one.locator(f"#lead-{lead_id}")).to_be_visible()
    button = other.locator(f"#pool-{lead_id} button")
    if button.count():  # The line may have told her already.
        button.click()
        expect(other.locator("#notices")).to_contain_text("陈伟 holds it, protected until")
    expect(other.locator(f"#pool-{lead_id}")).to_have_count(0)


def test_a_button_that_is_pressed_twice_is_one_command(page_as: Seats) -> None:
    page = page_as("wang.fang", "en")
    page.goto("/desk/sales")
    lead_id = claimable(page)
    form = page.locator(f"#pool-{lead_id} form")
    told = form.locator("input").evaluate_all("all => Object.fromEntries(all.map((each) => [each.name, each.value]))")
    action = str(form.get_attribute("action"))
    sent = [page.request.post(action, form=told, headers={"HX-Request": "true"}) for _ in range(2)]
    assert [each.status for each in sent] == [200, 200]
    assert sent[0].headers["hx-trigger"] == sent[1].headers["hx-trigger"], "at one position"


def test_what_somebody_else_does_appears_without_a_reload(page_as: Seats, house: House) -> None:
    page = page_as("chen.wei", "en")
    page.goto("/desk/sales")
    lead_id = claimable(page)
    with page.expect_request("**/desk/live*"):
        page.reload()
    claims(house, "zhao.min", lead_id)
    expect(page.locator(f"#pool-{lead_id}")).to_have_count(0, timeout=15_000)


def test_a_form_says_what_is_wrong_and_keeps_what_was_written(page_as: Seats, amiss: Amiss) -> None:
    amiss.expects(422)
    page = page_as("chen.wei", "en")
    page.goto("/desk/sales")
    page.locator("#queue [data-key=l]").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("talked about lessons")
    dialog.get_by_role("button", name="Log a follow-up").click()
    expect(dialog).to_contain_text("Done: Log a follow-up")
    dialog.get_by_label("What").fill("ring again")
    dialog.get_by_role("button", name="Schedule the next action").click()
    expect(dialog.get_by_label("When")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("What")).to_have_value("ring again")
    dialog.get_by_label("When").fill("2100-12-24T10:00")
    dialog.get_by_role("button", name="Schedule the next action").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#notices")).to_contain_text("Done: Schedule the next action")
