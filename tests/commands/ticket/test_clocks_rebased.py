"""What was promised, under another policy, another priority and another calendar.

Wednesday 25 March 2026, at ten. Open from nine to twelve and from one to six, Monday to Friday, in Shanghai.
"""

from dataclasses import replace

from commands.ticket.opening import ChangePriority
from commands.ticket.promises import RebaseSla
from domain.errors import NotNow
from domain.ticket.facts.clocks import SlaRebased
from domain.ticket.facts.opening import PriorityChanged
from domain.ticket.facts.status import TicketResumed
from tests.commands.ticket.one_clock import ask_customer, go_on, quiet, solve
from tests.commands.ticket.situations import (
    OFFICE,
    OPENED,
    TERMS,
    TICKET,
    breached,
    hours,
    leo,
    met,
    mornings,
    open_ticket,
    promise,
    published,
    resumed,
    stopped,
    tom,
    under,
    until,
    usual_but,
)
from tests.spec import crm, day, given

FASTER = under(replace(TERMS, targets=tuple(replace(each, minutes=each.minutes // 2) for each in TERMS.targets)))
rebase = RebaseSla(ticket_id=TICKET)


def rebased_resolution(since: object, elapsed: object, waited: object, deadlines: object) -> SlaRebased:
    return SlaRebased(
        ticket_id=TICKET,
        metric="resolution",
        promise=promise("resolution", hours(12), version=2),
        calendar_id=OFFICE,
        calendar_version=1,
        since=since,  # type: ignore[arg-type]
        elapsed=elapsed,  # type: ignore[arg-type]
        paused=waited,  # type: ignore[arg-type]
        deadlines=deadlines,  # type: ignore[arg-type]
    )


def test_a_new_policy_changes_nothing_until_somebody_says_so() -> None:
    story = quiet().also(FASTER).when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    (_, back) = story.when(go_on, by=tom, at=day(3, 25, 14)).recorded
    assert back.event.deadlines.due_at == day(3, 30, 12)  # As it was promised first.


def test_under_another_version_what_has_elapsed_is_kept() -> None:
    """Two hours gone of now twelve: ten left at 13 on Wednesday, five of them there, five on Thursday."""
    quiet().also(FASTER).when(rebase, by=leo, at=day(3, 25, 13)).then(
        rebased_resolution(day(3, 25, 13), hours(2), hours(0), until(day(3, 26, 11), day(3, 26, 15), day(3, 27, 12)))
    )
    quiet().when(rebase, by=leo, at=day(3, 25, 13)).then()


def test_a_pause_is_not_lost_when_the_policy_changes() -> None:
    """Asleep from 11 to 17 on Wednesday, four hours of it before the change at 16 and one after it."""
    story = quiet().also(FASTER).when(ask_customer, by=tom, at=day(3, 25, 11)).done()
    story = story.when(rebase, by=leo, at=day(3, 25, 16)).then(
        rebased_resolution(day(3, 25, 16), hours(1), hours(4), None)
    )
    story.when(go_on, by=tom, at=day(3, 25, 17)).then(
        TicketResumed(ticket_id=TICKET, from_="pending_customer"),
        resumed(
            "resolution", day(3, 25, 17), hours(1), hours(5), until(day(3, 26, 17), day(3, 27, 11), day(3, 27, 18))
        ),
    )


def test_a_priority_follows_from_impact_and_urgency_and_sets_other_targets() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="high", urgency="high")
    asked = quiet().when(weigh, by=tom, at=day(3, 25, 11))
    asked.then(
        PriorityChanged(ticket_id=TICKET, from_="normal", to="urgent", impact="high", urgency="high"),
        replace(
            rebased_resolution(
                day(3, 25, 11), hours(1), hours(0), until(day(3, 25, 14), day(3, 25, 15), day(3, 25, 17))
            ),
            promise=promise("resolution", hours(4), priority="urgent"),
        ),
    )
    same = ChangePriority(ticket_id=TICKET, impact="medium", urgency="medium")
    quiet().when(same, by=tom, at=day(3, 25, 11)).then(
        PriorityChanged(ticket_id=TICKET, from_="normal", to="normal", impact="medium", urgency="medium")
    )


def test_more_time_does_not_undo_a_breach() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="low", urgency="low")
    weighed = quiet().when(weigh, by=tom, at=day(3, 30, 11))
    assert weighed.recorded[1].event == breached("resolution", day(3, 30))
    (*_, end) = weighed.done().when(solve, by=tom, at=day(3, 30, 12)).recorded
    assert end.event == stopped("resolution", hours(26), "late")


def test_less_time_than_has_gone_by_is_over_at_once() -> None:
    weigh = ChangePriority(ticket_id=TICKET, impact="high", urgency="high")
    (_, change) = quiet().when(weigh, by=tom, at=day(3, 26)).recorded
    assert change.event.deadlines.due_at == day(3, 26)


def test_what_is_promised_no_more_stops_and_goes_on_when_it_is_promised_again() -> None:
    none = under(replace(TERMS, targets=usual_but("resolution")), 2)
    story = (
        quiet().also(none).when(rebase, by=leo, at=day(3, 25, 11)).then(stopped("resolution", hours(1), "no-target"))
    )
    story = story.also(replace(FASTER, number=3))
    (change, back) = story.when(rebase, by=leo, at=day(3, 27, 10)).recorded
    assert change.event.elapsed == back.event.elapsed == hours(1)
    assert back.event.deadlines.due_at == day(3, 30, 14)


def test_a_new_calendar_changes_nothing_that_was_promised() -> None:
    """Only mornings from now on. What ran until eleven, and what is due, was counted with the afternoons."""
    story = quiet().also(mornings)
    (_, stop) = story.when(ask_customer, by=tom, at=day(3, 25, 15)).recorded
    assert stop.event.elapsed == hours(4)
    (_, _, end) = story.when(solve, by=tom, at=day(3, 27, 17)).recorded
    assert end.event == met("resolution", hours(22))


def test_what_is_resumed_is_laid_out_on_the_calendar_of_then() -> None:
    """20 hours left on Thursday at nine, three each morning: until eleven on the seventh."""
    story = quiet().when(ask_customer, by=tom, at=day(3, 25, 15)).done().also(mornings)
    (_, back) = story.when(go_on, by=tom, at=day(3, 26, 9)).recorded
    assert back.event == resumed(
        "resolution",
        day(3, 26, 9),
        hours(4),
        hours(3),
        until(day(4, 1, 11), day(4, 3, 11), day(4, 9, 11)),
        calendar_version=2,
    )


def test_what_decided_is_named_beside_it() -> None:
    (entry, *_) = given(*published).when(open_ticket, by=crm, at=OPENED).recorded
    assert entry.policy_version == "sla-policy/standard@1,calendar/office@1"


def test_what_is_solved_cannot_be_measured_anew() -> None:
    story = quiet().when(solve, by=tom, at=day(3, 25, 11)).done()
    story.when(rebase, by=leo, at=day(3, 25, 12)).refused(NotNow, because="needs Active, and it is Resolved")
