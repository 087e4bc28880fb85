"""Who leads a lead: pools, claims, assignments and transfers."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from commands.lead.dispatching import Considered, decided, must_be_by_a_rule
from commands.lead.leads import (
    claimable_from,
    cools_until,
    custody_reasons,
    leads,
    pool_of,
    reason_for_pool,
    reason_given,
)
from commands.lead.people import giver, must_take_work
from commands.people import in_person
from domain.access import Action
from domain.actor import Asked
from domain.agent_book import AgentBook, SlotKind, SlotReleased, SlotReserved
from domain.calendar import Calendar, due
from domain.catalog import Catalog
from domain.dispatch_rule import AnyDispatchRule, DispatchRule, FirstResponse
from domain.errors import Invalid, require, said
from domain.lead.facts.custody import DispatchDecided, LeadAssigned, LeadClaimed, LeadPooled, LeadTransferred
from domain.lead.refusals import (
    AlreadyHeld,
    BookFull,
    ClaimsSpent,
    CoolingDown,
    NotAMember,
    NotYetClaimable,
)
from domain.lead.states import Held, New, Open, Pooled, Unassigned
from domain.pool import Pool, business_date, days_after
from domain.staff import Staff
from domain.values import CalendarId, Instant, LeadId, PolicyId, PoolId, StaffId, replace, value

# Into a pool


@value
class PoolLead:
    lead_id: LeadId
    pool_id: PoolId
    reason: str


def named_pool(command: PoolLead) -> PoolId:
    return command.pool_id


@leads.decides(Action.DISPATCH, pool=named_pool, reasons=custody_reasons)
def pool(command: PoolLead, lead: Open, pool: Pool, reasons: Catalog, asked: Asked) -> LeadPooled:
    """Offer a lead that nobody holds to the members of a pool."""
    return LeadPooled(
        lead_id=command.lead_id,
        pool_id=command.pool_id,
        reason=reason_for_pool(command.reason, reasons, asked),
        claimable_from=claimable_from(lead, pool, asked),
    )


# Into somebody's hands


def slot(staff_id: StaffId, lead_id: LeadId, kind: SlotKind, book: AgentBook, pool: Pool, asked: Asked) -> SlotReserved:
    """A place in a book, when there is room for one more; history is recorded, not permitted."""
    today = business_date(asked.at, pool.terms.time_zone)
    cap = pool.terms.holding_cap if book.cap is None else book.cap
    limit = pool.terms.daily_claims if book.daily_claims is None else book.daily_claims
    if not asked.imported and len(book.held) >= cap:
        raise BookFull(staff_id=staff_id, held=len(book.held), cap=cap)
    if not asked.imported and kind == "claim" and (claimed := book.claims.get(today, 0)) >= limit:
        raise ClaimsSpent(staff_id=staff_id, claimed=claimed, limit=limit)
    return SlotReserved(staff_id=staff_id, lead_id=lead_id, kind=kind, business_date=today)


def protection(pool: Pool, at: Instant) -> tuple[Instant, Instant, Instant]:
    """When the first contact is due, until when the lead is protected, and the limit that no contact extends."""
    terms = pool.terms
    limit = days_after(at, terms.hard_limit_days, terms.time_zone)
    until = min(days_after(at, terms.protection_days, terms.time_zone), limit)
    return at + timedelta(hours=terms.first_contact_hours), until, limit


@value
class ClaimLead:
    lead_id: LeadId


def claimant(asked: Asked) -> StaffId:
    """A person: what a system does is never put down to somebody."""
    return in_person(asked, Action.CLAIM)


@leads.decides(Action.CLAIM, book=claimant, pool=pool_of)
def claim(
    command: ClaimLead, lead: Open, book: AgentBook, pool: Pool, asked: Asked
) -> Iterator[LeadClaimed | SlotReserved]:
    """Claim (领取) a lead from a pool that one is a member of."""
    if not pool.admits(asked.actor.org_path) and not asked.imported:
        raise NotAMember(pool_id=pool.pool_id)
    told_again = must_be_free(lead, asked.staff_id, asked)
    if not asked.imported:
        must_not_wait(require(lead.custody, Pooled), lead, asked)
    first_contact, until, limit = protection(pool, asked.at)
    yield LeadClaimed(
        lead_id=command.lead_id,
        owner=asked.staff_id,
        pool_id=pool.pool_id,
        first_contact_due=first_contact,
        protect_until=until,
        hard_limit=limit,
        extension_days=pool.terms.extension_days,
        warning_days=pool.terms.warning_days,
        time_zone=pool.terms.time_zone,
    )
    if not told_again:
        yield slot(asked.staff_id, command.lead_id, "claim", book, pool, asked)


def must_be_free(lead: Open, receiver: StaffId, asked: Asked) -> bool:
    """Nobody holds it; or an imported line repeats that the receiver does, which is the answer."""
    match lead.custody:
        case Held(owner=owner) if asked.imported and owner == receiver:
            return True
        case Held(owner=owner, protect_until=until):
            raise AlreadyHeld(owner=owner, until=until)
        case _:
            return False


def must_not_wait(pooled: Pooled, lead: Open, asked: Asked) -> None:
    if asked.at < pooled.claimable_from:
        raise NotYetClaimable(claimable_from=pooled.claimable_from)
    cooling = (lead.cooling or {}).get(asked.staff_id)
    if cooling is not None and asked.at < cooling:
        raise CoolingDown(until=cooling)


@value
class AssignLead:
    """`pool_id` names the pool whose terms hold, where the lead does not lie in one."""

    lead_id: LeadId
    owner: StaffId
    pool_id: PoolId | None = None


@value
class DispatchLead:
    """As AssignLead, decided by a rule that says whom it considered. With `considered` it is a published one, and the
    whole decision is kept.
    """

    lead_id: LeadId
    owner: StaffId
    rule_id: str
    pool_id: PoolId | None = None
    candidates: tuple[StaffId, ...] = ()
    considered: Considered | None = None


def receiver(command: AssignLead | DispatchLead) -> StaffId:
    return command.owner


def pool_for(command: AssignLead | DispatchLead, lead: Open, asked: Asked) -> PoolId:
    """The pool that it lies in; where it lies in none, the one that is named, or that it lay in last."""
    if not isinstance(lead.custody, Unassigned):
        lies_in = pool_of(lead)
        if command.pool_id not in {None, lies_in} and not asked.imported:
            raise Invalid(field="pool_id", because=f"the terms of {lies_in} hold, where the lead comes from")
        return lies_in
    pool_id = command.pool_id or lead.custody.last_pool
    if pool_id is None:
        raise Invalid(field="pool_id", because="a lead that lies in no pool is assigned under the terms of one")
    return pool_id


def chosen_pool(lead: Open, pool: Pool) -> Pool | None:
    """The pool, when somebody has named it and the lead does not lie in it."""
    return pool if isinstance(lead.custody, Unassigned) else None


@leads.decides(Action.ASSIGN, book=receiver, staff=receiver, pool=pool_for)
def assign(
    command: AssignLead, lead: Open, book: AgentBook, staff: Staff, pool: Pool, asked: Asked
) -> Iterator[LeadAssigned | SlotReserved]:
    """Give a lead that nobody holds to somebody of one's own people."""
    must_take_work(command.owner, staff, Action.ASSIGN, asked, chosen_pool(lead, pool))
    told_again = must_be_free(lead, command.owner, asked)
    yield assigned(command, pool, asked)
    if not told_again:
        yield slot(command.owner, command.lead_id, "assign", book, pool, asked)


