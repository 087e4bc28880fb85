"""What may be asked of a topic of another system: that a message which does not go on be tried again, or left out.
Which topics there are is looked up where a command comes in.
"""

from uuid import UUID

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.inbound_topic import (
    InboundTopic,
    InboundTopicEvent,
    MessageRequestFailed,
    MessageRetried,
    MessageRetryRequested,
    MessageSkipped,
    MessageSkipRequested,
    evolve,
)
from domain.operation import AlreadyUnderWay, must_be_meant_now, must_be_the_service
from domain.values import TopicName, value

inbound_topics = Decider[InboundTopic, InboundTopicEvent](
    name="inbound-topic",
    plural="inbound-topics",
    id_field="topic",
    key=TopicName,
    initial=lambda _: InboundTopic(),
    evolve=evolve,
)


@value
class RetryMessage:
    """`letter_id` is that of a dead letter, as their list has it."""

    topic: TopicName
    letter_id: UUID


@inbound_topics.decides(Action.OPERATE)
def retry_message(command: RetryMessage, topic: InboundTopic, asked: Asked) -> MessageRetryRequested:
    """Have a worker read again, with the code of today, a message that does not go on; what waits behind it follows."""
    must_be_meant_now(asked)
    must_not_be_under_way(command.topic, topic, command.letter_id)
    return MessageRetryRequested(topic=command.topic, number=topic.asked + 1, letter_id=command.letter_id)


@value
class SkipMessage:
    topic: TopicName
    letter_id: UUID


@inbound_topics.decides(Action.OPERATE)
def skip_message(command: SkipMessage, topic: InboundTopic, asked: Asked) -> MessageSkipRequested:
    """Leave out for good a message that does not go on, for a reason; what waits behind it follows."""
    must_be_meant_now(asked)
    must_not_be_under_way(command.topic, topic, command.letter_id)
    return MessageSkipRequested(topic=command.topic, number=topic.asked + 1, letter_id=command.letter_id)


def must_not_be_under_way(name: TopicName, topic: InboundTopic, letter_id: UUID) -> None:
    for each in topic.under_way:
        if each.letter_id == letter_id:
            raise AlreadyUnderWay(subject=f"inbound-topic/{name}", what=each.what, number=each.number)


# What came of it; of what is not under way it is no news


@value
class RecordMessageRetried:
    """How many messages have gone on, and by what the next one fails, if one does."""

    topic: TopicName
    number: int
    gone_on: int
    because: str | None = None


@inbound_topics.decides(Action.MIRROR)
def record_message_retried(command: RecordMessageRetried, topic: InboundTopic, asked: Asked) -> MessageRetried | None:
    """Record what came of reading a message again."""
    must_be_the_service(asked)
    if not is_under_way(topic, command.number, "retry"):
        return None
    return MessageRetried(topic=command.topic, number=command.number, gone_on=command.gone_on, because=command.because)


@value
class RecordMessageSkipped:
    """How many messages behind it have gone on, and by what the next one fails, if one does."""

    topic: TopicName
    number: int
    gone_on: int
    because: str | None = None


@inbound_topics.decides(Action.MIRROR)
def record_message_skipped(command: RecordMessageSkipped, topic: InboundTopic, asked: Asked) -> MessageSkipped | None:
    """Record that a message is left out, and what came of those behind it."""
    must_be_the_service(asked)
    if not is_under_way(topic, command.number, "skip"):
        return None
    return MessageSkipped(topic=command.topic, number=command.number, gone_on=command.gone_on, because=command.because)


@value
class RecordMessageRequestFailed:
    topic: TopicName
    number: int
    because: str


@inbound_topics.decides(Action.MIRROR)
def record_message_request_failed(
    command: RecordMessageRequestFailed, topic: InboundTopic, asked: Asked
) -> MessageRequestFailed | None:
    """Record that what was asked of a message could not be done, and why."""
    must_be_the_service(asked)
    if topic.request(command.number) is None:
        return None
    return MessageRequestFailed(topic=command.topic, number=command.number, because=command.because)


def is_under_way(topic: InboundTopic, number: int, what: str) -> bool:
    request = topic.request(number)
    return request is not None and request.what == what
