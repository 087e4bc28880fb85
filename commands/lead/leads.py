"""The decider of leads, and what its rules share."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from commands.decider import Decider, Holding
from domain.actor import Asked
from domain.agent_book import SlotReleased
from domain.catalog import CUSTODY_REASONS, Catalog, coded, offered
from domain.errors import ASKED, Invalid, NotNow, require
from domain.identity import Cooling, HeldBy, Identity, IdentityReleased
from domain.lead.facts import LeadEvent
from domain.lead.facts.custody import Access
from domain.lead.facts.work import Status
from domain.lead.states import NAMES, Closed, Held, Lead, Open, OpenStatus, Pooled, Unassigned, Uncaptured, evolve
from domain.money import Money
from domain.pool import Pool, days_after
from domain.values import CatalogId, IdentityId, Instant, LeadId, PoolId, StaffId


def holding(lead: Lead) -> Holding | None:
    """The owner has it in hand, and collaborators beside him; in a pool, it is offered to the pool's members. Where
    nobody has it any more, it remains with those who had it last.
    """
    match lead:
        case Uncaptured():
            return None
        case Open(custody=Held(owner=owner, pool_id=pool_id)):
            return Holding(owner=owner, workers=let_in(lead, "work"), readers=let_in(lead, "read"), pool_id=pool_id)
        case Open(custody=Pooled(pool_id=pool_id)):
            return Holding(pool_id=pool_id, pooled=True)
        case _:
            last = require(lead.custody, Unassigned)
            if last.last_owner is not None or last.last_pool is None:
                return Holding(formerly=last.last_owner)
            return Holding(pool_id=last.last_pool, pooled=True)


def let_in(lead: Open, access: Access) -> dict[StaffId, Instant | None]:
    """The collaborators with that access, and when it ends."""
    helpers = (lead.collaborators or {}).values()
    return {helper.staff_id: helper.until for helper in helpers if helper.access == access}


leads = Decider[Lead, LeadEvent](
    name="lead",
    plural="leads",
    id_field="lead_id",
    key=UUID,
    initial=lambda _: Uncaptured(),
    evolve=evolve,
    holding=holding,
)


def status_before(lead: Open, asked: Asked, *wanted: type[OpenStatus], to: type[OpenStatus] | None = None) -> Status:
    """The status that a change starts from. An imported line may repeat the present one."""
    repeated = (to,) if to and asked.imported else ()
    return NAMES[type(require(lead.status, *wanted, *repeated))]


def still_open(lead: Open | Closed, asked: Asked, *, to: str) -> Open | None:
    """The open lead that is to be closed; None when an imported line repeats that it was."""
    match lead:
        case Open():
            return lead
        case Closed(status=status) if asked.imported and status == to:
            return None
        case _:
            raise NotNow(found=lead.status, wanted=("Open",))


def owner_of(lead: Open | Closed) -> list[StaffId]:
    """The one book in which the lead has a slot, if somebody holds it."""
    match lead:
        case Open(custody=Held(owner=owner)):
            return [owner]
        case _:
            return []


def identities_of(lead: Open | Closed) -> list[IdentityId]:
    return list(lead.identities)


def pool_left(lead: Open | Closed) -> list[PoolId]:
    """The pool under whose terms it is held, if somebody holds it."""
    match lead:
        case Open(custody=Held(pool_id=pool_id)):
            return [pool_id]
        case _:
            return []


def pool_of(lead: Open) -> PoolId:
    """The pool that the lead lies in, or that it was taken from."""
    match lead.custody:
        case Pooled(pool_id=pool_id) | Held(pool_id=pool_id):
            return pool_id
        case _:
            raise NotNow(found="Unassigned", wanted=("Pooled",))


def claimable_from(lead: Open, pool: Pool, asked: Asked) -> Instant:
    """When a lead that nobody holds can be claimed from a pool that it goes into."""
    match require(lead.custody, Unassigned, Pooled):
        case Pooled(claimable_from=claimable_from):
            return claimable_from  # Moved to another pool, new data does not begin to wait again.
        case _:
            return asked.at + timedelta(minutes=pool.terms.new_data_wait_minutes)


VOLUNTARY_RETURN = "voluntary-return"  # What it is where nothing else is said.


def cools_until(pool: Pool, at: Instant) -> Instant:
    """When who holds it no more may claim it again."""
    return days_after(at, pool.terms.cool_down_days, pool.terms.time_zone)


def cooling(pools: Mapping[PoolId, Pool], at: Instant) -> Instant | None:
    """The same, of the one pool that it was held from; None when nobody held it."""
    return next((cools_until(pool, at) for pool in pools.values()), None)


def let_go(
    lead_id: LeadId, lead: Open, identities: Mapping[IdentityId, Identity], cooling: Cooling | None = None
) -> Iterator[SlotReleased | IdentityReleased]:
    """What ends with the lead: its slot in the owner's book, and its hold on every identity. Whoever must wait for the
    lead waits for the next one with the same identity too.
    """
    for owner in owner_of(lead):
        yield SlotReleased(staff_id=owner, lead_id=lead_id)
    for identity in identities.values():
        if isinstance(identity, HeldBy) and identity.lead_id == lead_id:
            yield IdentityReleased(identity_id=identity.identity_id, lead_id=lead_id, cooling=cooling)


def reason_given(asked: Asked) -> None:
    if not asked.imported and (asked.reason is None or not asked.reason.code.strip()):
        raise Invalid(field=f"{ASKED}reason", because="this needs a reason")


def not_negative(amount: Money, field: str = "amount") -> Money:
    if amount.amount < 0:
        raise Invalid(field=field, because="an amount is not negative")
    return amount


def custody_reasons() -> CatalogId:
    return CUSTODY_REASONS


def reason_for_pool(code: str, reasons: Catalog, asked: Asked) -> str:
    """History may have had reasons of its own, and to give a lead back needs no more than that."""
    if asked.imported or code == VOLUNTARY_RETURN:
        return coded("reason", code)
    return offered(reasons, code, "reason")
