"""Capacity (库容): who works here, whether he is to be had, how much he holds, and how much more he may.

Where no `cap` or `daily_claims` of his own has been set, those of the pool hold that a lead comes from.
"""

from datetime import date

from domain.agent_book import CapacityChanged, SlotReleased, SlotReserved
from domain.lead.facts.custody import LeadAssigned, LeadClaimed
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import Instant, OrgPath, PolicyId, StaffId
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Scoped, replace, table

DAYS_KEPT = 3  # As in the book itself.


@table
class Capacity(Scoped):
    """`on_duty` lasts until `until`, then it is the other way round.

    `claims` are those of the days in `claim_days`, which are days of `time_zone`. `turns` counts the leads that he has
    had under a version of a dispatch rule, and `last_turns` the position of the last.
    """

    staff_id: StaffId
    name: str | None = None  # Nothing is known of who only occurs in history.
    role: str | None = None
    org_path: OrgPath | None = None
    skills: tuple[str, ...] = ()
    active: bool = False
    on_duty: bool = True
    until: Instant | None = None
    held: int = 0
    cap: int | None = None
    daily_claims: int | None = None
    time_zone: str | None = None
    claim_days: tuple[date, ...] = ()
    claims: tuple[int, ...] = ()
    rules: tuple[PolicyId, ...] = ()
    rule_numbers: tuple[int, ...] = ()
    turns: tuple[int, ...] = ()
    last_turns: tuple[int, ...] = ()

    def available_at(self, at: Instant) -> bool:
        """Whether new work may come his way."""
        return self.active and (self.on_duty if self.until is None or at < self.until else not self.on_duty)

    def had(self, rule_id: PolicyId, number: int) -> tuple[int, int]:
        """How many leads he has had under a version of a rule, and the position of the last."""
        several = zip(self.rules, self.rule_numbers, self.turns, self.last_turns, strict=True)
        return next(((turns, last) for *rule, turns, last in several if rule == [rule_id, number]), (0, 0))


AVAILABLE = "active AND CASE WHEN until IS NULL OR :now < until THEN on_duty ELSE NOT on_duty END"
CLAIMS_TODAY = """COALESCE((SELECT told.claimed FROM unnest(claim_days, claims) AS told (day, claimed)
    WHERE told.day = (:now AT TIME ZONE COALESCE(time_zone, 'UTC'))::date), 0)"""


@projection(
    "capacity",
    key=("staff_id",),
    version=1,
    computed={"available": (bool, AVAILABLE), "claims_today": (int, CLAIMS_TODAY)},
    sorts=("name", "org_path", "held", "cap", "available", "claims_today"),
    filters=("staff_id", "name", "role", "org_path", "skills", "active", "on_duty", "until", "held", "cap"),
)
def capacity(
    row: Capacity | None,
    event: StaffOnboarded
    | StaffMoved
    | StaffDeparted
    | AvailabilityChanged
    | SlotReserved
    | SlotReleased
    | CapacityChanged
    | LeadClaimed
    | LeadAssigned,
    recorded: Recorded,
) -> Capacity:
    found = row or unknown(event.owner if isinstance(event, LeadClaimed | LeadAssigned) else event.staff_id)
    match event:
        case StaffOnboarded(name=name, role=role, org_path=org, skills=skills):
            begun = replace(found, name=name, role=role, org_path=org, skills=skills)
            return replace(begun, active=True, on_duty=True, until=None)
        case StaffMoved(role=role, to=to):
            return replace(found, role=role, org_path=to)
        case StaffDeparted():
            return replace(found, active=False)
        case AvailabilityChanged(available=on_duty, until=until):
            return replace(found, on_duty=on_duty, until=until)
        case SlotReserved(kind=kind, business_date=on):
            found = replace(found, held=found.held + 1)
            return claimed(found, on) if kind == "claim" else found
        case SlotReleased():
            return replace(found, held=found.held - 1)
        case CapacityChanged(cap=cap, daily_claims=daily_claims):
            return replace(found, cap=cap, daily_claims=daily_claims)
        case LeadClaimed(time_zone=time_zone):
            return replace(found, time_zone=time_zone)
        case LeadAssigned(rule_id=rule_id, rule_number=int(number)) if rule_id is not None:
            return taken_by_turns(found, PolicyId(rule_id), number, recorded.position)
        case LeadAssigned():
            return found


@capacity.finds_by("staff_id")
def holder(event: LeadClaimed | LeadAssigned) -> StaffId:
    return event.owner


def unknown(staff_id: StaffId) -> Capacity:
    return Capacity(staff_id=staff_id, owner_id=staff_id)


def claimed(row: Capacity, on: date) -> Capacity:
    days = dict(zip(row.claim_days, row.claims, strict=True))
    days[on] = days.get(on, 0) + 1
    kept = sorted(days)[-DAYS_KEPT:]
    return replace(row, claim_days=tuple(kept), claims=tuple(days[day] for day in kept))


def taken_by_turns(row: Capacity, rule_id: PolicyId, number: int, position: int) -> Capacity:
    """Only the last version of a rule counts: with a new one, all begin anew."""
    had, _ = row.had(rule_id, number)
    several = zip(row.rules, row.rule_numbers, row.turns, row.last_turns, strict=True)
    turns = {rule: (version, turns, last) for rule, version, turns, last in several}
    turns[rule_id] = (number, had + 1, position)
    numbers, counts, lasts = zip(*turns.values(), strict=True)
    return replace(row, rules=tuple(turns), rule_numbers=numbers, turns=counts, last_turns=lasts)
