"""A clock of a promise runs in working time alone: over lunch, at night, on holidays and on the days that make up for
them it shows what the server would say, whatever the clock of the browser shows.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from playwright.sync_api import Page, expect

from api.web.rendering import surroundings
from api.web.words import Words
from api.web.working_time import Countdown, Hours, hours_of, left_of, milliseconds, openings, waiting, written
from domain.calendar import CalendarPublished, OtherDay, due, worked
from domain.values import CalendarId
from projections.working_hours import working_hours
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Opens
from tests.browser.small import Small, serving
from tests.projections.spec import rows

pytestmark = BROWSER

SHANGHAI = ZoneInfo("Asia/Shanghai")
EN = Words("en", SHANGHAI)
MINUTE, MILLISECOND = timedelta(minutes=1), timedelta(milliseconds=1)
KEY = "office/1"


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with serving(Small()) as found:
        yield found


@pytest.fixture
def origin(small: Small) -> str:
    return small.origin


def office() -> Hours:
    """The calendar of the demo, as its view tells it."""
    told = yaml.safe_load((files("api.demo") / "setup.yaml").read_text(encoding="utf-8"))["calendars"][0]
    published = CalendarPublished(
        calendar_id=CalendarId(told["id"]),
        number=1,
        name=told["name"],
        time_zone=told["time_zone"],
        week={day: tuple(windows) for day, windows in told["week"].items()},
        other_days=tuple(
            OtherDay(date=each["date"], name=each["name"], windows=tuple(each.get("windows", ())))
            for each in told["other_days"]
        ),
    )
    (row,) = rows(working_hours, published)
    names = (
        "calendar_id",
        "number",
        "time_zone",
        "weekdays",
        "opens",
        "closes",
        "other_names",
        "open_from",
        "open_until",
    )
    plain: dict[str, Any] = {name: getattr(row, name) for name in names}
    plain |= {name: [str(day) for day in getattr(row, name)] for name in ("other_days", "open_on")}
    return hours_of(plain)


HOURS = office()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


AROUND = {
    "lunch": at("2026-03-11T12:00"),
    "evening": at("2026-03-11T18:00"),
    "Saturday noon": at("2026-03-14T12:00"),
    "the spring festival": at("2026-02-14T18:00"),
    "a Saturday that makes up for it": at("2026-02-28T12:30"),
    "National Day": at("2026-09-30T18:00"),
    "the first day after it": at("2026-10-08T09:00"),
    "a Sunday that makes up for it": at("2025-09-28T09:00"),
}


def cases(number: int, seed: int) -> list[tuple[datetime, datetime, timedelta, datetime]]:
    """The server's present, when it is due, what was left at last, and when one looks: up to five days later."""
    chance = Random(seed)
    found = []
    for _ in range(number):
        near = chance.choice([*AROUND.values()])
        now = near + chance.randrange(-8 * 60 * 60_000, 8 * 60 * 60_000) * MILLISECOND
        since = now - chance.choice((0, 0, chance.randrange(40))) * timedelta(hours=1)
        at_last = chance.choice((1, 1, -1)) * chance.randrange(1, 30 * 60 * 60_000) * MILLISECOND
        due_at = due(HOURS.calendar, since, at_last)
        found.append((now, due_at, at_last, now + chance.randrange(0, 5 * 24 * 60 * 60_000) * MILLISECOND))
    return found


def sent(now: datetime) -> list[tuple[int, int, str]]:
    return [each.in_milliseconds for each in openings(HOURS, now, EN)]


def countdown_page(opened: Opens, small: Small, body: str = "") -> Page:
    page = opened()
    page.goto(small.page(body, scripts=("countdown.js",)))
    return page


