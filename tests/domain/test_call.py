"""Which histories of a call cannot have been."""

from dataclasses import replace
from functools import reduce

import pytest

from domain.call.facts import CallConnected, CallDispositioned, CallEvent, CallLinked
from domain.call.states import AnyCall, Call, Unheard, evolve
from domain.errors import ImpossibleHistory
from tests.commands.call.situations import ABOUT, CALL, WAYS, completed, connected, ended, requested, ringing, talked


def after(*events: object) -> AnyCall:
    call: AnyCall = Unheard()
    return reduce(evolve, events, call)  # type: ignore[arg-type]  # Only events of calls are given here.


@pytest.mark.parametrize("status", WAYS)
def test_a_call_is_where_the_last_message_says(status: str) -> None:
    call = after(*WAYS[status])
    assert isinstance(call, Call)
    assert call.status == status


@pytest.mark.parametrize(
    "events",
    [
        (CallLinked(call_id=CALL, subject=ABOUT),),
        (CallDispositioned(call_id=CALL, code="x", effective_from_seconds=30),),
        (requested, replace(requested, from_="requested")),
        (requested, connected),
        (requested, CallConnected(call_id=CALL, from_="requested", to="requested"), ringing, ringing),
        (*talked, replace(ringing, from_="completed")),
        (*talked, replace(ended("busy"), from_="connected")),
        (ringing,),
    ],
)
def test_what_cannot_follow_is_no_history(events: tuple[CallEvent, ...]) -> None:
    with pytest.raises(ImpossibleHistory):
        after(*events)


def test_one_end_may_give_way_to_another() -> None:
    call = after(*WAYS["busy"], replace(completed, from_="busy"))
    assert isinstance(call, Call)
    assert call.status == "completed"
