"""A page on a small screen, or enlarged: everything is there, and one reads downwards only (WCAG 1.4.10, 1.4.4)."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

WIDE, TALL = 1280, 800  # CSS pixels of a usual window.
# What sticks out to the right is out of reach, unless it stands in something of its own that can be scrolled.
STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowX);
  const reached = (each) => {
    for (let above = each.parentElement; above && above !== document.body; above = above.parentElement)
      if (scrolls(above) && above.getBoundingClientRect().right <= width + 1) return true;
    return false;
  };
  const hidden = (each, box) =>
    box.width <= 1 || box.height <= 1 || !each.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  return [...document.body.querySelectorAll("*")]
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([each, box]) => box.right > width + 1 && !hidden(each, box) && !reached(each))
    .map(([each, box]) => `${each.outerHTML.slice(0, 120)} ends at ${Math.round(box.right)} of ${width}`)
    .slice(0, 5);
}"""
SCROLLS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def sized(page: Page, width: int, height: int) -> Iterator[None]:
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": height})
    try:
        yield
    finally:
        if before is not None:
            page.set_viewport_size(before)


def usable_at(page: Page, width: int) -> None:
    """At so many pixels, and at 200 %, by which a usual window has half as many; nothing lies beside the page."""
    for wide, high in ((width, 640), (WIDE // 2, TALL // 2)):
        with sized(page, wide, high):
            assert page.evaluate(STICKS_OUT) == [], f"at {wide} pixels"
            assert page.evaluate(SCROLLS) <= 0, f"at {wide} pixels the page is to be scrolled sideways"
