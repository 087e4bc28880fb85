"""What the provider tells: every message in every state, late ones and repeated ones."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.call.line import AttachRecording, ConnectCall, EndCall, NoteRinging, QueueCall
from domain.call.facts import CallConnected, CallEnded, CallQueued, CallRecordingAttached, CallRinging, CallStatus
from domain.call.states import OUTCOMES, Call, connected_at, stage, talk_seconds
from domain.errors import Invalid, NotAllowed
from domain.values import Erased, StaffId
from tests.commands.call.situations import (
    ANSWERED,
    CALL,
    ENDED,
    HASH,
    OTHER_HASH,
    RANG,
    SPARE_CALL,
    WAYS,
    completed,
    ended,
    requested,
    rings,
    talked,
    talks,
)
from tests.spec import ANN, BOB, START, When, ann, bob, crm, day, given, mia, policy

ring = NoteRinging(call_id=CALL, at=START)
wait = QueueCall(call_id=CALL, queue="support", at=START)
connect = ConnectCall(call_id=CALL, at=START)


def call_after(asked: When) -> Call:
    found = asked.desk.executor.state(f"call/{CALL}").state
    assert isinstance(found, Call)
    return found


# Every message in every state


@pytest.mark.parametrize("before", WAYS)
def test_a_message_moves_a_call_on_and_never_back(before: CallStatus) -> None:
    story = given(*WAYS[before])
    rang = CallRinging(call_id=CALL, from_=before, to=later(before, "ringing"), at=START)
    waited = CallQueued(call_id=CALL, from_=before, to=later(before, "queued"), queue="support", at=START)
    answered = CallConnected(call_id=CALL, from_=before, to=later(before, "connected"), at=START)
    story.when(ring, by=crm).then(rang)
    story.when(wait, by=crm).then(waited)
    story.when(connect, by=crm).then(answered)


def later(before: CallStatus, to: CallStatus) -> CallStatus:
    """The business's own list, told once more."""
    order = ["requested", "ringing", "queued", "connected"]
    if before not in order or order.index(before) >= order.index(to):
        return before
    return to


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("before", ["requested", "ringing", "queued", "connected"])
def test_a_call_that_is_not_over_ends_in_one_of_six_ways(before: CallStatus, outcome: str) -> None:
    end = EndCall(call_id=CALL, outcome=outcome, at=ENDED)  # type: ignore[arg-type]
    over = CallEnded(call_id=CALL, from_=before, to=outcome, outcome=outcome, at=ENDED)  # type: ignore[arg-type]
    given(*WAYS[before]).when(end, by=crm).then(over)


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        (ring, CallRinging(call_id=CALL, to="ringing", at=START)),
        (wait, CallQueued(call_id=CALL, to="queued", queue="support", at=START)),
        (connect, CallConnected(call_id=CALL, to="connected", at=START)),
        (EndCall(call_id=CALL, outcome="busy"), CallEnded(call_id=CALL, to="busy", outcome="busy")),
        (
            AttachRecording(call_id=CALL, uri="s3://r/1", hash_=HASH),
            CallRecordingAttached(call_id=CALL, uri="s3://r/1", hash_=HASH),
        ),
    ],
)
def test_a_call_may_be_heard_of_before_it_was_requested(told: object, stored: object) -> None:
    given().when(told, by=crm).then(stored)


def test_where_only_a_recording_is_known_there_is_no_status_yet() -> None:
    story = given(CallRecordingAttached(call_id=CALL, uri="s3://r/1", hash_=HASH))
    story.when(ring, by=crm).then(CallRinging(call_id=CALL, from_=None, to="ringing", at=START))


# Late


def test_a_ring_after_the_connection_is_stored_and_changes_nothing() -> None:
    asked = given(*talks).when(replace(ring, at=RANG + timedelta(seconds=1)), by=crm)
    asked.then(CallRinging(call_id=CALL, from_="connected", to="connected", at=RANG + timedelta(seconds=1)))
    assert call_after(asked).status == "connected"
    assert connected_at(call_after(asked)) == ANSWERED


def test_a_connection_that_is_told_after_the_end_says_when_and_no_more() -> None:
    nameless = EndCall(call_id=CALL, outcome="completed")
    story = (
        given(*rings)
        .when(nameless, by=crm)
        .then(CallEnded(call_id=CALL, from_="ringing", to="completed", outcome="completed"))
    )
    asked = story.when(replace(connect, at=ANSWERED), by=crm)
    asked.then(CallConnected(call_id=CALL, from_="completed", to="completed", at=ANSWERED))
    assert connected_at(call_after(asked)) == ANSWERED
    assert talk_seconds(call_after(asked)) is None, "nobody said when it ended"


