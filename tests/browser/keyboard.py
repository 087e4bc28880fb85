"""A page by keyboard alone: Tab comes to whatever can be used, one sees where one is, and it lets one go again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

PREPARE = (Path(__file__).parent / "keyboard.js").read_text(encoding="utf-8")
HERE = "() => window.__keyboard.here()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Where a Tab has come to: which of the stops it is, or -1, whether one sees that, and whether it lies under
    something else.
    """

    nth: int
    named: str
    seen: bool
    covered: bool


def tabbed(page: Page) -> tuple[list[str], list[Stop]]:
    """All stops that there should be, and those that Tab comes to from the beginning of the page until it leaves it."""
    wanted: list[str] = page.evaluate(PREPARE)
    came: list[Stop] = []
    for _ in range(2 * len(wanted) + 20):
        page.keyboard.press("Tab")
        here: dict[str, Any] | None = page.evaluate(HERE)
        if here is None or (here["nth"] >= 0 and here["nth"] in {each.nth for each in came}):
            break
        came.append(Stop(**here))
    return wanted, came


def usable_by_keyboard(page: Page) -> None:
    """Of the page as it is now; what is open in it counts, what is closed does not."""
    wanted, came = tabbed(page)
    reached = {each.nth for each in came}
    assert [each for nth, each in enumerate(wanted) if nth not in reached] == [], "Tab does not come here"
    assert [each.named for each in came if not each.seen] == [], "one does not see that one is here"
    assert [each.named for each in came if each.covered] == [], "something lies over where one is"
