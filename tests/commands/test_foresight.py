"""What would come of many commands is what comes of them, and nothing is written to find it out."""

from collections.abc import Sequence
from dataclasses import replace as with_other
from uuid import UUID

from commands import DECIDERS
from commands.ask import Answer, Ask, CommandIdReused, Outcome
from commands.execute import Executor
from commands.foresight import Foresight
from commands.lead.capture import CaptureLead
from domain.errors import NotNow, Refused
from domain.identity import Identifier
from domain.lead.refusals import AlreadyKnown
from domain.values import LeadId, replace
from ledger.ledger import Ledger
from tests.memory import memory_ledger
from tests.spec import START, crm


def capture(number: int, phone: int) -> Ask:
    phone_number = Identifier(kind="phone", value=f"+86138000{phone:05}")
    command = CaptureLead(lead_id=LeadId(UUID(int=number)), source="web", channel="web", identities=(phone_number,))
    return Ask(command, UUID(int=1_000 + number), crm)


def executor(ledger: Ledger) -> Executor:
    return Executor(DECIDERS, ledger, clock=lambda: START)


def foresight(ledger: Ledger) -> Foresight:
    return Foresight(ledger, lambda: START)


def said(answers: Sequence[Answer]) -> list[Refused | Exception | None]:
    return [each.refusal if isinstance(each, Outcome) else each for each in answers]


def test_it_is_what_comes_about_and_nothing_is_written() -> None:
    ledger = memory_ledger()
    executor(ledger)([capture(1, 1)])
    position = ledger.last_position()
    asks = [capture(2, 2), capture(3, 2), capture(4, 1), capture(5, 5)]
    foreseen = said(foresight(ledger).answers(asks))
    assert ledger.last_position() == position
    assert [type(each) for each in foreseen] == [type(None), AlreadyKnown, AlreadyKnown, type(None)]
    assert [str(each) for each in foreseen] == [str(each) for each in said(executor(ledger)(asks))]


def test_later_ones_are_decided_on_what_those_before_would_have_left() -> None:
    ledger = memory_ledger()
    view = foresight(ledger)
    assert said(view.answers([capture(1, 1), capture(2, 2)])) == [None, None]
    (no,) = said(view.answers([capture(3, 1)]))
    assert isinstance(no, AlreadyKnown)
    assert no.held_by == UUID(int=1)
    assert said(view.answers([capture(4, 4)])) == [None]


def test_a_command_that_was_sent_before_is_answered_as_it_was_then() -> None:
    ledger = memory_ledger()
    first, second = capture(1, 1), capture(2, 1)
    told = said(executor(ledger)([first, second]))
    view = foresight(ledger)
    assert [str(each) for each in said(view.answers([first, second]))] == [str(each) for each in told]
    other = with_other(first, command=replace(first.command, source="fair"))
    assert [type(each) for each in said(foresight(ledger).answers([other]))] == [CommandIdReused]


def test_the_same_command_again_is_the_same_in_one_portion_or_another() -> None:
    view = foresight(memory_ledger())
    first = capture(1, 1)
    other = with_other(first, command=replace(first.command, source="fair"))
    assert [type(each) for each in said(view.answers([first, first, other]))] == [
        type(None),
        type(None),
        CommandIdReused,
    ]
    assert [type(each) for each in said(view.answers([first, other]))] == [type(None), CommandIdReused]


def test_a_subject_that_is_there_is_found_though_it_is_to_be_begun() -> None:
    ledger = memory_ledger()
    executor(ledger)([capture(1, 1)])
    again = with_other(capture(1, 7), command_id=UUID(int=77))
    (no,) = said(foresight(ledger).answers([again]))
    assert isinstance(no, NotNow)
