"""What other systems are known to get wrong, a spec each, named after the failure."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from commands.calendar import PublishCalendar
from commands.customer.credit import ReserveCredit
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.owners import AssignCustomer, TransferCustomer
from commands.dispatch_rule import PublishDispatchRule
from commands.lead.capture import CaptureLead
from commands.lead.circulation import RecycleLead, ReleaseLead
from commands.lead.custody import AssignLead, ClaimLead, DispatchLead, TransferLead
from commands.lead.work import RecordTouch, ScheduleNextAction
from commands.order.progress import AuthoriseOrder, PlaceOrder, ReopenOrder
from commands.sla_policy import PublishSlaPolicy
from commands.staff import ChangeAvailability, DepartStaff, OnboardStaff
from commands.ticket.dispatching import AgentsConsidered, DispatchTicket
from commands.ticket.promises import BreachSla, RebaseSla, WarnSla
from commands.ticket.status import CloseTicket, PendTicket, ReopenTicket, ResolveTicket, ResumeTicket
from commands.ticket.work import AssignTicket, RecordCustomerReply
from domain.actor import Actor, Reason
from domain.customer.dossier import Profile
from domain.customer.facts.credit import CreditRefused, CreditReleased
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged, FieldChoices
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.person import CustomerProfileUpdated
from domain.customer.refusals import ChoiceNeeded
from domain.dispatch_rule import DispatchTerms
from domain.errors import NotNow
from domain.lead.facts.custody import LeadClaimed, LeadRecycled
from domain.lead.facts.intake import LeadCaptured
from domain.lead.refusals import AlreadyHeld, ClaimsSpent, CoolingDown, NotEmployed, NotYetClaimable
from domain.lead.states import Held
from domain.order.facts import OrderCancelled
from domain.order.refusals import NotReserved, ReservationSpent
from domain.pool import Terms
from domain.sla import Clock, Running, Stopped
from domain.staff import StaffDeparted
from domain.ticket.facts import TicketEvent
from domain.ticket.facts.status import TicketReopened
from domain.ticket.states import Active, Resolved, Ticket, Unopened, evolve
from domain.values import OrgPath, PolicyId, StaffId
from projections.status_time import status_time
from tests.commands.customer.situations import LATER, LI, ORDER, controllers, cora, level, money, ordered, reserved
from tests.commands.customer.situations import OTHER as OTHER_CUSTOMER
from tests.commands.customer.situations import created as customer_created
from tests.commands.customer.situations import other_created as other_customer
from tests.commands.customer.situations import published as credit_published
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    OTHER,
    PHONE,
    captured,
    claim_of,
    contacted,
    converted,
    freed,
    held,
    in_pool,
    negotiating,
    other_captured,
    pooled,
    published,
    qualified,
    slot,
    under,
)
from tests.commands.order.situations import HUNDRED, RESERVATION
from tests.commands.order.situations import authorised as order_authorised
from tests.commands.order.situations import requested as order_requested
from tests.commands.ticket.situations import (
    DESK,
    OFFICE,
    STANDARD,
    TERMS,
    TICKET,
    TOM,
    WEEK,
    answer,
    hours,
    leo,
    open_ticket,
    taken,
    tom,
)
from tests.commands.ticket.situations import new as ticket_opened
from tests.commands.ticket.situations import under as promised
from tests.consumers.office import ADMIN, CRM
from tests.consumers.story import Story
from tests.projections.spec import rows
from tests.spec import ANN, BOB, START, Given, administrator, ann, bob, crm, day, given, mia, policy

claim = ClaimLead(lead_id=LEAD)
named = CustomerProfileUpdated(customer_id=OTHER_CUSTOMER, profile=Profile(name="Li Nana"))


def test_two_people_win_the_same_claim() -> None:
    first = given(*in_pool).when(claim, by=ann).then(claim_of(ANN), slot(ANN))
    first.when(claim, by=bob).refused(AlreadyHeld, because="ann holds it, protected until 2026-04-04")


def test_the_claim_limit_is_escaped_by_claim_and_return() -> None:
    one_a_day = under(Terms(daily_claims=1, cool_down_days=0))
    story = given(*in_pool, *other_captured, pooled(OTHER), one_a_day).when(claim, by=ann).done()
    story = story.when(ReleaseLead(lead_id=LEAD), by=ann).done()
    story.when(ClaimLead(lead_id=OTHER), by=ann).refused(ClaimsSpent, because="ann has claimed 1 of 1 today")


def test_the_operator_is_recorded_as_previous_owner() -> None:
    why = Reason(code="complaint")
    taken = given(*held).when(RecycleLead(lead_id=LEAD, reason="manager-reclaim"), by=mia, reason=why)
    taken.done()
    (recycled,) = [each.event for each in taken.recorded if isinstance(each.event, LeadRecycled)]
    assert recycled.previous_owner == ANN
    assert {each.actor.id for each in taken.recorded} == {"mia"}
    taken.done().when(claim, by=ann, at=day(3, 26)).refused(CoolingDown, because="you held it lately")


def test_any_edit_restarts_the_new_data_wait() -> None:
    waiting = in_pool[:-1]
    story = given(*waiting, pooled(claimable_from=START + timedelta(minutes=30)))
    edited = story.when(RecordTouch(lead_id=LEAD, channel="web"), by=crm, at=START + timedelta(minutes=29)).done()
    edited = edited.when(
        ScheduleNextAction(lead_id=LEAD, at=day(4, 1), what="call"), by=crm, at=START + timedelta(minutes=29)
    ).done()
    edited.when(claim, by=ann, at=START + timedelta(minutes=29)).refused(NotYetClaimable)
    edited.when(claim, by=ann, at=START + timedelta(minutes=30)).done()


def test_leavers_still_receive_work() -> None:
    gone, why = StaffDeparted(staff_id=BOB), Reason(code="holidays")
    left = given(*in_pool, gone)
    left.when(AssignLead(lead_id=LEAD, owner=BOB), by=mia).refused(NotEmployed, because="bob does not work here")
    left.when(DispatchLead(lead_id=LEAD, owner=BOB, rule_id="r"), by=policy).refused(NotEmployed)
    given(*held, gone).when(TransferLead(lead_id=LEAD, to=BOB), by=mia, reason=why).refused(NotEmployed)
    customer = given(*customer_created, gone)
    customer.when(AssignCustomer(customer_id=LI, owner=BOB), by=mia).refused(NotEmployed)
    looked_after = customer.also(CustomerAssigned(customer_id=LI, owner=ANN, role="primary"))
    looked_after.when(TransferCustomer(customer_id=LI, to=BOB), by=mia, reason=why).refused(NotEmployed)
    agent = given(*ticket_opened, StaffDeparted(staff_id=TOM))
    agent.when(AssignTicket(ticket_id=TICKET, agent=TOM), by=leo).refused(NotEmployed)
    considered = AgentsConsidered(policy_number=1, seen_at=9)
    agent.when(DispatchTicket(ticket_id=TICKET, agent=TOM, considered=considered), by=policy).refused(NotEmployed)
    solved = given(*taken, answer).when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom).done()
    again = solved.also(StaffDeparted(staff_id=TOM)).when(RecordCustomerReply(ticket_id=TICKET), by=crm).done()
    assert having(again) is None


def having(story: Given) -> StaffId | None:
    found = ticket(story)
    assert isinstance(found, Active)
    return found.matter.agent


def test_work_left_unassigned_while_all_are_offline_is_never_retried() -> None:
    """A lead and a ticket come at night; who comes in the morning has them."""
    office = Story()
    rule = PublishDispatchRule(rule_id=PolicyId("web"), name="Web", pool_id=NORTH, terms=DispatchTerms())
    calendar = PublishCalendar(calendar_id=OFFICE, name="Office", time_zone="Asia/Shanghai", week=WEEK)
    office.do(ADMIN, rule, calendar, PublishSlaPolicy(policy_id=STANDARD, name="Standard", terms=TERMS))
    office.do(ADMIN, OnboardStaff(staff_id=TOM, name="Tom", role="service_agent", org_path=DESK))
    office.do(ADMIN, *(ChangeAvailability(staff_id=each, available=False) for each in (ANN, TOM)))
    phone = CaptureLead(lead_id=LEAD, source="web", channel="form", identities=(PHONE,))
    office.do(CRM, phone, open_ticket)
    office.until(timedelta(hours=9))
    assert (owner(office), office.executor.state(f"ticket/{TICKET}").state.matter.agent) == (None, None)
    office.do(ADMIN, *(ChangeAvailability(staff_id=each, available=True) for each in (ANN, TOM)))
    office.simulated.settle()
    assert (owner(office), office.executor.state(f"ticket/{TICKET}").state.matter.agent) == (ANN, TOM)


def owner(office: Story) -> StaffId | None:
    custody = office.executor.state(f"lead/{LEAD}").state.custody
    return custody.owner if isinstance(custody, Held) else None


def test_a_converted_lead_still_blocks_reimport() -> None:
    sold = (*published, *captured, contacted, qualified, negotiating, converted, freed(1))
    again = CaptureLead(lead_id=OTHER, source="fair", channel="form", identities=(PHONE,))
    (first, _) = given(*sold).when(again, by=crm).recorded
    assert isinstance(first.event, LeadCaptured)
    given(*sold).when(again, by=crm, imported=True).done()


def test_an_automatic_change_is_attributed_to_an_employee() -> None:
    lapsed = given(*held).when(RecycleLead(lead_id=LEAD, reason="hard-limit"), by=policy, at=day(5, 1))
    lapsed.done()
    assert {(each.actor.kind, each.actor.id) for each in lapsed.recorded} == {("policy", "circulation")}
    namesake = Actor(kind="policy", id=ANN, role="policy")
    claimed = given(*in_pool).when(claim, by=namesake)
    assert not claimed.recorded, "a program that bears somebody's name is not that person"


def test_the_log_disappears_with_the_deleted_user() -> None:
    story = given(*in_pool).when(claim, by=ann)
    story.done()
    gone = story.done().when(DepartStaff(staff_id=ANN), by=administrator).done()
    assert any(isinstance(event, LeadClaimed) and event.owner == ANN for event in gone.history)
    assert {each.actor for each in story.recorded} == {
        Actor(kind="user", id="ann", name="Ann", role="sales", org_path=OrgPath("north/team-1"))
    }, "who he was and where he worked stands with what he did"


def ticket(story: Given) -> Ticket:
    found: Ticket = Unopened()
    for event in story.history:
        if isinstance(event, TicketEvent) and event.ticket_id == TICKET:
            found = evolve(found, event)
    return found


def resolution(story: Given) -> Clock:
    found = ticket(story)
    assert isinstance(found, Active | Resolved)
    return found.matter.clocks["resolution"]


def test_a_pause_is_lost_when_the_sla_policy_changes() -> None:
    """An hour of work, a day's wait, and a promise of 48 hours in place of 24, published and applied meanwhile."""
    story = given(*taken, answer).when(
        PendTicket(ticket_id=TICKET, kind="customer", reason="details"), by=tom, at=day(3, 25, 11)
    )
    twice = tuple(replace(each, minutes=2 * each.minutes) for each in TERMS.targets)
    changed = story.done().also(promised(replace(TERMS, targets=twice)))
    rebased = changed.when(RebaseSla(ticket_id=TICKET), by=leo, at=day(3, 26, 11)).done()
    on = rebased.when(ResumeTicket(ticket_id=TICKET), by=tom, at=day(3, 26, 15)).done()
    clock = resolution(on)
    assert (clock.promise.target, clock.elapsed, clock.paused) == (hours(48), hours(1), hours(8 + 3))
    assert isinstance(clock.hand, Running)
    assert clock.hand.deadlines.due_at == day(4, 3, 14), "47 hours of work after three o'clock on Thursday"


