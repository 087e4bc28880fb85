"""What the telephone exchange tells, late, twice and in any order, and what is known of a call then."""

from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from commands.call.line import ConnectCall, EndCall, NoteRinging, QueueCall
from commands.call.work import RequestCall
from consumers.inbound.calls import CAUSES, telephony_calls
from domain.call.facts import CallConnected, CallEnded, CallQueued, CallRecordingAttached, CallRequested, CallRinging
from domain.call.refusals import AlreadyRequested
from domain.call.states import OUTCOMES, Call, Unheard, agent_of, connected_at, talk_seconds
from domain.identity import Identifier
from domain.values import CallId, StaffId
from tests.commands.call.situations import CALL, HASH, OTHER_HASH, requested
from tests.consumers.inbound.provider import SENT, Provider, ago, our_id, utc
from tests.spec import ANN, BOB, day

ITS = CallId(our_id("call", "telephony", "pbx-7"))
RANG, WAITED, TALKED, PASSED_ON, OVER = (ago(seconds=seconds) for seconds in (300, 290, 280, 200, 100))


def told(type_: str, **words: Any) -> dict[str, Any]:
    event = {"type": type_, "call": "pbx-7", **words}
    return {"id": f"{type_}-{words.get('at', '')}", "sent_at": SENT, "event": event}


placed = told("placed", direction="inbound", number="+8613800000001")
ringing = told("ringing", at=RANG)
queued = told("queued", queue="support-zh", at=WAITED)
answered = told("answered", agent=ANN, at=TALKED)
passed_on = told("answered", agent=BOB, at=PASSED_ON)
ended = told("ended", cause="normal-clearing", released_by="customer", billed_seconds=180, at=OVER)
recorded = told("recorded", url="s3://recordings/7.wav", sha256=HASH)


def but(message: dict[str, Any], **words: Any) -> dict[str, Any]:
    """The same, and of the event something else."""
    return {**message, "id": f"{message['id']}'", "event": {**message["event"], **words}}


def again(message: dict[str, Any]) -> dict[str, Any]:
    """The same, delivered under another number."""
    return {**message, "id": f"{message['id']}-again"}


def without(message: dict[str, Any], word: str) -> dict[str, Any]:
    return {**message, "event": {name: said for name, said in message["event"].items() if name != word}}


def call_of(exchange: Provider, call_id: CallId = ITS) -> Call:
    found = exchange.state(f"call/{call_id}")
    assert isinstance(found, Call)
    return found


# What it comes to


def test_a_call_comes_in_rings_waits_is_answered_ends_and_is_kept() -> None:
    exchange = Provider(telephony_calls)
    assert exchange.sends(placed, ringing, queued, answered, ended, recorded) == [
        CallRequested(call_id=ITS, direction="inbound", number="+8613800000001"),
        CallRinging(call_id=ITS, from_="requested", to="ringing", at=utc(RANG)),
        CallQueued(call_id=ITS, from_="ringing", to="queued", queue="support-zh", at=utc(WAITED)),
        CallConnected(call_id=ITS, from_="queued", to="connected", agent=ANN, at=utc(TALKED)),
        CallEnded(
            call_id=ITS,
            from_="connected",
            to="completed",
            outcome="completed",
            talk_seconds=180,
            hangup_by="customer",
            at=utc(OVER),
        ),
        CallRecordingAttached(call_id=ITS, uri="s3://recordings/7.wav", hash_=HASH),
    ]
    assert not exchange.refusals


def test_a_call_that_we_have_asked_for_is_that_call() -> None:
    exchange = Provider(telephony_calls, requested)
    ours = {"reference": str(CALL)}
    assert exchange.sends(but(placed, **ours)) == []
    assert exchange.sends(but(ringing, **ours)) == [
        CallRinging(call_id=CALL, from_="requested", to="ringing", at=utc(RANG))
    ]
    assert not exchange.refusals
    for nothing in ("", None):
        (command,) = exchange.commands(but(ringing, reference=nothing))
        assert command == NoteRinging(call_id=ITS, at=utc(RANG))


def test_calls_of_other_names_are_other_calls() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(placed, but(placed, call="pbx-8"))
    assert not exchange.refusals
    assert call_of(exchange) == call_of(exchange, CallId(our_id("call", "telephony", "pbx-8")))


def test_every_way_to_end_is_known() -> None:
    assert {*CAUSES.values()} == {*OUTCOMES}
    for cause, outcome in CAUSES.items():
        exchange = Provider(telephony_calls)
        exchange.sends(placed, but(ended, cause=cause))
        assert call_of(exchange).status == outcome


def test_who_sits_at_his_telephone_is_not_told_on() -> None:
    exchange = Provider(telephony_calls)
    assert exchange.sends({"id": "1", "sent_at": SENT, "event": {"type": "seat", "agent": "ann", "state": "tea"}}) == []
    assert not exchange.refusals


