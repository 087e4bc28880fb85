"""How a lead comes back into a pool: its owner gives it back, or it is taken from him."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from commands.becoming import who_answers
from commands.lead.exemption import must_not_be_exempt
from commands.lead.leads import (
    VOLUNTARY_RETURN,
    cools_until,
    custody_reasons,
    leads,
    pool_of,
    reason_for_pool,
    reason_given,
)
from commands.lead.people import giver
from commands.people import in_person, must_be_a_rule_s, must_be_owner_or_manager
from commands.risk import identities_shown, must_not_be_held, whose_lead
from domain.access import Action, scope_of
from domain.actor import Asked
from domain.agent_book import AgentBook, SlotReleased
from domain.catalog import Catalog
from domain.customer.states import Customer
from domain.errors import require
from domain.identity import Identity
from domain.lead.facts.custody import LapseWarned, LeadRecycled, LeadReleased
from domain.lead.facts.terms import NOT_WORKED_ON, RecycleReason
from domain.lead.refusals import NotAMember, NoTimeToWarn, ReasonDoesNotHold, StillProtected, WarnedAlready
from domain.lead.states import Held, Open
from domain.pool import Pool
from domain.signature import consulted
from domain.staff import Employed, Staff
from domain.values import CustomerId, IdentityId, LeadId, PoolId, value


@value
class ReleaseLead:
    """Back into the pool it came from, or into the one that is named."""

    lead_id: LeadId
    reason: str = VOLUNTARY_RETURN
    pool_id: PoolId | None = None


def way_back(command: "ReleaseLead | RecycleLead", lead: Open) -> PoolId:
    return command.pool_id or require(lead.custody, Held).pool_id


@leads.decides(Action.WORK, pool=way_back, own_pool=pool_of, staff=giver, book=giver, reasons=custody_reasons)
def release(
    command: ReleaseLead,
    lead: Open,
    pool: Pool,
    own_pool: Pool,
    staff: Staff,
    book: AgentBook,
    reasons: Catalog,
    asked: Asked,
) -> Iterator[LeadReleased | SlotReleased]:
    """Give a lead back (退回): its owner does, or a manager. A manager may choose any pool."""
    owner = giver(lead)
    must_be_owner_or_manager(owner, staff, asked)
    if not asked.imported:
        in_person(asked, Action.WORK)
        is_manager = scope_of(asked.actor.role, Action.ASSIGN) is not None
        if pool != own_pool and not is_manager and not pool.admits(asked.actor.org_path):
            raise NotAMember(pool_id=pool.pool_id)
    yield LeadReleased(
        lead_id=command.lead_id,
        from_=owner,
        pool_id=pool.pool_id,
        reason=reason_for_pool(command.reason, reasons, asked),
        claimable_from=asked.at,
        cools_until=cools_until(own_pool, asked.at),
    )
    yield SlotReleased(staff_id=owner, lead_id=command.lead_id)


@value
class RecycleLead:
    lead_id: LeadId
    reason: RecycleReason
    rule_id: str | None = None
    pool_id: PoolId | None = None


@consulted
def identities_concerned(command: RecycleLead, lead: Open) -> list[IdentityId]:
    return identities_shown(lead) if command.reason in NOT_WORKED_ON else []


@consulted
def customers_concerned(
    command: RecycleLead, lead: Open, identities: Mapping[IdentityId, Identity]
) -> list[CustomerId]:
    """Whom the lead is about, where that matters."""
    return whose_lead(lead, identities) if command.reason in NOT_WORKED_ON else []


@leads.decides(
    Action.ASSIGN,
    pool=way_back,
    own_pool=pool_of,
    staff=giver,
    book=giver,
    identities=identities_concerned,
    customers=customers_concerned,
    survivors=who_answers,
)
def recycle(
    command: RecycleLead,
    lead: Open,
    pool: Pool,
    own_pool: Pool,
    staff: Staff,
    book: AgentBook,
    identities: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> Iterator[LeadRecycled | SlotReleased]:
    """Take a lead back (回收) for a reason that the lead, its owner or his book really shows."""
    must_be_a_rule_s("rule_id", command.rule_id, asked)
    del identities
    held = require(lead.custody, Held)
    if not asked.imported:
        cap = own_pool.terms.holding_cap if book.cap is None else book.cap
        if command.reason in NOT_WORKED_ON:
            must_not_be_spared(lead, customers, survivors, asked)
        must_hold_true(command.reason, lead, held, staff, len(book.held), cap, asked)
    yield LeadRecycled(
        lead_id=command.lead_id,
        previous_owner=held.owner,
        pool_id=pool.pool_id,
        reason=command.reason,
        claimable_from=asked.at,
        cools_until=cools_until(own_pool, asked.at),
        rule_id=command.rule_id,
    )
    yield SlotReleased(staff_id=held.owner, lead_id=command.lead_id)


def must_not_be_spared(
    lead: Open, customers: Mapping[CustomerId, Customer], survivors: Mapping[CustomerId, Customer], asked: Asked
) -> None:
    """Nobody loses what he is not to go on with."""
    must_not_be_exempt(lead, {**customers, **survivors}, asked)
    must_not_be_held(customers, survivors, asked)


def must_hold_true(
    reason: RecycleReason,
    lead: Open,
    held: Held,
    staff: Staff,
    slots: int,
    cap: int,
    asked: Asked,
) -> None:
    """The reason, checked against what is so at this version."""
    match reason:
        case "no-first-contact" if held.contacted:
            raise ReasonDoesNotHold(reason=reason, because="a contact has been made")
        case "no-first-contact" if asked.at < (due := held.first_response_due or held.first_contact_due):
            raise StillProtected(owner=held.owner, until=due)
        case "no-opportunity" if lead.stage == "opportunity":
            raise ReasonDoesNotHold(reason=reason, because="it is an opportunity")
        case "no-opportunity" | "no-follow-up" if asked.at < held.protect_until:
            raise StillProtected(owner=held.owner, until=held.protect_until)
        case "hard-limit" if asked.at < held.hard_limit:
            raise StillProtected(owner=held.owner, until=held.hard_limit)
        case "owner-departed" if isinstance(staff, Employed):
            raise ReasonDoesNotHold(reason=reason, because=f"{held.owner} works here")
        case "over-capacity" if slots <= cap:
            raise ReasonDoesNotHold(reason=reason, because=f"{held.owner} holds {slots} of {cap}")
        case "voluntary-return":
            raise ReasonDoesNotHold(reason=reason, because="that is a release, by the owner")
        case "manager-reclaim":
            in_person(asked, Action.ASSIGN)
            reason_given(asked)
        case _:
            pass


@value
class WarnOfLapse:
    lead_id: LeadId


@leads.decides(Action.ASSIGN, identities=identities_shown, customers=whose_lead, survivors=who_answers)
def warn_of_lapse(
    command: WarnOfLapse,
    lead: Open,
    identities: Mapping[IdentityId, Identity],
    customers: Mapping[CustomerId, Customer],
    survivors: Mapping[CustomerId, Customer],
    asked: Asked,
) -> LapseWarned:
    """Tell the owner that the protection is about to lapse (即将失效), once for each expiry and in time."""
    del identities
    held = require(lead.custody, Held)
    must_not_be_spared(lead, customers, survivors, asked)
    if held.warned:
        raise WarnedAlready(owner=held.owner, until=held.protect_until)
    begins = held.protect_until - timedelta(days=held.warning_days)
    if not begins <= asked.at < held.protect_until:
        raise NoTimeToWarn(since=begins, until=held.protect_until)
    return LapseWarned(lead_id=command.lead_id, owner=held.owner, until=held.protect_until)