def rule_considered(command: DispatchLead) -> list[PolicyId]:
    return [] if command.considered is None else [PolicyId(command.rule_id)]


def counting(rules: Mapping[PolicyId, AnyDispatchRule]) -> list[CalendarId]:
    return [promised.calendar_id for rule in rules.values() if (promised := promise(rule)) is not None]


def promise(rule: AnyDispatchRule) -> FirstResponse | None:
    return rule.terms.first_response if isinstance(rule, DispatchRule) else None


def response_due(
    lead: Open, rules: Mapping[PolicyId, AnyDispatchRule], calendars: Mapping[CalendarId, Calendar], asked: Asked
) -> Instant | None:
    """By when a new lead is to be answered, in working time; history had promises of its own."""
    if asked.imported or not isinstance(lead.status, New):
        return None
    promised = [found for rule in rules.values() if (found := promise(rule)) is not None]
    dues = [due(calendars[each.calendar_id], asked.at, timedelta(minutes=each.minutes)) for each in promised]
    return min(dues, default=None)


@leads.decides(
    Action.DISPATCH,
    book=receiver,
    staff=receiver,
    pool=pool_for,
    rules=rule_considered,
    calendars=counting,
)
def dispatch(
    command: DispatchLead,
    lead: Open,
    book: AgentBook,
    staff: Staff,
    pool: Pool,
    rules: Mapping[PolicyId, AnyDispatchRule],
    calendars: Mapping[CalendarId, Calendar],
    asked: Asked,
) -> Iterator[DispatchDecided | LeadAssigned | SlotReserved]:
    """Give a lead to whom a dispatch rule has chosen, and keep whom it considered."""
    must_be_by_a_rule(command.considered, command.owner, command.candidates, asked)
    must_take_work(command.owner, staff, Action.DISPATCH, asked, chosen_pool(lead, pool))
    told_again = must_be_free(lead, command.owner, asked)
    candidates = command.candidates
    for rule_id, rule in rules.items():
        assert command.considered is not None
        yield decided(command.lead_id, rule_id, command.considered, rule, command.owner, asked)
        candidates = candidates or (command.owner, *(each.staff_id for each in command.considered.left_out))
    given = assigned(command, pool, asked)
    answer_by = response_due(lead, rules, calendars, asked)
    yield replace(
        given,
        method="dispatch",
        rule_id=said("rule_id", command.rule_id),
        rule_number=None if command.considered is None else command.considered.rule_number,
        candidates=candidates,
        first_response_due=answer_by,
        first_contact_due=max(given.first_contact_due, answer_by or given.first_contact_due),  # Nights do not count.
    )
    if not told_again:
        yield slot(command.owner, command.lead_id, "dispatch", book, pool, asked)


