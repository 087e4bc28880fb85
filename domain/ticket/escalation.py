"""Whom a broken promise is brought to: from the ticket upwards, whoever leads the nearest organisation around it."""

from collections.abc import Mapping, Sequence

from domain.ticket.facts.work import PassedOver, PassedOverReason
from domain.values import OrgPath, StaffId, value, within

LEADS = "service_manager"  # The role of those who decide about tickets.


@value
class Superior:
    """Somebody who may be called in."""

    staff_id: StaffId
    org_path: OrgPath
    available: bool = True

    @property
    def depth(self) -> int:
        return self.org_path.count("/")


@value
class Call:
    """Who is called in, and why each of the others above the ticket is not. Nobody, where nobody stands there."""

    to: StaffId | None
    passed_over: tuple[PassedOver, ...]


def calls_for(
    place: OrgPath | None, superiors: Sequence[Superior], agent: StaffId | None, already: StaffId | None = None
) -> Sequence[Call]:
    """Whom to call in for a ticket that lies in a place, and whom instead where the one before is refused. `already`
    has been called in, and this is for the next one up.

    What lies nowhere is for those at the top. Where all are away, the nearest is called in all the same; where nobody
    stands above the one who knows already, he is called in again.
    """
    above = [each for each in superiors if place is None or within(place, each.org_path)]
    before = next((each for each in above if each.staff_id == already), None)
    nearest_first = sorted(above, key=lambda each: (each.depth if place is None else -each.depth, each.staff_id))
    barred = {each.staff_id: reason for each in above if (reason := bar(each, agent, before)) is not None}
    free = [each for each in nearest_first if each.staff_id not in barred]
    away = [each for each in nearest_first if barred.get(each.staff_id) == "away"]
    again = [] if before is None or before.staff_id == agent else [before]
    wanted = free or away or again
    if not wanted:
        return [Call(to=None, passed_over=passed_over(nearest_first, [], barred))]
    return [
        Call(to=each.staff_id, passed_over=passed_over(nearest_first, wanted[: nth + 1], barred))
        for nth, each in enumerate(wanted)
    ]


def bar(each: Superior, agent: StaffId | None, before: Superior | None) -> PassedOverReason | None:
    if each.staff_id == agent:
        return "has-it"
    if before is not None and each.depth >= before.depth:
        return "too-near"
    return None if each.available else "away"


def passed_over(
    above: Sequence[Superior], tried: Sequence[Superior], barred: Mapping[StaffId, PassedOverReason]
) -> tuple[PassedOver, ...]:
    """Why not each of the others. The last of those who are tried is the one who is called in."""

    def reason(each: Superior) -> PassedOverReason:
        if each in tried:
            return "refused"
        return barred.get(each.staff_id) or ("another-first" if each.depth == tried[-1].depth else "further-up")

    others = [each for each in above if each not in tried[-1:]]
    return tuple(PassedOver(staff_id=each.staff_id, reason=reason(each)) for each in others)
