"""A view is rebuilt, and a dead letter retried or skipped, because somebody asks for it and says why."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.read_model import (
    RebuildReadModel,
    RecordRebuilt,
    RecordRequestFailed,
    RecordRetried,
    RecordSkipped,
    RetryDeadLetter,
    SkipDeadLetter,
)
from domain.actor import Actor, Reason
from domain.errors import Invalid, NotAllowed
from domain.operation import AlreadyUnderWay
from domain.read_model import (
    Came,
    DeadLetterRetried,
    DeadLetterSkipped,
    ReadModel,
    ReadModelRebuilt,
    RebuildRequested,
    Request,
    RequestFailed,
    RetryRequested,
    SkipRequested,
    evolve,
)
from domain.values import ViewName
from tests.spec import administrator, ann, crm, given, mia, pat, policy

FUNNEL, LEAD = ViewName("funnel"), "0192f0c4-0000-7000-8000-000000000001"
WHY = Reason(code="fold-mended", text="the fold took no leads of partners")
ops = Actor(kind="service", id="ops", role="operations")

rebuild = RebuildReadModel(view_name=FUNNEL)
retry = RetryDeadLetter(view_name=FUNNEL, key=LEAD)
skip = SkipDeadLetter(view_name=FUNNEL, key=LEAD, position=41)
asked_for = RebuildRequested(view_name=FUNNEL, number=1)
retried = RetryRequested(view_name=FUNNEL, number=1, key=LEAD)
skipped = SkipRequested(view_name=FUNNEL, number=1, key=LEAD, stands_at=41)
record = RecordRebuilt(view_name=FUNNEL, number=1, position=812, seconds=Decimal("9.004"))
rebuilt = ReadModelRebuilt(view_name=FUNNEL, number=1, up_to=812, seconds=Decimal("9.004"))

# Asking


@pytest.mark.parametrize(("command", "event"), [(rebuild, asked_for), (retry, retried), (skip, skipped)])
def test_operators_and_administrators_ask_and_say_why(command: object, event: object) -> None:
    for by in (ops, administrator):
        given().when(command, by=by, reason=WHY).then(event)
    for nothing in (None, Reason(code=" ")):
        given().when(command, by=ops, reason=nothing).refused(Invalid, because="reason: ")
    for by in (ann, mia, pat, crm, policy):
        given().when(command, by=by, reason=WHY).refused(NotAllowed, because="operate is not allowed")


def test_what_is_asked_is_asked_now() -> None:
    for command in (rebuild, retry, skip):
        given().when(command, by=ops, reason=WHY, imported=True).refused(NotAllowed, because="is no history")


def test_a_view_is_rebuilt_once_at_a_time() -> None:
    story = given().when(rebuild, by=ops, reason=WHY).then(asked_for)
    told = "a rebuild of read-model/funnel is under way, which was asked for with number 1"
    story.when(rebuild, by=administrator, reason=WHY).refused(AlreadyUnderWay, because=told)
    other = ViewName("customers")
    story.when(RebuildReadModel(view_name=other), by=ops, reason=WHY).then(RebuildRequested(view_name=other, number=1))
    again = replace(asked_for, number=2)
    for came in (rebuilt, RequestFailed(view_name=FUNNEL, number=1, because="stopped")):
        given(asked_for, came).when(rebuild, by=ops, reason=WHY).then(again)


def test_a_key_is_retried_once_at_a_time_and_others_beside_it() -> None:
    told = "a retry of read-model/funnel is under way, which was asked for with number 1"
    given(retried).when(retry, by=ops, reason=WHY).refused(AlreadyUnderWay, because=told)
    other = replace(retry, key="other")
    given(retried).when(other, by=ops, reason=WHY).then(replace(retried, number=2, key="other"))
    given(retried).when(rebuild, by=ops, reason=WHY).then(replace(asked_for, number=2))
    given(asked_for).when(retry, by=ops, reason=WHY).then(replace(retried, number=2))
    given(retried).when(skip, by=ops, reason=WHY).then(replace(skipped, number=2))


def test_nothing_is_skipped_while_the_view_is_rebuilt_or_twice() -> None:
    given(asked_for).when(skip, by=ops, reason=WHY).refused(AlreadyUnderWay, because="a rebuild of read-model/funnel")
    given(skipped).when(skip, by=ops, reason=WHY).refused(AlreadyUnderWay, because="a skip of read-model/funnel")
    given(skipped).when(rebuild, by=ops, reason=WHY).then(replace(asked_for, number=2))


def test_a_key_and_a_position_make_sense() -> None:
    for key in ("", "two words", "x" * 301, "a\tb"):
        for command in (replace(retry, key=key), replace(skip, key=key)):
            given().when(command, by=ops, reason=WHY).refused(Invalid, because="key: ")
    given().when(replace(retry, key="x" * 300), by=ops, reason=WHY).done()
    given().when(replace(skip, position=0), by=ops, reason=WHY).refused(Invalid, because="position: ")
    given().when(replace(skip, position=1), by=ops, reason=WHY).done()


# What came of it


WENT_ON = RecordRetried(view_name=FUNNEL, number=1, folded=3)
LEFT_OUT = RecordSkipped(view_name=FUNNEL, number=1, folded=2, stands_at=50, because="ValueError at position 50")
FAILED = RecordRequestFailed(view_name=FUNNEL, number=1, because="it does not stand there")
CAME = [
    (asked_for, record, rebuilt),
    (retried, WENT_ON, DeadLetterRetried(view_name=FUNNEL, number=1, folded=3)),
    (
        skipped,
        LEFT_OUT,
        DeadLetterSkipped(view_name=FUNNEL, number=1, folded=2, stands_at=50, because="ValueError at position 50"),
    ),
    *(
        (each, FAILED, RequestFailed(view_name=FUNNEL, number=1, because=FAILED.because))
        for each in (asked_for, skipped)
    ),
]


@pytest.mark.parametrize(("before", "command", "event"), CAME)
def test_the_service_says_what_came_of_it_once(before: object, command: object, event: object) -> None:
    story = given(before).when(command, by=policy).then(event)
    story.when(command, by=policy).then()
    given().when(command, by=policy).then()


def test_nobody_else_says_what_came_of_it() -> None:
    for before, command, _ in CAME:
        given(before).when(command, by=crm).refused(NotAllowed, because="by whoever has done it, the service")
        given(before).when(command, by=ops).refused(NotAllowed, because="no such right")


def test_what_came_of_one_request_does_not_end_another() -> None:
    for command in (record, LEFT_OUT):
        given(retried).when(command, by=policy).then()
    given(asked_for).when(WENT_ON, by=policy).then()
    given(asked_for).when(LEFT_OUT, by=policy).then()
    given(skipped).when(WENT_ON, by=policy).then()
    given(retried, replace(asked_for, number=2)).when(replace(record, number=1), by=policy).then()


def test_a_read_model_says_what_is_under_way_and_what_came_of_the_last() -> None:
    model = evolve(evolve(ReadModel(), retried), replace(asked_for, number=2))
    of_key, of_all = Request(number=1, what="retry", key=LEAD), Request(number=2, what="rebuild")
    assert model == ReadModel(asked=2, under_way=(of_key, of_all))
    model = evolve(model, replace(rebuilt, number=2))
    assert model.under_way == (of_key,)
    assert model.last == Came(request=of_all, outcome="done", position=812)
    model = evolve(model, DeadLetterRetried(view_name=FUNNEL, number=1, folded=0, stands_at=41, because="KeyError"))
    assert (model.asked, model.under_way) == (2, ())
    assert model.last == Came(request=of_key, outcome="stands", position=41, because="KeyError")
    model = evolve(evolve(model, replace(skipped, number=3)), RequestFailed(view_name=FUNNEL, number=3, because="no"))
    left_out = Request(number=3, what="skip", key=LEAD, at=41)
    assert model.last == Came(request=left_out, outcome="failed", because="no")
    assert evolve(model, replace(rebuilt, number=3)) == model, "what is not under way does not end"
