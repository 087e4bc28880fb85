"""Histories of any kind, of few subjects: what a view must fold, whatever the rules would have said."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from domain.erasure import MoreForgotten
from domain.identity import IdentityLink
from domain.lead.facts.custody import ProtectionExtended, ProtectionExtensionGranted
from domain.lead.facts.intake import LeadCorrected, LeadScored
from domain.lead.facts.work import NextActionScheduled
from domain.money import Money
from domain.pool import PoolPublished, Terms
from domain.staff import StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import FACT_NAMES, IdentityId, LeadId, OrgPath, PoolId, StaffId
from tests.projections import leads
from tests.projections.leads import at

Make = Callable[[Random], Any]
LEADS = [LeadId(UUID(int=number)) for number in range(1, 9)]
STAFF = [StaffId(name) for name in ("ann", "bob", "o'tto", "安")]
POOLS = [PoolId(name) for name in ("north", "south")]
ORGS = [OrgPath(path) for path in ("north", "north/team-1", "south")]
ODD = ["ads", "fair", "back\\slash", "tab\there", "new\nline", 'quo"te', "com,ma", "{brace}", "\\N", "NULL", "", "中文"]


def links(chance: Random) -> tuple[IdentityLink, ...]:
    return tuple(
        IdentityLink(
            identity_id=IdentityId(UUID(int=chance.randrange(20))),
            kind=chance.choice(["phone", "email"]),
            value=f"+86138{chance.randrange(10**8):08}",
        )
        for _ in range(chance.randrange(4))
    )


def money(chance: Random) -> Money:
    return Money(
        amount=Decimal(chance.choice(["0", "1.50", "1E+3", "12345678.90"])), currency=chance.choice(["CNY", "EUR"])
    )


TEMPLATES = [found for found in vars(leads).values() if type(found) in FACT_NAMES]
PLAIN: list[Make] = [
    lambda chance: replace(
        leads.captured, identities=links(chance), source=chance.choice(ODD), requested_amount=money(chance)
    ),
    lambda chance: replace(leads.touched, channel=chance.choice(ODD)),
    lambda chance: replace(leads.qualified, amount=money(chance)),
    lambda chance: replace(leads.lost, reason=chance.choice(ODD)),
    lambda chance: LeadScored(lead_id=LEADS[0], score=chance.randrange(100), grade="A", model_version="1"),
    lambda chance: NextActionScheduled(lead_id=LEADS[0], at=at(4, chance.randint(1, 30)), what="call"),
    lambda chance: ProtectionExtended(lead_id=LEADS[0], until=at(4, chance.randint(1, 30))),
    lambda chance: ProtectionExtensionGranted(lead_id=LEADS[0], until=at(4, chance.randint(1, 30)), by=STAFF[0]),
    lambda chance: LeadCorrected(
        lead_id=LEADS[0],
        corrects=1,
        source=chance.choice([None, *ODD]),
        identities_added=links(chance),
        identities_removed=tuple(link.identity_id for link in links(chance)),
    ),
]
OTHERS: list[Make] = [
    lambda chance: StaffOnboarded(
        staff_id=chance.choice(STAFF), name=chance.choice(ODD), role="sales", org_path=chance.choice(ORGS)
    ),
    lambda chance: StaffMoved(staff_id=chance.choice(STAFF), role="sales", from_=ORGS[0], to=chance.choice(ORGS)),
    lambda chance: StaffDeparted(staff_id=chance.choice(STAFF)),
    lambda chance: PoolPublished(
        pool_id=chance.choice(POOLS),
        number=chance.randrange(9),
        name=chance.choice(ODD),
        members=tuple(chance.sample(ORGS, chance.randint(1, 3))),
        terms=Terms(),
    ),
]


def any_event(chance: Random) -> Any:
    made = chance.random()
    if made < 0.25:
        return chance.choice(OTHERS)(chance)
    event = chance.choice(PLAIN)(chance) if made < 0.6 else chance.choice(TEMPLATES)
    return replace(event, lead_id=chance.choice(LEADS))


def any_erasure(chance: Random, begun: Collection[LeadId]) -> MoreForgotten:
    """Of leads that have begun: nobody can be forgotten before."""
    some = chance.sample(sorted(begun), min(2, len(begun)))
    return MoreForgotten(customer_id=leads.CUSTOMER, subjects=tuple(f"lead/{each}" for each in some))


def any_history(chance: Random, events: int, *, forgets: float = 0.0) -> Iterator[tuple[datetime, Any]]:
    """Events with times that mostly, but not always, go on."""
    when, begun = at(3, 1), set[LeadId]()
    for _ in range(events):
        when += timedelta(microseconds=chance.randrange(-(10**9), 10**11))
        if begun and chance.random() < forgets:
            yield when, any_erasure(chance, begun)
            continue
        event = any_event(chance)
        begun |= {event.lead_id} if hasattr(event, "lead_id") else set()
        yield when, event
