"""The harness finds what it is there to find: a bug is planted for each thing that it looks for."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.amiss import Amiss, settle
from tests.browser.axe import axe, violations
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Opens
from tests.browser.keyboard import tabbed, usable_by_keyboard
from tests.browser.narrow import usable_at
from tests.browser.small import Small, serving

pytestmark = BROWSER

FORM = (
    '<form><p><label>Name <input name="name"></label></p>'
    '<p><label><input type="radio" name="way" value="a"> By phone</label>'
    ' <label><input type="radio" name="way" value="b"> By post</label></p>'
    '<p><a href="/page">Again</a> <button type="button">Save</button></p></form>'
    "<details><summary>More</summary><p><a href='/page'>Hidden until it is opened</a></p></details>"
)


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with serving(Small()) as found:
        yield found


@pytest.fixture
def origin(small: Small) -> str:
    return small.origin


def shown(opened: Opens, small: Small, body: str, *, head: str | None = None, scripts: tuple[str, ...] = ()) -> Page:
    page = opened()
    page.goto(small.page(body, head=styled(small, "") if head is None else head, scripts=scripts))
    return page


def styled(small: Small, rules: str) -> str:
    small.scripts["/own.css"] = ":root { background: Canvas } " + rules
    return '<link rel="stylesheet" href="/own.css">'


def told(amiss: Amiss, page: Page) -> str:
    """What was noted so far, after which the spec goes on as if nothing had been."""
    settle([page])
    found, amiss.found[:] = "\n".join(amiss.found), []
    return found


# Nothing amiss


def test_a_good_page_passes_everything(opened: Opens, amiss: Amiss, small: Small) -> None:
    page = shown(opened, small, FORM)
    axe(page)
    usable_at(page, 320)
    usable_by_keyboard(page)
    assert told(amiss, page) == ""


@pytest.mark.parametrize(
    "body",
    [
        "<script>document.title = 'was here'</script>",
        '<button onclick="alert(1)">Alert</button>',
        '<p style="color: red">Red</p>',
        "<style>p { color: red }</style>",
        '<img alt="" src="http://localhost:9/pixel.png">',
        '<form action="http://localhost:9/" method="post"><button>Away</button></form>',
    ],
    ids=["script", "handler", "style attribute", "style", "image", "form"],
)
def test_what_the_policy_refuses_is_found(opened: Opens, amiss: Amiss, small: Small, body: str) -> None:
    page = shown(opened, small, body)
    page.evaluate("() => document.querySelector('button')?.click()")
    found = told(amiss, page)
    assert "against the policy" in found
    assert "in the console" in found


def test_what_a_script_evaluates_is_found(opened: Opens, amiss: Amiss, small: Small) -> None:
    small.scripts["/own.js"] = "new Function('return 1')();"
    found = told(amiss, shown(opened, small, "", scripts=("/own.js",)))
    assert "against the policy" in found
    assert "an exception that nobody caught" in found


def test_what_is_asked_for_elsewhere_is_found_even_where_no_policy_refuses_it(
    opened: Opens, amiss: Amiss, small: Small
) -> None:
    page = shown(opened, small, '<a href="http://localhost:9/">Away</a>')
    page.get_by_role("link").click()
    page.wait_for_timeout(200)
    found, amiss.found[:] = "\n".join(amiss.found), []
    assert "asked elsewhere: GET http://localhost:9/" in found
    assert "failed: GET http://localhost:9/" in found


def test_what_the_console_is_told_is_found(opened: Opens, amiss: Amiss, small: Small) -> None:
    small.scripts["/own.js"] = "console.warn('old'); console.error('bad'); console.info('fine')"
    found = told(amiss, shown(opened, small, "", scripts=("/own.js",)))
    assert re.findall("(.+) in the console: (.+)", found) == [("warning", "old"), ("error", "bad")]


def test_what_is_not_there_is_found(opened: Opens, amiss: Amiss, small: Small) -> None:
    assert "answered 404: GET" in told(amiss, shown(opened, small, '<img alt="" src="/not-there.svg">'))


def test_what_a_second_page_does_is_found_too(opened: Opens, amiss: Amiss, small: Small) -> None:
    small.page("<script>1</script>", path="/second")
    page = shown(opened, small, '<a href="/second" target="_blank" rel="noopener">Second</a>')
    with page.context.expect_page() as second:
        page.get_by_role("link").click()
    assert "against the policy" in told(amiss, second.value)


def test_a_refusal_that_a_spec_expects_is_nothing_amiss(opened: Opens, amiss: Amiss, small: Small) -> None:
    amiss.expects(409)
    page = shown(opened, small, '<button hx-get="/refused" hx-target="#said">Claim</button><div id="said"></div>')
    assert told(amiss, page) == ""
    page = shown(
        opened,
        small,
        '<button hx-get="/refused" hx-target="#said">Claim</button><div id="said"></div>',
        scripts=("htmx.js",),
    )
    page.get_by_role("button").click()
    expect(page.locator("#refusal")).to_have_text("Chen has it")
    assert told(amiss, page) == ""


# Whoever sees little, or differently

LOW = "body { background: #fff } p { color: #999 }"
TINY = "button { width: 10px; height: 10px; padding: 0; border: 0; margin: 0; display: inline-block; font-size: 6px }"


@pytest.mark.parametrize(
    ("rules", "body", "rule"),
    [
        (LOW, "<p>Pale on white</p>", "color-contrast"),
        ("", "<input name='name'>", "label"),
        ("", "<img src='/page'>", "image-alt"),
        ("", "<button></button>", "button-name"),
        ("", "<p lang='xx-bad'>Text</p>", "valid-lang"),
        (TINY, "<button>a</button><button>b</button>", "target-size"),
    ],
)
def test_axe_finds_it(opened: Opens, amiss: Amiss, small: Small, rules: str, body: str, rule: str) -> None:
    page = shown(opened, small, body, head=styled(small, rules))
    assert [each["id"] for each in violations(page)] == [rule]
    with pytest.raises(AssertionError, match=rule):
        axe(page)
    amiss.found.clear()


def test_axe_sees_the_theme_that_is_on(opened: Opens, small: Small) -> None:
    rules = ":root { color-scheme: light dark } @media (prefers-color-scheme: dark) { body { color: #333 } }"
    small.page("<p>Dark on dark</p>", head=styled(small, rules))
    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    light.goto("/page")
    axe(light)
    dark.goto("/page")
    assert {each["id"] for each in violations(dark)} == {"color-contrast"}


def test_a_page_without_a_background_is_found(opened: Opens, small: Small) -> None:
    page = shown(opened, small, "", head=styled(small, "html, body { background: transparent !important }"))
    with pytest.raises(AssertionError, match="no background"):
        axe(page)


WIDE = "table { min-width: 400px }"
CELLS = "<table><tr><th scope='col'>A</th></tr><tr><td>1</td></tr></table>"


@pytest.mark.parametrize(
    ("rules", "body"),
    [
        (WIDE, CELLS),
        (WIDE + "html, body { overflow-x: hidden }", CELLS),
        ("p { width: 700px }", "<p>Text</p>"),
        ("p { white-space: nowrap }", f"<p>{'One line that does not break. ' * 10}</p>"),
    ],
    ids=["wide table", "cut off", "wide text", "one line"],
)
def test_what_lies_beside_a_narrow_page_is_found(opened: Opens, small: Small, rules: str, body: str) -> None:
    page = shown(opened, small, body, head=styled(small, rules))
    with pytest.raises(AssertionError, match="pixels"):
        usable_at(page, 320)


def test_a_wide_table_may_be_scrolled_by_itself(opened: Opens, small: Small) -> None:
    rules = WIDE + ".wide { overflow-x: auto }"
    page = shown(opened, small, f"<div class='wide'>{CELLS}</div>", head=styled(small, rules))
    usable_at(page, 320)
    assert page.viewport_size == {"width": 1280, "height": 800}


# Whoever has a keyboard


def test_tab_comes_to_each_stop_once_and_of_a_group_to_one(opened: Opens, small: Small) -> None:
    wanted, came = tabbed(shown(opened, small, FORM))
    assert len(wanted) == 5
    assert [each.nth for each in came] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rules", "script", "amiss_is"),
    [
        (":focus { outline: none }", "", "one does not see"),
        (":focus { outline-color: transparent }", "", "one does not see"),
        (
            "",
            "addEventListener('keydown', (e) => e.target.name === 'name' && e.preventDefault())",
            "does not come here",
        ),
        ("", "document.querySelector('a').addEventListener('focus', (e) => e.target.blur())", "does not come here"),
        ("main::after { content: ''; position: fixed; inset: 0; background: #fff }", "", "lies over"),
    ],
    ids=["no outline", "clear outline", "trap", "skipped", "covered"],
)
def test_what_a_keyboard_cannot_do_is_found(
    opened: Opens, small: Small, rules: str, script: str, amiss_is: str
) -> None:
    small.scripts["/own.js"] = script
    page = shown(opened, small, FORM, head=styled(small, rules), scripts=("/own.js",))
    with pytest.raises(AssertionError, match=amiss_is):
        usable_by_keyboard(page)


def test_a_focus_that_is_shown_by_a_shadow_or_a_border_is_seen(opened: Opens, small: Small) -> None:
    rules = ":focus { outline: none; box-shadow: 0 0 0 3px navy }"
    usable_by_keyboard(shown(opened, small, FORM, head=styled(small, rules)))
