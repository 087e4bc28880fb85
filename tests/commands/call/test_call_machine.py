"""Whatever the provider tells, in whatever order and however often: a plain model of the set of messages says the same.

The model knows no order: it is given the set of what was told, and works out the call from that alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from commands.ask import Outcome
from commands.call.line import AttachRecording, ConnectCall, EndCall, NoteRinging, QueueCall
from commands.call.work import RequestCall
from commands.states import Cache, View
from domain.call.facts import CallEnded
from domain.call.states import Call, Unheard, agent_of, connected_at, end_of, talk_seconds
from domain.values import StaffId
from tests.commands.call.situations import CALL, HASH, OTHER_HASH
from tests.commands.office import Process, Rows, added, ask
from tests.spec import START, crm

times = st.none() | st.sampled_from([START + timedelta(seconds=seconds) for seconds in (0, 1, 29, 30, 61)])
agents = st.none() | st.sampled_from([StaffId("ann"), StaffId("bob")])
QUIET = ("no_answer", "busy", "rejected", "abandoned")
CERTAINTY = ("abandoned", "failed", "rejected", "busy", "no_answer", "completed")  # Of two alike, the last of these.
messages = st.one_of(
    st.builds(NoteRinging, call_id=st.just(CALL), at=times),
    st.builds(QueueCall, call_id=st.just(CALL), queue=st.sampled_from([None, "q"]), at=times),
    st.builds(ConnectCall, call_id=st.just(CALL), agent=agents, at=times),
    st.builds(
        EndCall,
        call_id=st.just(CALL),
        outcome=st.sampled_from(["completed", "failed"]),
        talk_seconds=st.sampled_from([None, 0, 29, 30]),
        hangup_by=st.sampled_from([None, "agent", "customer"]),
        at=times,
    ),
    st.builds(EndCall, call_id=st.just(CALL), outcome=st.sampled_from(QUIET), at=times),
    st.builds(AttachRecording, call_id=st.just(CALL), uri=st.just("u"), hash_=st.sampled_from([HASH, OTHER_HASH])),
    st.just(RequestCall(call_id=CALL, direction="outbound", agent=StaffId("sue"), message_id="request")),
)


def numbered(told: list[Any]) -> list[Any]:
    """Every second one has a number of its own; the others are known by what they say."""
    return [
        replace(each, message_id=f"m-{nth}")
        if nth % 2 and not isinstance(each, AttachRecording | RequestCall)
        else each
        for nth, each in enumerate(told)
    ]


def plain(told: Iterable[Any]) -> tuple[object, ...]:
    """Status, agent, since when, how long, how it ended and its recordings, from the set of messages."""
    told = list(told)

    def of(kind: type) -> list[Any]:
        return [each for each in told if isinstance(each, kind)]

    def known_and_late(at: datetime | None) -> float:
        return float("-inf") if at is None else at.timestamp()

    status, end = None, None
    for kind, name in ((RequestCall, "requested"), (NoteRinging, "ringing"), (QueueCall, "queued")):
        status = name if of(kind) else status
    status = "connected" if of(ConnectCall) else status
    if ends := of(EndCall):
        counted = [each for each in ends if each.talk_seconds is not None] or ends
        last = max(known_and_late(each.at) for each in counted)
        best = [each for each in counted if known_and_late(each.at) == last]
        status = max((each.outcome for each in best), key=CERTAINTY.index)
        best = [each for each in best if each.outcome == status]
        talked = max(-1 if each.talk_seconds is None else each.talk_seconds for each in best)
        best = [each for each in best if talked in {each.talk_seconds, -1}]
        end = status, talked if talked >= 0 else None, max(each.hangup_by or "" for each in best), last
    since = min((each.at for each in of(ConnectCall) if each.at), default=None)
    agent = "sue" if of(RequestCall) else None
    if named := [each for each in of(ConnectCall) if each.agent]:
        last_at = max(known_and_late(each.at) for each in named)
        agent = max(each.agent for each in named if known_and_late(each.at) == last_at)
    talk = None
    if end is not None and end[1] is not None:
        talk = end[1]
    elif end is not None and since is not None and status not in QUIET and end[3] >= since.timestamp():
        talk = int(end[3] - since.timestamp())
    recordings = {each.hash_ for each in of(AttachRecording)}
    return status, agent, since, talk, end, recordings


def found(call: object) -> tuple[object, ...]:
    if isinstance(call, Unheard):
        return plain([])
    assert isinstance(call, Call)
    end = end_of(call)
    told = None
    if end is not None:
        at = float("-inf") if end.at is None else end.at.timestamp()
        told = end.outcome, end.talk_seconds, end.hangup_by or "", at
    return call.status, agent_of(call), connected_at(call), talk_seconds(call), told, set(call.recordings)


def state_of(process: Process) -> object:
    """Read anew, from what is stored."""
    view = View(Cache(1), process.ledger, process.executor.deciders, lambda: CALL)
    return view.get(f"call/{CALL}").state


class Line(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.process = Process(self.rows)
        self.told: list[Any] = []

    @rule(message=messages, numbers=st.booleans())
    def something_is_told(self, message: Any, numbers: bool) -> None:
        if numbers and not isinstance(message, AttachRecording | RequestCall):
            message = replace(message, message_id=f"m-{len(self.told)}")
        self.tell(message)

    @rule(which=st.integers(0, 1_000))
    def something_is_told_again(self, which: int) -> None:
        if self.told:
            before = len(added(self.rows))
            self.tell(self.told[which % len(self.told)])
            assert len(added(self.rows)) == before, "once is enough"

    def tell(self, message: Any) -> None:
        (answer,) = self.process(ask(message, crm))
        assert isinstance(answer, Outcome)
        assert answer.refusal is None
        self.told.append(message)

    @invariant()
    def the_call_is_what_the_set_of_messages_makes_it(self) -> None:
        assert found(state_of(self.process)) == plain(self.told)
        ends = [event for event in added(self.rows) if isinstance(event, CallEnded)]
        assert not ends or ends[-1].to == plain(self.told)[0], "and what is told to others says so"


TestLine = Line.TestCase
TestLine.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]  # Hundreds of histories.
TestLine.settings = settings(stateful_step_count=15)


@given(told=st.lists(messages, min_size=2, max_size=6), data=st.data())
def test_any_order_and_any_repetition_come_to_one_final_state(told: list[Any], data: st.DataObject) -> None:
    told = numbered(told)
    once = Process(Rows())
    once.done(*(ask(each, crm) for each in told))
    again = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=3))))
    shuffled = Process(Rows())
    shuffled.done(*(ask(each, crm) for each in again))
    one, other = state_of(once), state_of(shuffled)
    assert isinstance(one, Call)
    assert isinstance(other, Call)
    assert replace(one) == other
