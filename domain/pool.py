"""A public pool: who may claim from it, and the terms under which a lead may be held."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.values import Instant, OrgPath, PoolId, fact, value, within


@value
class Terms:
    """How long a lead is protected, and what it takes to claim one. Numbers are defaults, published per pool."""

    time_zone: str = "Asia/Shanghai"
    protection_days: int = 10
    extension_days: int = 3
    warning_days: int = 3
    hard_limit_days: int = 20
    first_contact_hours: int = 24
    cool_down_days: int = 7
    new_data_wait_minutes: int = 0
    holding_cap: int = 200
    daily_claims: int = 20


@lru_cache(maxsize=1_000)
def days_after(start: Instant, days: int, time_zone: str) -> Instant:
    """The same time of day, so many days later, as a calendar on the wall in that zone has it."""
    zone = ZoneInfo(time_zone)
    return (start.astimezone(zone) + timedelta(days=days)).astimezone(start.tzinfo)


@lru_cache(maxsize=1_000)
def business_date(at: datetime, time_zone: str) -> date:
    """The date that an instant falls on in a zone."""
    return at.astimezone(ZoneInfo(time_zone)).date()


# Facts


@fact("pool.published")
class PoolPublished:
    pool_id: PoolId
    number: int
    name: str
    members: tuple[OrgPath, ...]
    terms: Terms


PoolEvent = PoolPublished


# States


@value
class Unpublished: ...


@value
class Pool:
    pool_id: PoolId
    number: int
    members: tuple[OrgPath, ...]
    terms: Terms

    def admits(self, org_path: OrgPath) -> bool:
        """Whether somebody of that organisation is a member."""
        return any(within(org_path, unit) for unit in self.members)


AnyPool = Unpublished | Pool


def evolve(_: AnyPool, event: PoolEvent) -> AnyPool:
    match event:
        case PoolPublished(pool_id=pool_id, number=number, members=members, terms=terms):
            return Pool(pool_id=pool_id, number=number, members=members, terms=terms)
