"""learning.progress.v1: how far somebody has come in a course, for the next talk with him.

Each message says how it stood when he was last there, so that it does not matter in which order they come. Most who
learn are customers; of who is none yet, the next message will tell as much.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from commands.customer.learning import NoteLearning
from consumers.inbound.channel import Channel, Known, Wanted
from consumers.inbound.whom import account, customer_behind
from consumers.inbound.words import Code, Name, Perhaps, Whole, words
from domain.values import Instant

Count = Annotated[int, Field(ge=0), Whole]


@words
class ProgressMessage:
    """`account_id` is that of the shop. Who has enrolled and was never there has no `last_activity_at`. What the
    learning system calls the `status` decides nothing here.
    """

    message_id: Name
    account_id: Name
    course_code: Code
    lessons_completed: Count
    lessons_total: Perhaps[Count] = None
    last_activity_at: Perhaps[Instant] = None
    status: str | None = None


def translate(message: ProgressMessage, known: Known) -> Iterator[Wanted]:
    at = message.last_activity_at
    customer_id = customer_behind(known, account(message.account_id))
    if at is None or customer_id is None:
        return
    done, total = message.lessons_completed, message.lessons_total
    noted = NoteLearning(
        customer_id=customer_id,
        course=message.course_code,
        done=done,
        learned_at=at,
        of=total if total and total >= done else None,  # A course may have been made shorter since.
    )
    yield Wanted(noted, at)


learning_progress = Channel(
    topic="learning.progress.v1",
    system="learning",
    message=ProgressMessage,
    message_id=lambda message: message.message_id,
    order=None,
    translate=translate,
    mentions=lambda message: (account(message.account_id),),
)
