"""What axe finds in a page at WCAG 2.2 AA: nothing."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RUN = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations"],
  });
  return found.violations;
}"""


PAINTED = """() => [document.documentElement, document.body].some(
  (each) => !/, 0\\)$|transparent/.test(getComputedStyle(each).backgroundColor),
)"""


def axe(page: Page) -> None:
    """Of the page as it is now, in its language and theme, with whatever is open in it."""
    assert page.evaluate(PAINTED), "the page has no background of its own: axe takes that for white, in the dark too"
    told = [
        f"{each['id']}: {node['html']}\n    {node['failureSummary'].replace(chr(10), ' ')}"
        for each in violations(page)
        for node in each["nodes"]
    ]
    assert told == [], "\n".join(told)


def violations(page: Page) -> list[dict[str, Any]]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(script())
    found: list[dict[str, Any]] = page.evaluate(RUN, list(TAGS))
    return found


@cache
def script() -> str:
    return SCRIPT.read_text(encoding="utf-8")
