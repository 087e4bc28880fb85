"""The pages that were there before the desks: for who writes programs, and the report on churn."""

import pytest

from tests.browser.amiss import Amiss
from tests.browser.axe import axe
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.keyboard import usable_by_keyboard
from tests.browser.narrow import usable_at
from tests.browser.signing_in import Language, Theme, window

pytestmark = BROWSER

SEES_ALL = {"X-Actor": "user:ma.li"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/already-held"])
def test_pages_for_who_writes_programs(opened: Opens, path: str, theme: Theme) -> None:
    page = opened(**window("en", theme))
    page.goto(path)
    axe(page)
    usable_at(page, 320)
    if path != "/docs":  # It has more than a thousand stops, and all of the same three kinds.
        usable_by_keyboard(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_on_churn(opened: Opens, language: Language, theme: Theme) -> None:
    page = opened(**window(language, theme), extra_http_headers=SEES_ALL)
    page.goto(f"/churn/report?language={language}")
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    assert page.get_by_role("table").count() > 3
    axe(page)
    usable_at(page, 320)
    usable_by_keyboard(page)


def test_whoever_may_not_see_it_is_told_so(opened: Opens, amiss: Amiss, house: House) -> None:
    amiss.expects(403)
    page = opened(extra_http_headers={"X-Actor": "user:chen.wei"})
    answer = page.goto("/churn/report")
    assert answer is not None
    assert answer.status == 403