def test_between_two_instants_that_were_told_lies_a_known_time() -> None:
    story = given(*rings).when(EndCall(call_id=CALL, outcome="completed", at=ENDED), by=crm).done()
    asked = story.when(replace(connect, at=ANSWERED), by=crm)
    assert talk_seconds(call_after(asked)) == 60
    asked = story.when(replace(connect, at=ENDED + timedelta(seconds=1)), by=crm)
    assert talk_seconds(call_after(asked)) is None, "their clocks differ: nothing follows from that"
    asked = story.when(ConnectCall(call_id=CALL), by=crm)
    assert talk_seconds(call_after(asked)) is None


def test_a_call_that_nobody_answered_has_no_talk_even_where_two_instants_are_known() -> None:
    asked = given(*talks).when(EndCall(call_id=CALL, outcome="busy", at=ENDED), by=crm)
    assert talk_seconds(call_after(asked)) is None


# One final state


def test_of_two_ends_the_one_that_knows_more_stands() -> None:
    silent = given(*rings, ended("no_answer"))
    counted = EndCall(call_id=CALL, outcome="completed", talk_seconds=60)
    now = CallEnded(call_id=CALL, from_="no_answer", to="completed", outcome="completed", talk_seconds=60)
    silent.when(counted, by=crm).then(now)
    missed = EndCall(call_id=CALL, outcome="no_answer", at=ENDED + timedelta(hours=1))
    stays = CallEnded(
        call_id=CALL, from_="completed", to="completed", outcome="no_answer", at=ENDED + timedelta(hours=1)
    )
    asked = given(*talked).when(missed, by=crm)
    asked.then(stays)
    assert talk_seconds(call_after(asked)) == 60


def test_of_two_ends_that_know_as_much_the_later_one_stands() -> None:
    busy = EndCall(call_id=CALL, outcome="busy", at=ENDED + timedelta(seconds=1))
    late = CallEnded(call_id=CALL, from_="no_answer", to="busy", outcome="busy", at=busy.at)
    given(*rings, ended("no_answer")).when(busy, by=crm).then(late)
    earlier = replace(busy, at=ENDED - timedelta(seconds=1))
    given(*rings, ended("no_answer")).when(earlier, by=crm).then(
        CallEnded(call_id=CALL, from_="no_answer", to="no_answer", outcome="busy", at=earlier.at)
    )
    unknown = replace(busy, at=None)
    given(*rings, ended("no_answer")).when(unknown, by=crm).then(
        CallEnded(call_id=CALL, from_="no_answer", to="no_answer", outcome="busy")
    )


# Once


@pytest.mark.parametrize(
    "message",
    [
        NoteRinging(call_id=CALL, at=RANG),
        ConnectCall(call_id=CALL, at=ANSWERED),
        EndCall(call_id=CALL, outcome="completed", talk_seconds=60, hangup_by="customer", at=ENDED),
    ],
)
def test_without_a_number_a_message_is_known_by_what_it_says(message: object) -> None:
    given(*talked).when(message, by=crm).then()


@pytest.mark.parametrize("message", [ring, wait, connect, EndCall(call_id=CALL, outcome="busy")])
def test_with_a_number_it_is_known_by_that(message: Any) -> None:
    numbered = replace(message, message_id="m-1")
    story = given(requested).when(numbered, by=crm).done()
    story.when(numbered, by=crm).then()
    story.when(replace(numbered, at=day(4, 1)), by=crm).then()
    assert story.when(replace(numbered, message_id="m-2"), by=crm).recorded
    assert story.when(replace(message, at=day(4, 1)), by=crm).recorded


def test_a_number_is_that_of_a_message_of_its_kind() -> None:
    story = given(requested).when(replace(ring, message_id="1"), by=crm).done()
    assert story.when(replace(connect, message_id="1"), by=crm).recorded


def test_a_recording_is_known_by_its_hash() -> None:
    attach = AttachRecording(call_id=CALL, uri="s3://r/1", hash_=HASH)
    story = given(*talked).when(attach, by=crm).then(CallRecordingAttached(call_id=CALL, uri="s3://r/1", hash_=HASH))
    story.when(replace(attach, uri="s3://moved/1"), by=crm).then()
    other = replace(attach, hash_=OTHER_HASH)
    story.when(other, by=crm).then(CallRecordingAttached(call_id=CALL, uri="s3://r/1", hash_=OTHER_HASH))


