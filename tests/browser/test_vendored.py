"""What is vendored does its work under our policy, and what could evaluate text is refused there."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.amiss import Amiss, settle
from tests.browser.axe import axe
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Opens
from tests.browser.small import Small, serving

pytestmark = BROWSER

CONFIG = '<meta name="htmx-config" content="includeIndicatorCSS:false">'
STREAM = '<div id="live" hx-sse:connect="/live" hx-target="#said" hx-swap="beforeend"></div><div id="said"></div>'
LEADS = "document.addEventListener('lead', (e) => { document.title = `${e.detail.id}: ${e.detail.data}`; });"
COUNTS = """
document.addEventListener("alpine:init", () => {
  Alpine.data("counter", () => ({ count: 0, open: false, more() { this.count += 1; this.open = true; } }));
});
"""
CHART = """
addEventListener("DOMContentLoaded", () => {
  const chart = echarts.init(document.getElementById("chart"), null, { width: 600, height: 300 });
  const band = (params, api) => ({
    type: "rect",
    shape: { x: api.coord([api.value(0), 0])[0], y: api.coord([0, api.value(2)])[1], width: 40,
             height: api.coord([0, api.value(1)])[1] - api.coord([0, api.value(2)])[1] },
    style: { fill: "#cde" },
  });
  chart.setOption({
    animation: false, aria: { enabled: true }, legend: {}, tooltip: { trigger: "axis" },
    xAxis: { type: "value" }, yAxis: { type: "value" },
    series: [
      { name: "band", type: "custom", renderItem: band, data: [[1, 2, 4], [2, 3, 5]], encode: { x: 0, y: [1, 2] } },
      { name: "curve", type: "line", step: "end", data: [[1, 3], [2, 4], [3, 2]], markLine: { data: [{ yAxis: 2 }] } },
      { name: "bars", type: "bar", data: [[1, 1], [2, 2]] },
    ],
  });
  const other = echarts.init(document.getElementById("funnel"), null, { width: 300, height: 200 });
  other.setOption({ animation: false, series: [{ type: "funnel", data: [{ name: "new", value: 3 }] }] });
  chart.dispatchAction({ type: "showTip", seriesIndex: 1, dataIndex: 1 });
  document.title = "drawn";
});
"""


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with serving(Small()) as found:
        yield found


@pytest.fixture
def origin(small: Small) -> str:
    return small.origin


def test_htmx_puts_an_answer_in_the_page_and_a_refusal_too(opened: Opens, amiss: Amiss, small: Small) -> None:
    small.pages["/part"] = "<p id='part'>Here it is</p>"
    body = (
        '<div hx-target:inherited="#here"><button hx-get="/part">Get</button>'
        '<button hx-post="/refused" hx-target="#here">Claim</button></div><div id="here"></div>'
    )
    amiss.expects(409)
    page = opened()
    page.goto(small.page(body, scripts=("htmx.js",), head=CONFIG))
    page.get_by_role("button", name="Get").click()
    expect(page.locator("#here #part")).to_have_text("Here it is")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#here #refusal")).to_have_text("Chen has it")


@pytest.mark.parametrize(
    "body",
    [
        "<button hx-on:click=\"document.title = 'evaluated'\">Go</button>",
        "<button hx-get='/part' hx-vals='js:{title: document.title = \"evaluated\"}'>Go</button>",
        "<button hx-get='/part' hx-trigger=\"click[document.title='evaluated']\">Go</button>",
    ],
    ids=["handler", "values", "filter"],
)
def test_what_htmx_would_evaluate_is_refused(opened: Opens, amiss: Amiss, small: Small, body: str) -> None:
    page = opened()
    page.goto(small.page(body, scripts=("htmx.js",), head=CONFIG))
    page.get_by_role("button").click()
    settle([page])
    assert page.title() == "A page"
    assert any("unsafe-eval" in each or "eval" in each for each in amiss.found)
    amiss.found.clear()


def test_a_line_that_breaks_goes_on_after_what_was_last_said(opened: Opens, small: Small) -> None:
    small.resumed.clear()
    small.lines = [
        ["retry: 50\n", "id: 7\n\n", "id: 8\ndata: <p>eight</p>\n\n"],
        ["id: 9\ndata: <p>nine</p>\n\n"],
        [": still here\n\n", "id: 10\nevent: lead\ndata: claimed\n\n"],
    ]
    small.scripts["/leads.js"] = LEADS
    page = opened()
    page.goto(small.page(STREAM, scripts=("htmx.js", "htmx-sse.js", "/leads.js"), head=CONFIG))
    expect(page).to_have_title("10: claimed")
    assert page.locator("#said").inner_text().split() == ["eight", "nine"]
    assert small.resumed == [None, "8", "9"]


def test_an_id_alone_is_kept_for_when_the_line_breaks(opened: Opens, small: Small) -> None:
    small.resumed.clear()
    small.lines = [["retry: 50\nid: 4711\n\n"], ["data: <p>again</p>\n\n"]]
    page = opened()
    page.goto(small.page(STREAM, scripts=("htmx.js", "htmx-sse.js"), head=CONFIG))
    expect(page.locator("#said")).to_have_text("again")
    assert small.resumed == [None, "4711"]


def test_alpine_runs_without_evaluating(opened: Opens, small: Small) -> None:
    small.scripts["/counter.js"] = COUNTS
    body = (
        '<div x-data="counter"><button @click="more()" x-text="count" :aria-expanded="open">0</button>'
        '<p x-show="open">Open</p></div>'
    )
    page = opened()
    page.goto(small.page(body, scripts=("/counter.js", "alpine.js")))
    button = page.get_by_role("button")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_text("Open")).to_be_hidden()
    button.click()
    expect(button).to_have_text("1")
    expect(page.get_by_text("Open")).to_be_visible()


def test_charts_are_drawn_and_say_what_one_points_at_without_a_style_attribute(opened: Opens, small: Small) -> None:
    small.scripts["/chart.js"] = CHART
    page = opened()
    body = '<div id="chart" role="img"></div><div id="funnel" role="img" aria-label="Funnel"></div>'
    page.goto(small.page(body, scripts=("echarts.js", "/chart.js")))
    expect(page).to_have_title("drawn")
    page.locator("#chart canvas").hover(position={"x": 300, "y": 150})
    assert page.locator("canvas").count() == 2
    assert page.locator("#chart").get_attribute("aria-label")
    assert page.locator("#chart div div").count() == 0, "what it says where one points is drawn"


def test_axe_runs_under_the_policy(opened: Opens, small: Small) -> None:
    small.scripts["/own.css"] = ":root { background: Canvas }"
    page = opened()
    page.goto(small.page("<p>Text</p>", head='<link rel="stylesheet" href="/own.css">'))
    axe(page)
