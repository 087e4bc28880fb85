"""Dispatch (分配): a lead that nobody has goes to whom a published rule chooses, and says why; if there is nobody, it
waits in the rule's pool until there is room again.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from commands.lead.custody import DispatchLead
from commands.lead.dispatching import Considered, PoolUndispatched
from commands.staff import TurnAvailability
from consumers.process import FirstOf, Process, Seen
from domain.access import Action, Scope, scope_of
from domain.agent_book import CapacityChanged, SlotReleased
from domain.dispatch_rule import Candidate, Decision, DispatchRule, DispatchRulePublished, bar, decide, matches
from domain.lead.facts.custody import LeadHandedOff, LeadRecycled, LeftOut
from domain.lead.facts.intake import LeadAdopted, LeadCaptured
from domain.lead.facts.work import LeadReopened
from domain.pool import Terms
from domain.staff import AvailabilityChanged, StaffMoved, StaffOnboarded
from domain.values import LeadId, PolicyId, StaffId, replace, within
from projections.capacity import Capacity, capacity
from projections.deadlines import Deadline
from projections.dispatch_queue import QueuedLead, dispatch_queue
from projections.dispatch_rules import dispatch_rules
from projections.pool_directory import PublicPool, pool_directory

dispatch = Process("dispatch", looks_at=(dispatch_queue, dispatch_rules, capacity, pool_directory))

TRIES = 5  # So many are asked, one after the other, when each has filled meanwhile.
AT_ONCE = 100  # So many leads, and no more, are tried again for one change.


class OfALead(Protocol):
    @property
    def lead_id(self) -> LeadId: ...


@dispatch.reacts
def dispatch_what_nobody_has(
    event: LeadCaptured | LeadReopened | LeadAdopted | LeadRecycled | LeadHandedOff, seen: Seen
) -> FirstOf | None:
    """Where no rule is for it, it stays as it is, and is listed among those that wait."""
    lead = still_waiting(event, seen)
    if lead is None:
        return None
    rule = rule_for(lead, seen)
    return None if rule is None else Choice(lead, rule, candidates(lead, rule, seen), seen).commands()


@dispatch.reacts
def try_again_when_there_may_be_room(
    event: CapacityChanged | SlotReleased | AvailabilityChanged | StaffOnboarded | StaffMoved | DispatchRulePublished,
    seen: Seen,
) -> Iterator[FirstOf]:
    """The longest waiting first, each as if those before it had been given away already. For what no rule has been
    for, only a new rule changes anything.
    """
    waiting: tuple[QueuedLead, ...] = seen.rows(dispatch_queue, waiting=True)
    queue = [each for each in waiting if each.rule_id is not None or isinstance(event, DispatchRulePublished)]
    rules = rules_in_force(seen)
    given: dict[StaffId, list[DispatchRule]] = {}
    room: dict[tuple[PolicyId, str | None], set[StaffId]] = {}  # Who has some, by rule and pool.
    sent = 0
    for lead in sorted(queue, key=lambda each: (each.waits_at or 0, each.lead_id)):
        rule = first_of(rules, lead)
        if rule is None:
            continue
        if (place := (rule.rule_id, lead.pool_id)) not in room:
            people = after(given, rule, candidates(lead, rule, seen))
            room[place] = {each.staff_id for each in people if bar(rule.terms, not_failed(each)) is None}
        if not room[place].difference(lead.failed if rule.terms.not_to_who_failed else ()):
            continue
        choice = Choice(lead, rule, after(given, rule, candidates(lead, rule, seen)), seen)
        assert choice.first.chosen is not None, "somebody has room"
        yield choice.commands()
        given.setdefault(choice.first.chosen, []).append(rule)
        room.clear()
        sent += 1
        if sent == AT_ONCE:
            return


@dispatch.when_due("absence-end")
def say_that_an_absence_has_ended(deadline: Deadline) -> TurnAvailability:
    return TurnAvailability(staff_id=StaffId(deadline.subject_id.removeprefix("staff/")))


class Choice:
    """The one whose turn it is, and the next where he has filled meanwhile."""

    def __init__(self, lead: QueuedLead, rule: DispatchRule, people: Sequence[Candidate], seen: Seen) -> None:
        self.lead = lead
        self.rule = rule
        self.people = people
        self.seen_at = min(seen.position(view) for view in dispatch.looks_at)
        self.first = self.among(people)

    def among(self, people: Sequence[Candidate]) -> Decision:
        return decide([self.rule], self.lead.seen(), people, self.seen_at)

    def commands(self) -> FirstOf:
        return FirstOf((*self.somebody(), self.nobody()))

    def somebody(self) -> Iterator[DispatchLead]:
        for _ in range(TRIES):
            decision = self.among(self.people)
            if decision.chosen is None:
                return
            yield DispatchLead(
                lead_id=self.lead.lead_id,
                owner=decision.chosen,
                rule_id=self.rule.rule_id,
                pool_id=self.rule.pool_id if self.lead.pool_id is None else None,
                considered=self.considered(decision),
            )
            self.people = [full(each) if each.staff_id == decision.chosen else each for each in self.people]

    def nobody(self) -> PoolUndispatched:
        """Who was asked has no room by then; who has not been asked, though he might have it, is told apart."""
        decision = self.among(self.people)
        unasked = [] if decision.chosen is None else [LeftOut(staff_id=decision.chosen, reason="outweighed")]
        decision = replace(decision, left_out=(*decision.left_out, *unasked))
        considered = self.considered(decision)
        return PoolUndispatched(lead_id=self.lead.lead_id, rule_id=self.rule.rule_id, considered=considered)

    def considered(self, decision: Decision) -> Considered:
        return Considered(rule_number=self.rule.number, seen_at=decision.seen_at, left_out=decision.left_out)


def still_waiting(event: OfALead, seen: Seen) -> QueuedLead | None:
    """The lead, if it still waits: it may have been taken since."""
    found: tuple[QueuedLead, ...] = seen.rows(dispatch_queue, lead_id=event.lead_id)
    return next((each for each in found if each.waiting), None)


def rule_for(lead: QueuedLead, seen: Seen) -> DispatchRule | None:
    return first_of(rules_in_force(seen), lead)


def rules_in_force(seen: Seen) -> list[DispatchRule]:
    return [row.rule() for row in seen.rows(dispatch_rules, retired=False)]


def first_of(rules: Sequence[DispatchRule], lead: QueuedLead) -> DispatchRule | None:
    """The rule of the lowest priority number among those that are for such a lead."""
    seen = lead.seen()
    matching = [each for each in rules if matches(each.terms.conditions, seen)]
    return min(matching, key=lambda each: (each.terms.priority, each.rule_id), default=None)


def candidates(lead: QueuedLead, rule: DispatchRule, seen: Seen) -> list[Candidate]:
    """Salespeople who are members of the rule's pool, and whoever else of its members the rule names by weight."""
    pool = pool_named(rule.pool_id, seen)
    terms = pool if lead.pool_id is None else pool_named(lead.pool_id, seen)
    cap = Terms().holding_cap if terms is None else terms.holding_cap
    people: tuple[Capacity, ...] = seen.rows(capacity)
    return [candidate(each, lead, rule, cap, seen) for each in people if pool and is_for(each, rule, pool)]