def test_what_is_erased_can_still_be_decided_on() -> None:
    gone = Erased(on=START, by="dpo")
    without = replace(requested, number=gone)
    attached = CallRecordingAttached(call_id=CALL, uri=gone, hash_=HASH)
    story = given(without, attached)
    story.when(AttachRecording(call_id=CALL, uri="s3://r/1", hash_=HASH), by=crm).then()
    assert story.when(ring, by=crm).recorded


# Who, and what makes no sense


def test_the_line_is_the_provider_s() -> None:
    messages = (ring, wait, connect, EndCall(call_id=CALL, outcome="busy"))
    for message in (*messages, AttachRecording(call_id=CALL, uri="u", hash_=HASH)):
        for who in (ann, mia):
            given(requested).when(message, by=who).refused(NotAllowed, because="mirror is not allowed")
        assert given(requested).when(message, by=policy).recorded


def test_who_answers_has_the_call() -> None:
    story = (
        given(requested)
        .when(replace(connect, agent=BOB), by=crm)
        .then(CallConnected(call_id=CALL, from_="requested", to="connected", agent=BOB, at=START))
    )
    asked = story.when(ring, by=bob)
    asked.refused(NotAllowed)
    before, after = START - timedelta(seconds=9), START + timedelta(seconds=9)
    for at, owner in ((before, BOB), (None, BOB), (after, ANN)):
        again = story.when(replace(connect, agent=ANN, at=at), by=crm).done()
        found = again.when(replace(ring, at=day(4, 2)), by=crm)
        decider = found.desk.executor.deciders["call"]
        assert decider.holding is not None
        place = decider.holding(call_after(found))
        assert place is not None
        assert place.owner == owner


@pytest.mark.parametrize(
    ("message", "because"),
    [
        (EndCall(call_id=CALL, outcome="completed", talk_seconds=-1), "talk_seconds: this is 0 to 604800"),
        (EndCall(call_id=CALL, outcome="completed", talk_seconds=604_801), "talk_seconds: this is 0 to 604800"),
        (EndCall(call_id=CALL, outcome="busy", talk_seconds=1), "talk_seconds: nobody talked, when it was busy"),
        (EndCall(call_id=CALL, outcome="no_answer", talk_seconds=1), "nobody talked, when it was no_answer"),
        (replace(ring, message_id=""), "message_id: this is up to 128"),
        (replace(ring, message_id="a b"), "message_id"),
        (replace(wait, message_id="北"), "message_id"),
        (replace(wait, queue="the queue of Mr Li"), "queue: this is a code"),
        (replace(connect, agent=StaffId("a/b")), "agent: an id has no blanks"),
        (replace(connect, message_id="x" * 129), "message_id"),
        (AttachRecording(call_id=CALL, uri="u", hash_="A1" * 32), "hash: this is a SHA-256"),
        (AttachRecording(call_id=CALL, uri="u", hash_="a1"), "hash: this is a SHA-256"),
        (AttachRecording(call_id=CALL, uri=" ", hash_=HASH), "uri: this must not be blank"),
    ],
)
def test_a_message_makes_sense_or_it_is_refused(message: object, because: str) -> None:
    given(requested).when(message, by=crm).refused(Invalid, because=because)


def test_a_talk_of_no_seconds_is_none() -> None:
    given(*rings).when(EndCall(call_id=CALL, outcome="busy", talk_seconds=0), by=crm).then(
        CallEnded(call_id=CALL, from_="ringing", to="busy", outcome="busy", talk_seconds=0)
    )


# History


def test_an_end_without_a_start_is_a_call_with_an_unknown_start() -> None:
    asked = given().when(EndCall(call_id=CALL, outcome="completed", at=ENDED), by=crm, at=day(4, 1), imported=True)
    asked.then(CallEnded(call_id=CALL, to="completed", outcome="completed", at=ENDED))
    assert connected_at(call_after(asked)) is None
    assert talk_seconds(call_after(asked)) is None


def test_a_start_without_an_end_stays_connected() -> None:
    asked = given().when(ConnectCall(call_id=CALL, agent=ANN, at=ANSWERED), by=ann, at=day(4, 1), imported=True)
    asked.then(CallConnected(call_id=CALL, to="connected", agent=ANN, at=ANSWERED))
    assert call_after(asked).status == "connected"
    assert talk_seconds(call_after(asked)) is None


def test_one_call_is_not_another() -> None:
    other = replace(ring, call_id=SPARE_CALL)
    given(*talked).when(other, by=crm).then(CallRinging(call_id=SPARE_CALL, to="ringing", at=START))
    assert stage(completed.to) == stage("busy")