def test_the_clock_runs_on_after_resolve() -> None:
    solved = given(*taken, answer).when(ResolveTicket(ticket_id=TICKET, code="explained"), by=tom, at=day(3, 25, 12))
    story = solved.done()
    for command in (WarnSla(ticket_id=TICKET, metric="resolution"), BreachSla(ticket_id=TICKET, metric="resolution")):
        story.when(command, by=policy, at=day(12, 1)).refused(NotNow)
    assert (resolution(story).hand, resolution(story).elapsed) == (Stopped(why="met"), hours(2))
    again = story.when(ReopenTicket(ticket_id=TICKET), by=tom, at=day(4, 7)).done()
    clock = resolution(again)
    assert clock.elapsed == hours(2), "what lies between was nobody's time"
    assert isinstance(clock.hand, Running)
    assert clock.hand.deadlines.due_at == day(4, 9, 17), "22 hours of work after ten o'clock on the 7th"


def test_a_reopen_is_miscounted() -> None:
    """Once for each time that what was over began again: not for a reply to what goes on, nor for the closing."""
    resolve, reply = ResolveTicket(ticket_id=TICKET, code="explained"), RecordCustomerReply(ticket_id=TICKET)
    story = given(*taken, answer)
    for nth, ways in enumerate(((resolve, reply), (resolve, CloseTicket(ticket_id=TICKET), reply), (resolve, reply))):
        for command in (*ways, reply):
            story = story.when(command, by=tom, at=day(3, 26 + nth)).done()
    reopened = [event for event in story.history if isinstance(event, TicketReopened)]
    assert [each.n for each in reopened] == [1, 2, 3]
    assert {each.agent for each in reopened} == {TOM}
    found = ticket(story)
    assert isinstance(found, Active)
    assert found.matter.reopens == 3


