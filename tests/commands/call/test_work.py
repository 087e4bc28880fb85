"""What agents do with a call: whose it is, what came of it, and whether anybody was really talked to."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from commands.call.line import EndCall
from commands.call.work import DispositionCall, LinkCall, RequestCall
from commands.call_policy import PublishCallPolicy
from domain.call.facts import CallDispositioned, CallLinked, CallRequested, CallRinging, Subject
from domain.call.refusals import AlreadyRequested
from domain.call.states import Call, effective
from domain.call_policy import CALLS, CallPolicyPublished, CallTerms
from domain.errors import Hidden, Invalid, NotAllowed
from domain.lead.refusals import NotEmployed
from domain.staff import StaffDeparted
from domain.values import PolicyId, StaffId
from tests.commands.call.situations import (
    ABOUT,
    CALL,
    ENDED,
    NUMBER,
    WAYS,
    connected,
    dispositions,
    requested,
    rings,
    talked,
    talks,
)
from tests.spec import ANN, BOB, SUE, When, administrator, ann, bob, crm, day, given, mia, otto, pat, policy, sue

request = RequestCall(call_id=CALL, direction="outbound", number=NUMBER)
sum_up = DispositionCall(call_id=CALL, code="interested", next_action_at=day(4, 1))
summed_up = CallDispositioned(call_id=CALL, code="interested", next_action_at=day(4, 1), effective_from_seconds=30)
link = LinkCall(call_id=CALL, subject=ABOUT)
linked = CallLinked(call_id=CALL, subject=ABOUT)
ZOE, OLD_AGENT = StaffId("zoe"), StaffId("10861")  # Who does not work here.


def is_effective(asked: When) -> bool:
    found = asked.desk.executor.state(f"call/{CALL}").state
    assert isinstance(found, Call)
    return effective(found)


# To ask for a call


def test_a_person_asks_for_a_call_of_his_own() -> None:
    given().when(request, by=ann).then(requested)
    given().when(replace(request, agent=ANN), by=ann).then(requested)
    given().when(replace(request, agent=BOB), by=ann).refused(NotAllowed, because="only bob, or a program, asks")
    given().when(replace(request, agent=BOB), by=mia).refused(NotAllowed)


def test_a_program_asks_for_anybody_or_for_nobody_yet() -> None:
    about = replace(request, direction="inbound", subject=ABOUT, message_id="m-1")
    nobody = CallRequested(call_id=CALL, direction="inbound", number=NUMBER, subject=ABOUT, message_id="m-1")
    story = given().when(about, by=crm).then(nobody)
    story.when(about, by=crm).then()
    given().when(replace(request, agent=ANN), by=policy).then(requested)


def test_nobody_calls_who_does_not_work_here() -> None:
    given().when(replace(request, agent=ZOE), by=crm).refused(NotEmployed, because="zoe does not work here")
    given(StaffDeparted(staff_id=ANN)).when(replace(request, agent=ANN), by=crm).refused(NotEmployed)
    came_in = replace(request, agent=ZOE, direction="inbound")
    given().when(came_in, by=crm).then(replace(requested, agent=ZOE, direction="inbound"))


@pytest.mark.parametrize("status", WAYS)
def test_a_call_is_requested_once(status: str) -> None:
    given(*WAYS[status]).when(request, by=ann).refused(AlreadyRequested, because=f"the call {CALL} has been requested")


def test_the_provider_may_have_been_quicker() -> None:
    rang = CallRinging(call_id=CALL, to="ringing")
    story = given(rang).when(request, by=ann).then(replace(requested, from_="ringing", to="ringing"))
    story.when(sum_up, by=bob).refused(Hidden)
    story.when(request, by=ann).refused(AlreadyRequested)


def test_a_number_may_be_unknown_and_is_not_blank() -> None:
    given().when(replace(request, number=None), by=ann).then(replace(requested, number=None))
    given().when(replace(request, number=" "), by=ann).refused(Invalid, because="number: this must not be blank")
    given().when(replace(request, message_id=" "), by=ann).refused(Invalid, because="message_id")
    given().when(replace(request, agent=StaffId("a b")), by=crm).refused(Invalid, because="agent: an id has no blanks")


@pytest.mark.parametrize(
    ("written", "region", "kept"),
    [
        ("138 0000 0001", "CN", NUMBER),
        (" +86 138 0000 0001 ", None, NUMBER),
        ("95588", None, "95588"),
        ("ext. 12", "CN", "ext. 12"),
        ("138 0000 0001", None, "138 0000 0001"),
    ],
)
def test_a_number_is_kept_in_one_spelling_where_there_is_one(written: str, region: str | None, kept: str) -> None:
    asked = given().when(replace(request, number=written, region=region), by=ann)
    asked.then(replace(requested, number=kept))


def test_who_only_reads_asks_for_no_call() -> None:
    given().when(request, by=pat).refused(NotAllowed, because="capture is not allowed")


# To sum it up


@pytest.mark.parametrize("status", WAYS)
def test_a_call_can_be_summed_up_and_linked_whatever_the_line_has_told_so_far(status: str) -> None:
    given(dispositions, *WAYS[status]).when(sum_up, by=ann).then(summed_up)
    given(*WAYS[status]).when(link, by=ann).then(linked)


def test_a_call_of_which_nothing_is_known_is_not_there() -> None:
    given(dispositions).when(sum_up, by=crm).refused(Hidden, because=f"no call/{CALL} is to be seen here")
    given().when(link, by=crm).refused(Hidden)


def test_it_is_its_agent_s_or_his_manager_s() -> None:
    story = given(dispositions, *talked)
    for who in (ann, mia, crm):
        story.when(sum_up, by=who).then(summed_up)
    for who in (bob, sue, otto):
        story.when(sum_up, by=who).refused(Hidden)
        story.when(link, by=who).refused(Hidden)
    story.when(sum_up, by=pat).refused(NotAllowed, because="work is not allowed")
    taken = given(dispositions, requested, replace(connected, from_="requested", agent=SUE))
    taken.when(sum_up, by=ann).refused(Hidden)
    taken.when(sum_up, by=sue).then(summed_up)


def test_a_code_is_one_of_the_catalog() -> None:
    for code in ("old", "promising"):
        given(dispositions, *talked).when(replace(sum_up, code=code), by=ann).refused(
            Invalid, because="code: call-dispositions offers call-back, interested"
        )
    given(*talked).when(sum_up, by=ann).refused(Invalid, because="nothing yet: publish the catalog")
    imported = given(*talked).when(replace(sum_up, code="promising"), by=bob, at=day(4, 1), imported=True)
    imported.then(replace(summed_up, code="promising"))
    given(*talked).when(replace(sum_up, code="Mr Li"), by=bob, at=day(4, 1), imported=True).refused(Invalid)


def test_who_thinks_better_of_it_says_so_again() -> None:
    story = given(dispositions, *talked, summed_up)
    story.when(sum_up, by=ann).then()
    story.when(replace(sum_up, code="call-back"), by=ann).then(
        replace(summed_up, code="call-back", replaces="interested")
    )
    story.when(replace(sum_up, next_action_at=None), by=ann).then(
        replace(summed_up, next_action_at=None, replaces="interested")
    )


def test_a_call_may_be_about_several_and_about_each_once() -> None:
    story = given(*talked, linked)
    story.when(link, by=ann).then()
    for other in (Subject(kind="customer", id=ABOUT.id), Subject(kind="ticket", id=UUID(int=9))):
        story.when(replace(link, subject=other), by=ann).then(replace(linked, subject=other))
    about = replace(requested, subject=ABOUT)
    given(about).when(link, by=ann).then()


# Whether anybody was talked to


@pytest.mark.parametrize(("seconds", "enough"), [(29, False), (30, True), (31, True), (0, False)])
def test_a_call_is_effective_from_thirty_seconds_on_with_a_disposition(seconds: int, enough: bool) -> None:
    end = EndCall(call_id=CALL, outcome="completed", talk_seconds=seconds, at=ENDED)
    over = given(dispositions, *talks).when(end, by=crm)
    assert not is_effective(over), "nobody has summed it up"
    assert is_effective(over.done().when(sum_up, by=ann)) is enough
    sooner = given(dispositions, *talks, summed_up).when(end, by=crm)
    assert is_effective(sooner) is enough


def test_a_call_that_never_ended_or_of_unknown_length_is_not_effective() -> None:
    assert not is_effective(given(dispositions, *talks).when(sum_up, by=ann))
    unknown = given(dispositions, *rings).when(EndCall(call_id=CALL, outcome="completed"), by=crm).done()
    assert not is_effective(unknown.when(sum_up, by=ann))


def published(seconds: int, number: int = 1) -> CallPolicyPublished:
    return CallPolicyPublished(policy_id=CALLS, number=number, terms=CallTerms(effective_from_seconds=seconds))


def test_another_threshold_may_be_published() -> None:
    strict = given(dispositions, published(61), *talked).when(sum_up, by=ann)
    strict.then(replace(summed_up, effective_from_seconds=61))
    assert not is_effective(strict)
    assert strict.recorded[0].policy_version == "call-policy/calls@1"
    usual = given(dispositions, *talked).when(sum_up, by=ann)
    assert usual.recorded[0].policy_version is None


def test_what_is_published_later_changes_nothing_that_was_summed_up() -> None:
    later = given(dispositions, *talked, summed_up, published(61)).when(replace(sum_up, code="call-back"), by=ann)
    later.then(replace(summed_up, code="call-back", replaces="interested", effective_from_seconds=30))
    assert is_effective(later)
    lower = given(dispositions, published(61), *talked, replace(summed_up, effective_from_seconds=61), published(1, 2))
    assert not is_effective(lower.when(replace(sum_up, code="call-back"), by=ann)), "nor the other way round"


# The policy itself


def test_a_policy_is_an_administrator_s_and_there_is_one() -> None:
    publish = PublishCallPolicy(policy_id=CALLS)
    story = given().when(publish, by=administrator).then(published(30))
    stricter = replace(publish, terms=CallTerms(effective_from_seconds=45))
    story.when(stricter, by=administrator).then(published(45, 2))
    given().when(publish, by=mia).refused(NotAllowed)
    other = replace(publish, policy_id=PolicyId("mine"))
    given().when(other, by=administrator).refused(Invalid, because="policy_id: all calls are under one policy, calls")


@pytest.mark.parametrize("seconds", [-1, 86_401, 10**20])
def test_a_threshold_is_a_number_of_seconds_of_a_day(seconds: int) -> None:
    wrong: dict[str, Any] = {"effective_from_seconds": seconds}
    given().when(PublishCallPolicy(policy_id=CALLS, terms=CallTerms(**wrong)), by=administrator).refused(
        Invalid, because="terms/effective_from_seconds: this is 0 to 86400"
    )


@pytest.mark.parametrize("seconds", [0, 86_400])
def test_a_threshold_may_be_nothing_or_a_whole_day(seconds: int) -> None:
    publish = PublishCallPolicy(policy_id=CALLS, terms=CallTerms(effective_from_seconds=seconds))
    given().when(publish, by=administrator).then(published(seconds))


def test_what_counts_as_interest_is_told_in_codes() -> None:
    for wrong in ("very much so", "", "x" * 65):
        terms = CallTerms(interested=("interested", wrong))
        publish = PublishCallPolicy(policy_id=CALLS, terms=terms)
        given().when(publish, by=administrator).refused(Invalid, because="terms/interested/1: ")


# History


def test_history_says_who_called() -> None:
    old = replace(request, agent=OLD_AGENT, number=None)
    story = (
        given().when(old, by=ann, at=day(1, 2), imported=True).then(replace(requested, agent=OLD_AGENT, number=None))
    )
    story.when(old, by=ann, at=day(1, 2), imported=True).refused(AlreadyRequested)
    nobody = replace(request, number=None)
    given().when(nobody, by=ann, at=day(1, 2), imported=True).then(replace(requested, agent=None, number=None))
