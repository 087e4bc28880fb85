"""A call is inspected in a browser: nobody scores his own, the second scorer is blind, and the edition is told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from api.demo.quality import ITEMS
from commands.service import open_ledger
from domain.call.facts import CallEnded, CallRecordingAttached, CallRequested
from domain.quality.plan import ReviewTerms
from domain.quality.review.facts import CallSampled, ReviewAssigned, ReviewPublished, ReviewSubmitted
from domain.quality.scoring import Mark, scored
from domain.values import CalendarId, CallId, PolicyId, ReviewId, ScorecardId, StaffId
from tests.browser.amiss import Amiss
from tests.browser.axe import axe
from tests.browser.chromium import BROWSER
from tests.browser.conftest import Seats
from tests.browser.house import House
from tests.browser.keyboard import usable_by_keyboard
from tests.browser.narrow import usable_at
from tests.consumers.telling import tell
from tests.memory import MASTER

pytestmark = BROWSER

CARD = ScorecardId("sales-calls")
FIRST, SECOND, AGENT, JUDGE = "yu.hang", "dong.mei", "chen.wei", "pan.yue"
TERMS = ReviewTerms(calendar_id=CalendarId("office"))
GOOD = ("1", "0.8", "0.9", "1", "1")
Drawn = Callable[..., str]


def marks(given: Sequence[str]) -> tuple[Mark, ...]:
    return tuple(Mark(code=item.code, attainment=Decimal(each)) for item, each in zip(ITEMS, given, strict=True))


@pytest.fixture
def drawn(house: House) -> Iterator[Drawn]:
    """Tells of a call that was drawn, and how far its review has come; where it is shown."""
    with closing(open_ledger(house.url, MASTER)) as ledger:

        def one(agent: str = AGENT, upto: str = "selected", *, twice: bool = False) -> str:
            review_id = ReviewId(uuid4())
            tell(ledger, *told(review_id, agent, upto, twice=twice), start=datetime.now(UTC) - timedelta(hours=1))
            house.must_have_caught_up()
            return f"/desk/reviews/{review_id}"

        yield one


def told(review_id: ReviewId, agent: str, upto: str, *, twice: bool) -> list[Any]:
    call, who, score = CallId(review_id), StaffId(agent), scored(ITEMS, marks(GOOD))
    until = datetime.now(UTC) + timedelta(days=5)
    sampled = CallSampled(
        review_id=review_id,
        call_id=call,
        agent=who,
        month="2026-01",
        plan_id=PolicyId("calls"),
        plan_number=1,
        stratum="talked:60-300",
        seed="seed-7",
        frame_size=40,
        stratum_size=12,
        twice=twice,
        terms=TERMS,
    )
    given = ReviewAssigned(
        review_id=review_id,
        inspector=StaffId(FIRST),
        scorecard_id=CARD,
        scorecard_number=1,
        items=ITEMS,
        from_="selected",
    )
    whole: dict[str, Any] = {
        "selected": sampled,
        "assigned": given,
        "submitted": ReviewSubmitted(review_id=review_id, inspector=StaffId(FIRST), score=score, from_="assigned"),
        "published": ReviewPublished(review_id=review_id, score=score, appeal_until=until, from_="submitted"),
    }
    before = [
        CallRequested(call_id=call, direction="outbound", agent=who),
        CallEnded(call_id=call, outcome="completed", to="completed", from_="requested", talk_seconds=95),
        CallRecordingAttached(call_id=call, uri="https://recordings.example/7", hash_="ab" * 32),
    ]
    return [*before, *list(whole.values())[: [*whole].index(upto) + 1]]


def fill(page: Page, given: Sequence[str]) -> None:
    selects = page.locator("#score [data-mark], #scoring [data-mark]")
    for nth, each in enumerate(given):
        selects.nth(nth).select_option(each)


def press(page: Page, name: str, within: str = "main") -> None:
    page.locator(within).get_by_role("button", name=name, exact=True).click()


def test_nobody_scores_his_own_call(page_as: Seats, drawn: Drawn, amiss: Amiss) -> None:
    amiss.expects(403, 409, 422)
    page = page_as(JUDGE)
    page.goto(drawn(agent=SECOND))
    page.locator("#assign-inspector").select_option(SECOND)
    press(page, "Assign the review")
    expect(page.locator("#notices")).to_contain_text("nobody scores his own call")
    page.locator("#assign-inspector").select_option(FIRST)
    press(page, "Assign the review")
    expect(page.locator("#notices")).to_contain_text("Done")
    expect(page.locator("#score")).to_contain_text("is scoring it")
    expect(page.locator("#score-title")).to_contain_text("edition ")


def test_a_draft_is_kept_and_the_page_reckons_as_the_rule_does(page_as: Seats, drawn: Drawn) -> None:
    page = page_as(FIRST)
    page.goto(drawn(upto="assigned"))
    expect(page.locator("#score-title")).to_contain_text("sales-calls · edition 1")
    expect(page.locator("#why")).to_contain_text("seed-7")
    expect(page.locator("#call")).to_contain_text("https://recordings.example/7")
    page.locator("#score [data-mark]").nth(1).select_option("0.35")
    page.locator("[name='items.1.evidence_at']").fill("75")
    page.locator("[name='notes.needs']").fill("Asks too late")
    press(page, "Keep the draft")
    expect(page.locator("#notices")).to_contain_text("Done")
    page.reload()
    expect(page.locator("#score [data-mark]").nth(1)).to_have_value("0.35")
    expect(page.locator("[name='notes.needs']")).to_have_value("Asks too late")
    expect(page.locator("[data-answered]")).to_have_text("1 / 5")
    for given in (("1", "0.35", "0.95", "0", "1"), ("0", "0.05", "0.15", "1", "0")):
        fill(page, given)
        rule = scored(ITEMS, marks(given))
        expect(page.locator("[data-raw]")).to_have_text(str(rule.raw))
        expect(page.locator("[data-final]")).to_have_text(str(rule.final))
    page.locator("#score [data-mark]").nth(3).select_option(label="N/A")
    without = [*marks(given)[:3], Mark(code=ITEMS[3].code), *marks(given)[4:]]
    rule = scored(ITEMS, without)
    expect(page.locator("[data-raw]")).to_have_text(str(rule.raw))
    press(page, "Submit the score")
    expect(page.locator("[data-told=first]")).to_contain_text("0")
    expect(page.locator("[data-told=first]")).to_contain_text(f"raw {rule.raw.normalize():f}")


def test_the_second_score_is_blind_and_an_arbiter_decides(page_as: Seats, drawn: Drawn) -> None:
    here = drawn(upto="submitted", twice=True)
    judge, second, first = page_as(JUDGE), page_as(SECOND), page_as(FIRST)
    judge.goto(here)
    judge.locator("#second-inspector").select_option(SECOND)
    press(judge, "Assign the second scoring")
    expect(judge.locator("#notices")).to_contain_text("Done")
    second.goto(here)
    expect(second.locator("#score")).to_contain_text("blind")
    assert str(scored(ITEMS, marks(GOOD)).final.normalize()) not in second.locator("main").inner_text()
    assert "90" not in [each.strip() for each in second.locator("#score td").all_inner_texts()]
    fill(second, ("0", "0", "0.1", "0", "1"))
    press(second, "Submit the second score")
    expect(second.locator("[data-told=second]")).to_be_visible()
    expect(second.locator("[data-told=first]")).to_have_count(0)
    judge.reload()
    expect(judge.locator("[data-told]")).to_have_count(2)
    fill(judge, ("1", "0.5", "0.5", "1", "1"))
    press(judge, "Arbitrate")
    expect(judge.locator("[data-told=arbiter]")).to_be_visible()
    first.goto(here)
    press(first, "Publish")
    expect(first.locator("[data-standing]")).to_be_visible()


def test_an_agent_appeals_and_the_score_is_adjusted(page_as: Seats, drawn: Drawn) -> None:
    here = drawn(upto="published")
    agent, judge = page_as(AGENT), page_as(JUDGE)
    agent.goto("/desk/my-quality")
    row = agent.locator(f"#own-{here.rpartition('/')[2]}")
    expect(row).to_contain_text("sales-calls · edition 1")
    row.get_by_role("link", name="Appeal").click()
    agent.locator("#appeals").get_by_label("Finds out what is wanted").check()
    agent.locator("#appeal-grounds").fill("I asked twice")
    press(agent, "Appeal", "#appeals")
    expect(agent.locator("#appeals")).to_contain_text("Open")
    judge.goto(here)
    expect(judge.locator("#appeals")).to_contain_text("I asked twice")
    judge.locator("#appeals [data-mark]").select_option("1")
    after = scored(ITEMS, marks(("1", "1", *GOOD[2:])))
    expect(judge.locator("#appeals [data-final]")).to_have_text(str(after.final))
    press(judge, "Adjust the score", "#appeals")
    before = scored(ITEMS, marks(GOOD))
    expect(judge.locator("#appeals")).to_contain_text(f"{before.final.normalize():f} → {after.final.normalize():f}")


def test_a_calibration_is_revealed_when_all_have_scored(
    page_as: Seats, drawn: Drawn, amiss: Amiss, house: House
) -> None:
    amiss.expects(403, 409, 422)
    call = drawn(upto="published").rpartition("/")[2]
    judge = page_as(JUDGE)
    judge.goto(f"/desk/calibrations?call={call}")
    for name in ("于航", "董梅"):
        judge.locator("#opening").get_by_label(name).check()
    press(judge, "Open a calibration")
    expect(judge.locator("#notices")).to_contain_text("Done")
    house.must_have_caught_up()
    judge.reload()
    judge.locator("#calibrations tbody a").first.click()
    press(judge, "Reveal the scores")
    expect(judge.locator("#notices")).to_contain_text("Not all have scored")
    for who, given in ((FIRST, GOOD), (SECOND, ("1", "0.2", "0.9", "1", "1"))):
        page = page_as(who)
        page.goto(judge.url)
        fill(page, given)
        press(page, "Submit the blind score")
        expect(page.locator("#notices")).to_contain_text("Done")
        expect(page.locator("#standing tbody")).to_have_count(0)
    press(judge, "Reveal the scores")
    expect(judge.locator("#standing tbody tr")).to_have_count(5)
    fill(judge, GOOD)
    press(judge, "Set the consensus")
    expect(judge.locator("#scoring")).to_contain_text("Agreed")


PAGES = ("/desk/inspection?waits=all", "/desk/quality", "/desk/calibrations", "/desk/scorecards/sales-calls")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_whoever_sees_little_or_has_a_keyboard_alone_inspects_as_well(page_as: Seats, drawn: Drawn, theme: Any) -> None:
    page = page_as(FIRST, theme=theme)
    for path in (drawn(upto="assigned"), *PAGES):
        page.goto(path)
        axe(page)
        usable_at(page, 320)
        usable_by_keyboard(page)