def test_status_start_times_are_invented() -> None:
    """History begins in the middle: since when it stood there nobody has recorded, and nobody knows."""
    begun, quoted_again = day(4, 1), replace(negotiating, from_="negotiating")
    stays = rows(status_time, (begun, qualified), (day(4, 2), negotiating), (day(4, 3), quoted_again))
    assert [(each.status, each.entered, each.left) for each in stays] == [
        ("contacting", None, begun),
        ("qualified", begun, day(4, 2)),
        ("negotiating", day(4, 2), None),
    ]


# Two that are one, and what they may owe


def test_a_merge_loses_history_keeps_the_wrong_value_cannot_be_undone() -> None:
    told = (ordered(), ordered(LATER, customer_id=OTHER_CUSTOMER))
    before = given(*customer_created, *other_customer, named, *told)
    merge = MergeCustomers(customer_id=LI, absorbed=OTHER_CUSTOMER)
    before.when(merge, by=mia).refused(ChoiceNeeded, because="they differ in name: choose")
    chosen = replace(merge, choices=FieldChoices(name="absorbed"))
    asked = before.when(chosen, by=mia)
    (kept,) = [each.event.kept for each in asked.recorded if isinstance(each.event, CustomersMerged)]
    assert kept.profile.name == "Li Nana"
    assert set(kept.orders) == {ORDER, LATER}
    merged = asked.done()
    assert merged.history[: len(before.history)] == before.history
    undo = UnmergeCustomer(customer_id=LI, absorbed=OTHER_CUSTOMER)
    back = merged.when(undo, by=mia, reason=Reason(code="mistake"))
    back.done()
    parts = {
        each.event.customer_id: each.event.kept
        for each in back.recorded
        if isinstance(each.event, CustomerUnmerged | CustomerRestored)
    }
    assert {who: (part.profile.name, set(part.orders)) for who, part in parts.items()} == {
        LI: ("Li Na", {ORDER}),
        OTHER_CUSTOMER: ("Li Nana", {LATER}),
    }