def assigned(command: AssignLead | DispatchLead, pool: Pool, asked: Asked) -> LeadAssigned:
    first_contact, until, limit = protection(pool, asked.at)
    return LeadAssigned(
        lead_id=command.lead_id,
        owner=command.owner,
        method="assign",
        pool_id=pool.pool_id,
        first_contact_due=first_contact,
        protect_until=until,
        hard_limit=limit,
        extension_days=pool.terms.extension_days,
        warning_days=pool.terms.warning_days,
        time_zone=pool.terms.time_zone,
    )


@value
class TransferLead:
    lead_id: LeadId
    to: StaffId


def taker(command: TransferLead) -> StaffId:
    return command.to


@leads.decides(Action.ASSIGN, pool=pool_of, given=giver, taken=taker, staff=taker)
def transfer(
    command: TransferLead,
    lead: Open,
    pool: Pool,
    given: AgentBook,
    taken: AgentBook,
    staff: Staff,
    asked: Asked,
) -> Iterator[LeadTransferred | SlotReleased | SlotReserved]:
    """Hand a held lead to a colleague, who has a first contact of his own to make. Both limits stay, and it is due
    before them, so nobody gains time by passing it to and fro.
    """
    reason_given(asked)
    must_take_work(command.to, staff, Action.ASSIGN, asked)
    owner = giver(lead)
    if owner == command.to:
        if not asked.imported:
            raise Invalid(field="to", because=f"{owner} holds it already")
        yield LeadTransferred(lead_id=command.lead_id, from_=owner, to=owner)
        return
    reserved = slot(command.to, command.lead_id, "transfer", taken, pool, asked)
    cools = cools_until(pool, asked.at)
    first_contact, *_ = protection(pool, asked.at)
    yield LeadTransferred(
        lead_id=command.lead_id,
        from_=owner,
        to=command.to,
        cools_until=cools,
        first_contact_due=min(first_contact, require(lead.custody, Held).protect_until),
    )
    yield SlotReleased(staff_id=owner, lead_id=command.lead_id)
    yield reserved
