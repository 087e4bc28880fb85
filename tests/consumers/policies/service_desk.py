"""An office with a service desk: who helps, what is promised, and how tickets come."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from commands.calendar import PublishCalendar
from commands.sla_policy import PublishSlaPolicy
from commands.staff import OnboardStaff
from commands.ticket.opening import OpenTicket
from consumers.clock import Clock
from domain.sla_policy import SlaTerms
from domain.ticket.states import Known, Unopened
from domain.values import OrgPath, StaffId, TicketId
from tests.commands.ticket.situations import DESK, OFFICE, STANDARD, TERMS, WEEK, open_ticket, team
from tests.consumers.house import House
from tests.consumers.office import ADMIN, CRM, START, Office


class Desk(Office):
    """It opens at ten on a Wednesday; what is promised is what `situations` promises."""

    def __init__(self, house: House, terms: SlaTerms = TERMS) -> None:
        super().__init__(house)
        for each in team:
            self.do(
                ADMIN,
                OnboardStaff(
                    staff_id=each.staff_id, name=each.name, role=each.role, org_path=each.org_path, skills=each.skills
                ),
            )
        self.do(ADMIN, PublishCalendar(calendar_id=OFFICE, name="Office", time_zone="Asia/Shanghai", week=WEEK))
        self.do(ADMIN, PublishSlaPolicy(policy_id=STANDARD, name="Standard", terms=terms))

    def lead_the_desk(self, staff_id: StaffId, org: OrgPath = DESK) -> None:
        self.do(ADMIN, OnboardStaff(staff_id=staff_id, name=staff_id, role="service_manager", org_path=org))

    def open(self, number: int, **given: Any) -> TicketId:
        ticket_id = TicketId(UUID(int=number))
        command: OpenTicket = replace(open_ticket, ticket_id=ticket_id, **given)
        self.do(CRM, command)
        return ticket_id

    def ticket(self, ticket_id: TicketId) -> Known:
        found = self.executor.state(f"ticket/{ticket_id}").state
        assert not isinstance(found, Unopened)
        return found  # type: ignore[no-any-return]

    def at(self, moment: datetime | timedelta, clock: Clock) -> int:
        """What the clock sends at a moment."""
        self.now = START + moment if isinstance(moment, timedelta) else moment
        self.house.caught_up()
        return clock.round()
