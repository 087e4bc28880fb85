"""An office with salespeople, a dispatch rule, and leads that come in."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from commands.agent_book import ChangeCapacity
from commands.catalog import PublishCatalog
from commands.dispatch_rule import PublishDispatchRule
from commands.lead.capture import CaptureLead
from commands.staff import OnboardStaff
from consumers.policies.dispatch import dispatch
from domain.catalog import LOST_REASONS, Entry
from domain.dispatch_rule import DispatchTerms
from domain.identity import Identifier
from domain.lead.facts.custody import DispatchDecided, LeadAssigned
from domain.lead.states import Held, Open
from domain.values import LeadId, OrgPath, PolicyId, StaffId
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, NORTH, Office, settle

RULE = PolicyId("web")
TEAM = OrgPath("north/team-1")


class Desk(Office):
    def __init__(self, house: House, *processes: Any) -> None:
        super().__init__(house)
        self.do(ADMIN, PublishCatalog(catalog_id=LOST_REASONS, entries=(Entry(code="price"),)))
        self.worker = house.worker()
        self.reacting = self.reactor(*(processes or (dispatch,)))
        settle(self.reacting)

    def person(self, name: str, cap: int | None = None, org: str = TEAM, skills: tuple[str, ...] = ()) -> StaffId:
        staff_id = StaffId(name)
        self.do(ADMIN, OnboardStaff(staff_id=staff_id, name=name, role="sales", org_path=OrgPath(org), skills=skills))
        if cap is not None:
            self.room(name, cap)
        return staff_id

    def room(self, name: str, cap: int) -> None:
        self.do(ADMIN, ChangeCapacity(staff_id=StaffId(name), cap=cap, daily_claims=20))

    def rule(self, weights: Mapping[str, int] | None = None, rule_id: str = RULE, **terms: Any) -> None:
        weighed = None if weights is None else {StaffId(name): weight for name, weight in weights.items()}
        told = DispatchTerms(weights=weighed, **terms)
        self.do(ADMIN, PublishDispatchRule(rule_id=PolicyId(rule_id), name="Web", pool_id=NORTH, terms=told))

    def come(self, *numbers: int, imported: bool = False, **known: Any) -> list[LeadId]:
        leads = [LeadId(UUID(int=number)) for number in numbers]
        for number, lead_id in zip(numbers, leads, strict=True):
            phone = Identifier(kind="phone", value=f"+86138000{number:05}")
            capture = CaptureLead(lead_id=lead_id, identities=(phone,), **{"source": "web", "channel": "form", **known})
            self.do(ADMIN if imported else CRM, capture, imported=imported)
        return leads

    def settled(self) -> None:
        """Everything has been reacted to, and what came of it too."""
        while True:
            before = self.house.ledger.last_position()
            self.house.caught_up()
            settle(self.reacting)
            if self.house.ledger.last_position() == before:
                return

    def owner(self, lead_id: LeadId) -> StaffId | None:
        lead = self.executor.state(f"lead/{lead_id}").state
        assert isinstance(lead, Open)
        return lead.custody.owner if isinstance(lead.custody, Held) else None

    def shares(self) -> Counter[str]:
        return Counter(each.event.owner for each in self.told(LeadAssigned))

    def decisions(self) -> list[DispatchDecided]:
        return [each.event for each in self.told(DispatchDecided)]

    def left_out(self) -> dict[str, str]:
        """Of the last decision."""
        return {each.staff_id: each.reason for each in self.decisions()[-1].left_out}
