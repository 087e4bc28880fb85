"""What may be asked of an erasure: that all else be forgotten that is about the person alone."""

import re
from collections.abc import Mapping
from uuid import UUID

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.customer.states import Closed, Customer
from domain.erasure import Erasure, Kept, MoreForgotten, evolve
from domain.errors import Invalid, NotAllowed, NotNow
from domain.signature import consulted
from domain.values import CustomerId, value

erasures = Decider[Erasure, MoreForgotten](
    name="erasure",
    plural="erasures",
    id_field="customer_id",
    key=UUID,
    initial=lambda _: Erasure(),
    evolve=evolve,
)

ABOUT = re.compile(r"(lead|ticket|call|contact|order|review)/[0-9a-f-]{36}")
MOST_SUBJECTS = 1_000  # That are forgotten with one command.


@value
class ForgetMore:
    """`subjects` are streams, as lead/…; `kept` are those that are somebody else's too."""

    customer_id: CustomerId
    subjects: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


@consulted
def whose(command: ForgetMore) -> list[CustomerId]:
    return [command.customer_id]


@erasures.decides(Action.MIRROR, customers=whose)
def forget_more(
    command: ForgetMore, erasure: Erasure, customers: Mapping[CustomerId, Customer], asked: Asked
) -> MoreForgotten | None:
    """Forget what is about nobody but a person who is forgotten; what is forgotten already is no news."""
    if asked.actor.kind != "policy":
        raise NotAllowed(action=Action.MIRROR, because="what is about him is found, and not said by anybody")
    customer = customers[command.customer_id]
    if not (isinstance(customer, Closed) and customer.because == "erased"):
        raise NotNow(found=type(customer).__name__, wanted=("erased",))
    if len(command.subjects) + len(command.kept) > MOST_SUBJECTS:
        raise Invalid(field="subjects", because=f"at most {MOST_SUBJECTS} are forgotten at a time")
    for subject in command.subjects:
        if not ABOUT.fullmatch(subject):
            raise Invalid(field="subjects", because=f"{subject!r} is forgotten with nobody")
    subjects = tuple(each for each in dict.fromkeys(command.subjects) if each not in erasure.subjects)
    kept = tuple(each for each in dict.fromkeys(command.kept) if each not in erasure.kept)
    if not (subjects or kept):
        return None
    return MoreForgotten(customer_id=command.customer_id, subjects=subjects, kept=kept)
