"""What a customer learns with us: how far he has come in each course, as the learning system tells."""

from datetime import timedelta

from commands.customer.customers import customers
from commands.customer.lifecycle import ahead_of_new
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.customer.facts.lifecycle import LearningNoted
from domain.customer.states import Open
from domain.errors import Invalid
from domain.values import CustomerId, Instant, value

MOST_LESSONS = 100_000
CLOCKS_DIFFER = timedelta(minutes=5)  # At most; what is told of later than that would never be outdone.


@value
class NoteLearning:
    """So many lessons of a `course`, its code there, were done when he was last in it; `of` how many, where known."""

    customer_id: CustomerId
    course: str
    done: int
    learned_at: Instant
    of: int | None = None


@customers.decides(Action.MIRROR)
def note_learning(command: NoteLearning, customer: Open, asked: Asked) -> LearningNoted | None:
    """Note how far a customer has come in a course. What is known of a later time stays; that he was there is seen."""
    course, at = coded("course", command.course), command.learned_at
    if not 0 <= command.done <= MOST_LESSONS:
        raise Invalid(field="done", because=f"this is 0 to {MOST_LESSONS} lessons")
    if command.of is not None and not max(command.done, 1) <= command.of <= MOST_LESSONS:
        raise Invalid(field="of", because=f"this is at least what is done, and at most {MOST_LESSONS} lessons")
    if not asked.imported and at > asked.at + CLOCKS_DIFFER:
        raise Invalid(field="learned_at", because="that is yet to come")
    known = (customer.dossier.learning or {}).get(course)
    if known is not None and (at, command.done) <= (known.at, known.done):
        return None
    return LearningNoted(
        customer_id=command.customer_id,
        course=course,
        done=command.done,
        learned_at=at,
        of=command.of,
        ahead=ahead_of_new(customer, at),
    )