def pool_named(pool_id: str, seen: Seen) -> PublicPool | None:
    return next(iter(seen.rows(pool_directory, pool_id=pool_id)), None)


def is_for(person: Capacity, rule: DispatchRule, pool: PublicPool) -> bool:
    if person.role is None or not any(within(person.org_path or "", unit) for unit in pool.members):
        return False
    by_name = person.staff_id in (rule.terms.weights or {}) and scope_of(person.role, Action.WORK) is not None
    return by_name or scope_of(person.role, Action.CLAIM) is Scope.OWN


def candidate(person: Capacity, lead: QueuedLead, rule: DispatchRule, cap: int, seen: Seen) -> Candidate:
    assert person.org_path is not None
    assigned, last_position = person.had(rule.rule_id, rule.number)
    return Candidate(
        staff_id=person.staff_id,
        org_path=person.org_path,
        skills=person.skills,
        departed=not person.active,
        available=person.available_at(seen.now),
        held=person.held,
        cap=cap if person.cap is None else person.cap,
        assigned=assigned,
        last_position=last_position,
        failed_before=person.staff_id in lead.failed,
    )


def full(person: Candidate) -> Candidate:
    return replace(person, held=max(person.held, person.cap))


def not_failed(person: Candidate) -> Candidate:
    return replace(person, failed_before=False)


def after(given: dict[StaffId, list[DispatchRule]], rule: DispatchRule, people: Sequence[Candidate]) -> list[Candidate]:
    """They, as they will be when they have got what has just been given to them."""
    return [
        replace(
            each,
            held=each.held + len(given.get(each.staff_id, ())),
            assigned=each.assigned + given.get(each.staff_id, []).count(rule),
        )
        for each in people
    ]