def test_a_credit_limit_is_bypassed_by_closing_and_reopening_an_order() -> None:
    limited = (*credit_published, *controllers, *customer_created, level(), reserved(700, ORDER))
    mine = replace(order_requested, order_id=ORDER, customer_id=LI)
    sure = replace(order_authorised, order_id=ORDER)
    story = given(*limited, mine, sure, OrderCancelled(order_id=ORDER, from_="authorised"))
    reopened = story.when(ReopenOrder(order_id=ORDER), by=ann).done()
    authorise = AuthoriseOrder(order_id=ORDER, amount=HUNDRED, reservation=RESERVATION)
    reopened.when(authorise, by=cora).refused(ReservationSpent, because="authorised on this reservation before")
    another = replace(authorise, reservation=UUID(int=0xF0))
    freed = CreditReleased(customer_id=LI, order_id=ORDER, amount=money(700))
    reopened.also(freed).when(another, by=cora).refused(NotReserved, because="0 CNY is reserved for it")
    reopened.when(PlaceOrder(order_id=ORDER), by=crm).refused(NotNow, because="this needs Authorised")
    other = ReserveCredit(customer_id=LI, order_id=LATER, amount=money(400))
    refused = reopened.when(other, by=crm)
    refused.done()
    assert [type(each.event) for each in refused.recorded] == [CreditRefused], "what was reserved is reserved still"
