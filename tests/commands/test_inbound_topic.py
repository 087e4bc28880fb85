"""A message that does not go on is retried or left out because somebody asks for it and says why."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.inbound_topic import (
    RecordMessageRequestFailed,
    RecordMessageRetried,
    RecordMessageSkipped,
    RetryMessage,
    SkipMessage,
)
from domain.actor import Actor, Reason
from domain.errors import Invalid, NotAllowed
from domain.inbound_topic import (
    CameOfMessage,
    InboundTopic,
    MessageRequest,
    MessageRequestFailed,
    MessageRetried,
    MessageRetryRequested,
    MessageSkipped,
    MessageSkipRequested,
    evolve,
)
from domain.operation import AlreadyUnderWay
from domain.values import TopicName
from tests.spec import administrator, ann, crm, given, pat, policy

SHOP, LETTER = TopicName("shop.orders.v1"), UUID(int=7)
WHY = Reason(code="sent-by-mistake")
ops = Actor(kind="service", id="ops", role="operations")

retry = RetryMessage(topic=SHOP, letter_id=LETTER)
skip = SkipMessage(topic=SHOP, letter_id=LETTER)
to_be_retried = MessageRetryRequested(topic=SHOP, number=1, letter_id=LETTER)
to_be_skipped = MessageSkipRequested(topic=SHOP, number=1, letter_id=LETTER)


@pytest.mark.parametrize(("command", "event"), [(retry, to_be_retried), (skip, to_be_skipped)])
def test_operators_and_administrators_ask_and_say_why(command: object, event: object) -> None:
    for by in (ops, administrator):
        given().when(command, by=by, reason=WHY).then(event)
    given().when(command, by=ops).refused(Invalid, because="this needs a reason")
    for by in (ann, pat, crm, policy):
        given().when(command, by=by, reason=WHY).refused(NotAllowed, because="operate is not allowed")
    given().when(command, by=ops, reason=WHY, imported=True).refused(NotAllowed, because="is no history")


def test_of_one_message_one_thing_is_under_way_at_a_time() -> None:
    told = "a retry of inbound-topic/shop.orders.v1 is under way, which was asked for with number 1"
    for command in (retry, skip):
        given(to_be_retried).when(command, by=ops, reason=WHY).refused(AlreadyUnderWay, because=told)
    other = UUID(int=8)
    given(to_be_retried).when(replace(skip, letter_id=other), by=ops, reason=WHY).then(
        replace(to_be_skipped, number=2, letter_id=other)
    )


FAILED = RecordMessageRequestFailed(topic=SHOP, number=1, because="there is no such letter")
CAME = [
    (
        to_be_retried,
        RecordMessageRetried(topic=SHOP, number=1, gone_on=2, because="NotYet"),
        MessageRetried(topic=SHOP, number=1, gone_on=2, because="NotYet"),
    ),
    (
        to_be_skipped,
        RecordMessageSkipped(topic=SHOP, number=1, gone_on=1),
        MessageSkipped(topic=SHOP, number=1, gone_on=1),
    ),
    (to_be_skipped, FAILED, MessageRequestFailed(topic=SHOP, number=1, because=FAILED.because)),
]


@pytest.mark.parametrize(("before", "command", "event"), CAME)
def test_the_service_says_what_came_of_it_once(before: object, command: object, event: object) -> None:
    story = given(before).when(command, by=policy).then(event)
    story.when(command, by=policy).then()
    given(before).when(command, by=crm).refused(NotAllowed, because="by whoever has done it, the service")


def test_what_came_of_one_request_does_not_end_another() -> None:
    given(to_be_skipped).when(CAME[0][1], by=policy).then()
    given(to_be_retried).when(CAME[1][1], by=policy).then()
    given(to_be_retried).when(replace(FAILED, number=2), by=policy).then()


def test_a_topic_says_what_is_under_way_and_what_came_of_the_last() -> None:
    topic = evolve(evolve(InboundTopic(), to_be_retried), replace(to_be_skipped, number=2))
    first = MessageRequest(number=1, what="retry", letter_id=LETTER)
    second = MessageRequest(number=2, what="skip", letter_id=LETTER)
    assert topic == InboundTopic(asked=2, under_way=(first, second))
    topic = evolve(topic, MessageRetried(topic=SHOP, number=1, gone_on=0, because="NotYet"))
    assert topic.last == CameOfMessage(request=first, outcome="stands", because="NotYet")
    topic = evolve(topic, MessageSkipped(topic=SHOP, number=2, gone_on=1))
    assert (topic.under_way, topic.last) == ((), CameOfMessage(request=second, outcome="done"))
    topic = evolve(
        evolve(topic, replace(to_be_retried, number=3)), MessageRequestFailed(topic=SHOP, number=3, because="")
    )
    assert topic.last is not None
    assert topic.last.outcome == "failed"
    assert evolve(topic, MessageSkipped(topic=SHOP, number=3, gone_on=1)) == topic