# Late, out of order, twice


def test_an_end_before_the_beginning_is_an_end() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(ended)
    assert call_of(exchange).status == "completed"
    assert agent_of(call_of(exchange)) is None
    exchange.sends(answered, ringing, placed)
    assert call_of(exchange).status == "completed"
    assert agent_of(call_of(exchange)) == ANN
    assert connected_at(call_of(exchange)) == utc(TALKED)


def test_a_recording_before_the_end_or_before_anything_is_kept() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(recorded)
    assert call_of(exchange) == Call(recordings=frozenset({HASH}))
    exchange.sends(ended, recorded, again(recorded), but(recorded, sha256=OTHER_HASH))
    assert call_of(exchange).status == "completed"
    assert call_of(exchange).recordings == {HASH, OTHER_HASH}


def test_who_talked_last_has_the_call_whichever_is_told_first() -> None:
    for order in ((answered, passed_on), (passed_on, answered)):
        exchange = Provider(telephony_calls)
        exchange.sends(*order)
        assert agent_of(call_of(exchange)) == BOB


def test_a_second_end_stands_where_it_knows_more() -> None:
    unanswered = told("ended", cause="no-answer", at=ago(seconds=50))
    for order in ((unanswered, ended), (ended, unanswered)):
        exchange = Provider(telephony_calls)
        exchange.sends(*order)
        assert call_of(exchange).status == "completed"
        assert talk_seconds(call_of(exchange)) == 180


@pytest.mark.parametrize("message", [ringing, queued, answered, ended, recorded])
def test_of_what_is_told_twice_nothing_happens_twice(message: dict[str, Any]) -> None:
    exchange = Provider(telephony_calls)
    assert len(exchange.sends(message)) == 1
    assert exchange.sends(message, again(message)) == []
    assert not exchange.refusals


def test_a_call_is_made_once() -> None:
    exchange = Provider(telephony_calls)
    assert len(exchange.sends(placed)) == 1
    assert exchange.sends(placed) == []
    assert exchange.sends(again(placed)) == []
    assert [type(each) for each in exchange.refusals] == [AlreadyRequested]


CALLED = (
    placed,
    ringing,
    queued,
    answered,
    passed_on,
    but(passed_on, at=None),
    told("ended", cause="no-answer", at=ago(seconds=50)),
    told("ended", cause="user-busy", billed_seconds=3),
    ended,
    recorded,
)


@cache
def told_in_order() -> Call:
    exchange = Provider(telephony_calls)
    exchange.sends(*CALLED)
    return call_of(exchange)


@pytest.mark.slow
@any_of(order=st.permutations([*CALLED, *CALLED[1::2], *map(again, CALLED[::2])]))
def test_in_any_order_and_however_often_it_is_the_same_call(order: list[dict[str, Any]]) -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(*order)
    assert not exchange.waiting
    assert call_of(exchange) == told_in_order()
    assert {type(each) for each in exchange.refusals} <= {AlreadyRequested}


# What is not what it should be


@pytest.mark.parametrize("message", [placed, ringing, queued, answered, ended, recorded])
@pytest.mark.parametrize("word", ["type", "call"])
def test_without_a_kind_and_a_call_it_says_nothing(message: dict[str, Any], word: str) -> None:
    Provider(telephony_calls).cannot_read(without(message, word), "event" if word == "type" else word)


@pytest.mark.parametrize(
    ("message", "word"), [(placed, "direction"), (ended, "cause"), (recorded, "url"), (recorded, "sha256")]
)
def test_what_is_missing_is_named(message: dict[str, Any], word: str) -> None:
    Provider(telephony_calls).cannot_read(without(message, word), word)
    for nothing in ("", "  ", None):
        Provider(telephony_calls).cannot_read(but(message, **{word: nothing}), word)


@pytest.mark.parametrize("word", ["id", "sent_at"])
@pytest.mark.parametrize("nothing", ["", None])
def test_a_message_has_a_number_and_a_time(word: str, nothing: str | None) -> None:
    Provider(telephony_calls).cannot_read({**ringing, word: nothing}, word)


def test_a_cause_that_nobody_knows_decides_something_and_is_not_guessed() -> None:
    Provider(telephony_calls).cannot_read(but(ended, cause="solar-flare"), "event/cause", untold="solar-flare")
    Provider(telephony_calls).cannot_read(but(placed, direction="sideways"), "direction", untold="sideways")
    Provider(telephony_calls).cannot_read(told("exploded"), "event", untold="exploded")


