"""The funnel's journeys, told as specs; its figures are taken by SQL in test_query.py."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.lead.facts.intake import LeadCorrected
from domain.lead.facts.work import LeadInvalidated
from projections.funnel import Journey, funnel
from tests.projections.leads import (
    ANN,
    BOB,
    LEAD,
    NORTH,
    at,
    back_in_touch,
    captured,
    claimed,
    contacted,
    converted,
    helped,
    invalidated,
    lost,
    lost_again,
    merged,
    negotiating,
    nurtured,
    pooled,
    qualified,
    quoted_again,
    released,
    reopened,
    touched,
    transferred,
)
from tests.projections.spec import rows


def journey(*told: Any) -> Journey:
    (found,) = rows(funnel, *told)
    assert isinstance(found, Journey)
    return found


def test_a_lead_enters_in_the_month_of_its_capture() -> None:
    assert journey((at(3, 25), captured)) == Journey(
        lead_id=LEAD,
        cohort=date(2026, 3, 1),
        source="ads",
        channel="form",
        campaign="spring",
        captured_at=at(3, 25),
        amount=captured.requested_amount.amount if captured.requested_amount else None,
        currency="CNY",
    )


def test_the_month_is_that_of_utc() -> None:
    east = timezone(timedelta(hours=8))
    assert journey((datetime(2026, 4, 1, 7, 59, tzinfo=east), captured)).cohort == date(2026, 3, 1)
    assert journey((datetime(2026, 4, 1, 8, tzinfo=east), captured)).cohort == date(2026, 4, 1)
    assert journey((datetime(2026, 3, 31, 23, 59, tzinfo=UTC), captured)).cohort == date(2026, 3, 1)


def test_what_happens_to_a_lead_that_was_never_captured_is_no_journey() -> None:
    assert rows(funnel, contacted, lost, touched, pooled) == []


def test_each_stage_is_reached_when_its_event_occurred() -> None:
    found = journey(
        (at(3, 1), captured),
        (at(3, 2), contacted),
        (at(3, 4), qualified),
        (at(3, 8), negotiating),
        (at(3, 16), converted),
    )
    reached = (found.captured_at, found.contacting_at, found.qualified_at, found.negotiating_at, found.converted_at)
    assert reached == (at(3, 1), at(3, 2), at(3, 4), at(3, 8), at(3, 16))
    assert (found.status, found.lost_at, found.repeats) == ("converted", None, 0)


def test_only_the_first_time_at_a_stage_counts() -> None:
    found = journey((at(3, 1), captured), (at(3, 2), contacted), (at(3, 3), nurtured), (at(3, 9), back_in_touch))
    assert (found.contacting_at, found.status) == (at(3, 2), "contacting")


def test_to_be_told_the_same_status_again_is_a_repeat_and_no_transition() -> None:
    found = journey(captured, contacted, qualified, (at(3, 8), negotiating), (at(3, 9), quoted_again))
    assert (found.repeats, found.negotiating_at, found.status) == (1, at(3, 8), "negotiating")
    assert found.amount == quoted_again.amount.amount
    found = journey(captured, contacted, (at(3, 8), lost), (at(3, 9), lost_again))
    assert (found.repeats, found.lost_at, found.lost_reason) == (1, at(3, 8), "price")


def test_each_touch_channel_is_there_once_in_the_order_of_the_first() -> None:
    channels = ("web", "chat", "web", "offer-returned")
    assert journey(captured, *(replace(touched, channel=each) for each in channels)).touches == (
        "web",
        "chat",
        "offer-returned",
    )


def test_touches_after_the_end_count_too() -> None:
    assert journey(captured, contacted, qualified, negotiating, converted, touched).touches == ("web",)


def test_a_lost_lead_says_why_until_it_is_reopened() -> None:
    assert journey(captured, contacted, (at(4, 1), lost)).lost_reason == "price"
    found = journey(captured, contacted, (at(4, 1), lost), (at(4, 2), reopened))
    assert (found.status, found.cycle, found.lost_reason, found.lost_at) == ("new", 2, None, at(4, 1))


@pytest.mark.parametrize("closed", [lost, invalidated, converted, merged])
def test_whoever_held_it_does_so_no_more_when_it_is_closed(closed: Any) -> None:
    before = journey(captured, pooled, claimed, helped)
    assert (before.owner_id, before.pool_id, before.collaborators) == (ANN, None, (BOB,))
    found = journey(captured, pooled, claimed, helped, closed)
    assert (found.status, found.owner_id, found.pool_id, found.collaborators) == (closed.to, None, None, ())


def test_custody_moves_as_in_the_worklist() -> None:
    assert journey(captured, pooled).pool_id == NORTH
    assert journey(captured, pooled, claimed, transferred).owner_id == BOB
    assert journey(captured, pooled, claimed, released).owner_id is None


def test_an_invalid_lead_stays_in_its_cohort() -> None:
    found = journey((at(3, 1), captured), (at(3, 5), LeadInvalidated(lead_id=LEAD, from_="new", reason="test")))
    assert (found.status, found.invalid_at, found.cohort) == ("invalid", at(3, 5), date(2026, 3, 1))


def test_a_correction_moves_it_to_the_right_source() -> None:
    corrected = LeadCorrected(lead_id=LEAD, corrects=1, source="fair", product_line="doors")
    found = journey(captured, corrected)
    assert (found.source, found.product_line, found.channel) == ("fair", "doors", "form")


def test_how_likely_it_is_and_when_is_as_it_was_said_last() -> None:
    said = replace(qualified, probability=40, close_date=date(2026, 4, 15))
    found = journey(captured, contacted, said)
    assert (found.probability, found.close_date) == (40, date(2026, 4, 15))
    again = replace(qualified, from_="nurturing", probability=60)
    found = journey(captured, contacted, said, nurtured, again, negotiating)
    assert (found.probability, found.close_date) == (60, None)
