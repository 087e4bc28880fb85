from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pool import Pool, Terms, business_date, days_after
from domain.values import OrgPath, PoolId

ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe", "UTC"]
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ZONES)


@given(moments, st.integers(0, 400), zones)
def test_days_later_it_is_the_same_time_on_the_wall(start: datetime, days: int, zone: str) -> None:
    end = days_after(start, days, zone)
    wall, later = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    assert end.tzinfo == start.tzinfo
    assert abs((end - start) - timedelta(days=days)) <= timedelta(hours=1)
    shown = later.replace(tzinfo=None) - wall.replace(tzinfo=None)
    assert shown == timedelta(days=days) or not exists(wall, days, zone)


def exists(wall: datetime, days: int, zone: str) -> bool:
    """Whether a clock ever shows that; it does not in the hour that summer time takes away."""
    then = wall + timedelta(days=days)
    return then.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == then.replace(tzinfo=None)


@given(moments, st.integers(0, 30), st.integers(0, 30), zones)
def test_more_days_are_never_sooner(start: datetime, fewer: int, more: int, zone: str) -> None:
    assert (days_after(start, fewer, zone) <= days_after(start, more, zone)) == (fewer <= more)


def test_the_date_is_that_of_the_zone() -> None:
    late = datetime(2026, 3, 25, 16, 0, tzinfo=UTC)
    assert business_date(late, "Asia/Shanghai") == date(2026, 3, 26)
    assert business_date(late - timedelta(microseconds=1), "Asia/Shanghai") == date(2026, 3, 25)
    assert business_date(late, "America/New_York") == date(2026, 3, 25)


@pytest.mark.parametrize(("org_path", "admitted"), [("north", True), ("north/team-1", True), ("northern", False)])
def test_a_unit_is_a_member_with_all_below_it(org_path: str, admitted: bool) -> None:
    pool = Pool(pool_id=PoolId("n"), number=1, members=(OrgPath("east"), OrgPath("north")), terms=Terms())
    assert pool.admits(OrgPath(org_path)) == admitted
