"""Whom a broken promise is brought to: the nearest above the ticket who is to be had, and then the next one up."""

from domain.ticket.escalation import Call, Superior, calls_for
from domain.ticket.facts.work import PassedOver, PassedOverReason
from domain.values import OrgPath, StaffId

DESK = OrgPath("service/desk")


def superior(name: str, org: str, *, available: bool = True) -> Superior:
    return Superior(staff_id=StaffId(name), org_path=OrgPath(org), available=available)


lead, other_lead = superior("lead", "service/desk"), superior("deputy", "service/desk")
manager, head = superior("manager", "service"), superior("head", "service")
elsewhere = superior("stranger", "repairs")


def called(to: str | None, **passed_over: PassedOverReason) -> Call:
    reasons = tuple(PassedOver(staff_id=StaffId(name), reason=reason) for name, reason in passed_over.items())
    return Call(to=None if to is None else StaffId(to), passed_over=reasons)


def test_the_nearest_above_is_called_in_and_who_leads_elsewhere_is_not_thought_of() -> None:
    first, second = calls_for(DESK, [elsewhere, manager, lead], None)
    assert first == called("lead", manager="further-up")
    assert second == called("manager", lead="refused"), "for the case that the lead has just left"


def test_of_two_who_are_equally_near_it_is_always_the_same() -> None:
    for order in ([lead, other_lead], [other_lead, lead]):
        assert calls_for(DESK, order, None)[0] == called("deputy", lead="another-first")


def test_who_has_the_ticket_himself_is_not_called_in() -> None:
    assert list(calls_for(DESK, [lead, manager], StaffId("lead"))) == [called("manager", lead="has-it")]
    assert list(calls_for(DESK, [lead], StaffId("lead"))) == [called(None, lead="has-it")]


def test_who_is_away_is_passed_over_while_anybody_else_is_there() -> None:
    away = superior("lead", "service/desk", available=False)
    assert calls_for(DESK, [away, manager], None)[0] == called("manager", lead="away")
    assert calls_for(DESK, [away], None)[0] == called("lead")
    gone = superior("manager", "service", available=False)
    assert calls_for(DESK, [away, gone], None)[0] == called("lead", manager="away")


def test_the_next_level_lies_above_who_knows_already() -> None:
    assert calls_for(DESK, [lead, other_lead, manager], None, lead.staff_id)[0] == called(
        "manager", deputy="too-near", lead="too-near"
    )


def test_where_nobody_stands_above_him_he_is_called_in_again() -> None:
    assert calls_for(DESK, [manager], None, manager.staff_id)[0] == called("manager")
    assert calls_for(DESK, [head, manager], None, manager.staff_id)[0] == called("manager", head="too-near")
    assert calls_for(DESK, [manager], manager.staff_id, manager.staff_id)[0] == called(None, manager="has-it")


def test_who_knew_already_and_has_left_leaves_it_to_the_nearest() -> None:
    assert calls_for(DESK, [lead, manager], None, StaffId("gone"))[0].to == "lead"


def test_what_lies_nowhere_is_for_the_top() -> None:
    assert calls_for(None, [lead, manager, elsewhere], None)[0] == called(
        "manager", stranger="another-first", lead="further-up"
    )


def test_nobody_is_an_answer_too() -> None:
    assert list(calls_for(DESK, [elsewhere], None)) == [called(None)]
