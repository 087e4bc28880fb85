"""Who gets a ticket: whoever can help, is to be had, and has the least in hand."""

from collections.abc import Sequence
from fractions import Fraction

from domain.sla import Priority
from domain.ticket.facts.work import LeftOutReason, TicketLeftOut
from domain.values import OrgPath, StaffId, TicketId, value, within

URGENCY: dict[Priority, int] = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


@value
class TicketSeen:
    """A ticket that nobody has, since a position of the ledger. Only its team may get it, if it has one; those of
    `not_to` have had it taken from them.
    """

    ticket_id: TicketId
    priority: Priority
    since: int
    skills: frozenset[str] = frozenset()
    team: OrgPath | None = None
    not_to: frozenset[StaffId] = frozenset()


@value
class TicketCandidate:
    """Somebody who may get it; `last_given` is where he had the last one."""

    staff_id: StaffId
    org_path: OrgPath
    cap: int
    skills: frozenset[str] = frozenset()
    available: bool = True
    open: int = 0
    last_given: int = 0


@value
class TicketDecision:
    """Who gets it, and why the others do not. Nobody, where there is nobody."""

    chosen: StaffId | None
    left_out: tuple[TicketLeftOut, ...]


def in_turn(waiting: Sequence[TicketSeen]) -> list[TicketSeen]:
    """In which order those that wait are given away: the most urgent first, and the oldest of them."""
    return sorted(waiting, key=lambda each: (URGENCY[each.priority], each.since, each.ticket_id))


def decide(
    ticket: TicketSeen, candidates: Sequence[TicketCandidate], refused: Sequence[StaffId] = ()
) -> TicketDecision:
    """The decision on what is known; `refused` are those who were chosen before, and could not be given it."""
    barred: dict[StaffId, LeftOutReason] = {
        each.staff_id: reason for each in candidates if (reason := bar(ticket, each)) is not None
    }
    barred |= dict.fromkeys(refused, "refused")
    eligible = [each for each in candidates if each.staff_id not in barred]
    first = min(eligible, key=lambda each: (load(each), each.last_given, each.staff_id), default=None)
    return TicketDecision(
        chosen=None if first is None else first.staff_id,
        left_out=tuple(
            TicketLeftOut(staff_id=each.staff_id, reason=barred.get(each.staff_id, "outweighed"))
            for each in candidates
            if each is not first
        ),
    )


def bar(ticket: TicketSeen, candidate: TicketCandidate) -> LeftOutReason | None:
    """The first reason for which somebody cannot get it; None when he can."""
    if not candidate.available:
        return "unavailable"
    if ticket.team is not None and not within(candidate.org_path, ticket.team):
        return "team"
    if not ticket.skills <= candidate.skills:
        return "skill"
    if candidate.staff_id in ticket.not_to:
        return "had-it"
    if candidate.open >= candidate.cap:
        return "capacity"
    return None


def load(candidate: TicketCandidate) -> Fraction:
    """How much of what he may have he has in hand."""
    return Fraction(candidate.open, candidate.cap)
