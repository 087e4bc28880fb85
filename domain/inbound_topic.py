"""Topics of other systems: what operators have asked about messages that do not go on, and what came of it."""

from typing import Literal
from uuid import UUID

from domain.operation import Outcome
from domain.values import TopicName, fact, replace, value

# Facts: what was asked, each with the next number


@fact("inbound-topic.retry-requested")
class MessageRetryRequested:
    """Of the message that a dead letter is, and of what waits behind it."""

    topic: TopicName
    number: int
    letter_id: UUID


@fact("inbound-topic.skip-requested")
class MessageSkipRequested:
    topic: TopicName
    number: int
    letter_id: UUID


# Facts: what came of it


@fact("inbound-topic.message-retried")
class MessageRetried:
    """So many messages have gone on; `because` says by what the next one fails, if one does."""

    topic: TopicName
    number: int
    gone_on: int
    because: str | None = None


@fact("inbound-topic.message-skipped")
class MessageSkipped:
    """The message is left out for good; the rest is as when it is retried."""

    topic: TopicName
    number: int
    gone_on: int
    because: str | None = None


@fact("inbound-topic.request-failed")
class MessageRequestFailed:
    """Nothing has changed; `because` says what went wrong, and holds nobody's values."""

    topic: TopicName
    number: int
    because: str


InboundTopicEvent = (
    MessageRetryRequested | MessageSkipRequested | MessageRetried | MessageSkipped | MessageRequestFailed
)


# States


@value
class MessageRequest:
    number: int
    what: Literal["retry", "skip"]
    letter_id: UUID


@value
class CameOfMessage:
    request: MessageRequest
    outcome: Outcome
    because: str | None = None


@value
class InboundTopic:
    """How often something was asked of it, what of that is under way, and what came of the last that is not."""

    asked: int = 0
    under_way: tuple[MessageRequest, ...] = ()
    last: CameOfMessage | None = None

    def request(self, number: int) -> MessageRequest | None:
        """The one of that number, while it is under way."""
        return next((each for each in self.under_way if each.number == number), None)


def evolve(topic: InboundTopic, event: InboundTopicEvent) -> InboundTopic:
    match event:
        case MessageRetryRequested(number=number, letter_id=letter):
            return begun(topic, MessageRequest(number=number, what="retry", letter_id=letter))
        case MessageSkipRequested(number=number, letter_id=letter):
            return begun(topic, MessageRequest(number=number, what="skip", letter_id=letter))
        case MessageRetried(number=number, because=because) | MessageSkipped(number=number, because=because):
            return ended(topic, number, "done" if because is None else "stands", because)
        case MessageRequestFailed(number=number, because=because):
            return ended(topic, number, "failed", because)


def begun(topic: InboundTopic, request: MessageRequest) -> InboundTopic:
    return replace(topic, asked=request.number, under_way=(*topic.under_way, request))


def ended(topic: InboundTopic, number: int, outcome: Outcome, because: str | None) -> InboundTopic:
    request = topic.request(number)
    if request is None:
        return topic
    left = tuple(each for each in topic.under_way if each is not request)
    return replace(topic, under_way=left, last=CameOfMessage(request=request, outcome=outcome, because=because))