def test_it_shows_at_any_instant_what_the_server_would_say(opened: Opens, small: Small) -> None:
    page = countdown_page(opened, small)
    asked, expected = [], []
    for now, due_at, at_last, then in cases(400, 1):
        was = left_of(HOURS, now, due_at, at_last)
        asked.append([sent(now), was // MILLISECOND, milliseconds(now), milliseconds(then)])
        left = left_of(HOURS, then, due_at, at_last)
        opens = openings(HOURS, then, EN)
        expected.append([left // MILLISECOND, written(left), then < opens[0].begin])
    script = """(asked) => asked.map(([windows, was, since, at]) => {
      const left = countdown.left(windows, was, since, at);
      return [left, countdown.written(left), countdown.standing(windows, at) !== ""];
    })"""
    found = page.evaluate(script, asked)
    assert [each for each in zip(cases(400, 1), expected, found, strict=True) if each[1] != each[2]] == []


def test_the_server_counts_what_is_left_as_the_rules_do() -> None:
    """What was left when a hand was set to run, without what has been worked since."""
    for now, due_at, at_last, then in cases(400, 2):
        left = left_of(HOURS, now, due_at, at_last)
        assert left_of(HOURS, then, due_at, at_last) == left - worked(HOURS.calendar, now, then)


# On a page


class Clock:
    """A part of a page with one clock, made by the server at its present."""

    def __init__(self, now: str, left: timedelta, *, hand: str = "running") -> None:
        self.now = at(now)
        opens = openings(HOURS, self.now, EN)
        one = Countdown(metric="resolution", hand=hand, left=left, due_at=None, hours=KEY)  # type: ignore[arg-type]
        macros = surroundings().get_template("tickets/macros.html").make_module({})
        windows = {KEY: [each.in_milliseconds for each in opens]}
        standing: Mapping[str, str] = {KEY: waiting(opens, self.now)}
        self.html = (
            f'<section class="part">{macros.hours(self.now, windows)}<p>{macros.clock(EN, one, standing)}</p></section>'  # type: ignore[attr-defined]
        )


def seen(page: Page, clock: str, stands: str | None = None, *, late: bool = False) -> None:
    expect(page.get_by_role("timer")).to_have_text(clock)
    if stands is None:
        expect(page.locator("[data-stands]")).to_be_hidden()
    else:
        expect(page.locator("[data-stands]")).to_have_text(stands)
    expect(page.locator("[data-late]")).to_be_visible() if late else expect(page.locator("[data-late]")).to_be_hidden()


def on_page(opened: Opens, small: Small, made: Clock, wrong_by: timedelta = timedelta()) -> Page:
    page = opened()
    page.clock.set_fixed_time(made.now + wrong_by)
    page.goto(small.page(made.html, scripts=("countdown.js",)))
    return page


def passes(page: Page, **time: int) -> None:
    """To the millisecond, though it is told as a fraction."""
    page.clock.set_fixed_time((page.evaluate("Date.now()") + 0.5 + timedelta(**time) // MILLISECOND) / 1_000)


@pytest.mark.parametrize(
    "wrong_by", [timedelta(), timedelta(hours=1), -timedelta(hours=1)], ids=["right", "fast", "slow"]
)
def test_it_stands_still_over_lunch_whatever_the_clock_of_the_browser_shows(
    opened: Opens, small: Small, wrong_by: timedelta
) -> None:
    page = on_page(opened, small, Clock("2026-03-11T11:59:30", timedelta(hours=2)), wrong_by)
    seen(page, "2:00:00")
    passes(page, seconds=20)
    seen(page, "1:59:40")
    passes(page, seconds=20)
    seen(page, "1:59:30", "stands still, goes on at 13:00")
    passes(page, minutes=59)
    seen(page, "1:59:30", "stands still, goes on at 13:00")
    passes(page, minutes=1)
    seen(page, "1:59:20")


def test_over_holidays_it_says_which_and_when_it_goes_on(opened: Opens, small: Small) -> None:
    page = on_page(opened, small, Clock("2026-09-30T17:59:00", timedelta(hours=1)))
    passes(page, hours=48)
    seen(page, "0:59:00", "国庆节: goes on at Thu 8 Oct 09:00")
    passes(page, hours=135)
    seen(page, "0:59:00", "国庆节: goes on at Thu 8 Oct 09:00")
    passes(page, minutes=60)
    seen(page, "0:59:00", "国庆节: goes on at Thu 8 Oct 09:00")


def test_it_runs_on_a_saturday_that_makes_up_for_a_holiday(opened: Opens, small: Small) -> None:
    page = on_page(opened, small, Clock("2026-02-28T12:59:50", timedelta(hours=1)))
    seen(page, "1:00:00", "stands still, goes on at 13:00")
    passes(page, minutes=10, seconds=10)
    seen(page, "0:50:00")
    usual = on_page(opened, small, Clock("2026-03-07T12:59:50", timedelta(hours=1)))
    passes(usual, minutes=10, seconds=10)
    seen(usual, "1:00:00", "stands still, goes on at Mon 9 Mar 09:00")


def test_when_nothing_is_left_it_says_that_it_is_late(opened: Opens, small: Small) -> None:
    page = on_page(opened, small, Clock("2026-03-11T10:00", timedelta(seconds=5)))
    passes(page, seconds=4)
    seen(page, "0:00:01")
    passes(page, seconds=1)
    seen(page, "0:00:00", late=True)
    passes(page, seconds=65)
    seen(page, "−0:01:05", late=True)


def test_what_waits_is_left_as_the_server_has_written_it(opened: Opens, small: Small) -> None:
    page = on_page(opened, small, Clock("2026-03-11T10:00", timedelta(hours=3), hand="paused"))
    passes(page, minutes=30)
    expect(page.get_by_role("timer")).to_have_text("3:00:00")


def test_when_the_part_is_made_anew_its_present_counts(opened: Opens, small: Small) -> None:
    """Also where the clock of the machine was put meanwhile."""
    page = on_page(opened, small, Clock("2026-03-11T10:00", timedelta(hours=1)))
    passes(page, minutes=60)
    seen(page, "0:00:00", late=True)
    anew = Clock("2026-03-11T10:10", timedelta(minutes=50))
    script = """(html) => {
      document.querySelector(".part").outerHTML = html;
      document.dispatchEvent(new Event("htmx:after:swap"));
    }"""
    page.evaluate(script, anew.html)
    passes(page, seconds=1)
    seen(page, "0:49:59")