def test_who_hung_up_may_be_in_words_that_nobody_knows() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(but(ended, released_by="poltergeist", mos=4.3))
    assert call_of(exchange).status == "completed"
    for said, meant in (("exchange", "system"), ("agent", "agent"), ("", None), (None, None), ("pbx", None)):
        (command,) = exchange.commands(but(ended, released_by=said))
        assert isinstance(command, EndCall)
        assert command.hangup_by == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [(180, 180), ("180", 180), ("179.6", 179), (0, 0), ("0", 0), ("", None), (None, None), (-1, None), (604_801, None)],
)
def test_seconds_are_a_number_however_they_are_written(said: object, meant: int | None) -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(but(ended, billed_seconds=said))
    (told_end,) = call_of(exchange).told
    assert told_end.talk_seconds == meant  # type: ignore[union-attr]
    assert not exchange.refusals


def test_what_is_no_number_of_seconds_is_told_of() -> None:
    for odd in ("three-minutes", "NaN", "1e999", [180]):
        Provider(telephony_calls).cannot_read(but(ended, billed_seconds=odd), "billed_seconds", untold=str(odd))


def test_seconds_of_what_nobody_answered_are_those_of_its_ringing() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(but(ended, cause="no-answer", billed_seconds=25))
    assert call_of(exchange).status == "no_answer"
    assert talk_seconds(call_of(exchange)) is None
    assert not exchange.refusals


def test_a_time_has_its_zone() -> None:
    for unclear in ("2026-03-25T09:00:00", "nine-o-clock"):
        Provider(telephony_calls).cannot_read(but(answered, at=unclear), "at", untold=unclear)


def test_a_time_that_cannot_be_is_unknown() -> None:
    exchange = Provider(telephony_calls)
    exchange.sends(but(answered, at=day(4, 1).isoformat()), but(ended, at=day(4, 1).isoformat(), billed_seconds=None))
    assert (call_of(exchange).status, connected_at(call_of(exchange))) == ("completed", None)
    assert talk_seconds(call_of(exchange)) is None
    (drift,) = exchange.commands(but(answered, at=day(3, 25, 10, 5).isoformat()))
    assert drift == ConnectCall(call_id=ITS, agent=ANN, at=day(3, 25, 10, 5))
    for nothing in ("", None):
        assert exchange.commands(but(answered, at=nothing)) == [ConnectCall(call_id=ITS, agent=ANN)]


def test_an_agent_may_be_unknown_and_is_never_half_known() -> None:
    exchange = Provider(telephony_calls)
    for nothing in ("", " ", None):
        assert exchange.commands(but(answered, agent=nothing)) == [ConnectCall(call_id=ITS, at=utc(TALKED))]
    assert exchange.commands(but(answered, agent="temp-3")) == [
        ConnectCall(call_id=ITS, agent=StaffId("temp-3"), at=utc(TALKED))
    ]
    exchange.cannot_read(but(answered, agent="ann / desk"), "agent", untold="desk")


def test_a_queue_in_words_is_no_code_and_decides_nothing() -> None:
    exchange = Provider(telephony_calls)
    for odd in ("the queue of Mr Li", "客服", "", None):
        assert exchange.commands(but(queued, queue=odd)) == [QueueCall(call_id=ITS, at=utc(WAITED))]


# Numbers


@pytest.mark.parametrize(
    ("number", "country", "kept", "mentioned"),
    [
        ("+8613800000001", None, "+8613800000001", "+8613800000001"),
        ("138 0000 0001", "CN", "+8613800000001", "+8613800000001"),
        ("13800000001", "cn", "+8613800000001", "+8613800000001"),
        ("13800000001", None, "13800000001", None),
        ("13800000001", "ZZ", "13800000001", None),
        ("10086", None, "10086", None),
        ("138****0001", "CN", "138****0001", None),
        ("not a number", None, "not a number", None),
        ("anonymous", None, None, None),
        ("Restricted", None, None, None),
        ("", None, None, None),
        (None, "", None, None),
    ],
)
def test_a_number_is_kept_as_it_can_be_read(
    number: str | None, country: str | None, kept: str | None, mentioned: str | None
) -> None:
    exchange = Provider(telephony_calls)
    message = but(placed, number=number, country=country)
    assert exchange.sends(message) == [CallRequested(call_id=ITS, direction="inbound", number=kept)]
    expected = () if mentioned is None else (Identifier(kind="phone", value=mentioned),)
    assert telephony_calls.mentions(exchange.read(message)) == expected


def test_only_where_a_number_is_somebody_is_mentioned() -> None:
    exchange = Provider(telephony_calls)
    assert all(telephony_calls.mentions(exchange.read(each)) == () for each in CALLED if each is not placed)


def test_a_reference_is_one_of_ours() -> None:
    exchange = Provider(telephony_calls)
    exchange.cannot_read(but(ringing, reference="pbx-7"), "reference", untold="pbx-7")
    assert isinstance(exchange.state(f"call/{UUID(int=7)}"), Unheard)
    assert exchange.commands(placed) == [RequestCall(call_id=ITS, direction="inbound", number="+8613800000001")]
