"""What operators ask of the service, and what the service says came of it."""

from typing import Literal

from domain.access import Action
from domain.actor import Asked
from domain.errors import ASKED, Invalid, NotAllowed, Refused, refusal

Outcome = Literal["done", "stands", "failed"]
"""All was done; what was asked was done, and something still does not go on; or it could not be done at all."""

LONGEST = 300  # Characters of the key of a row, or of what is said of a failure.


@refusal
class AlreadyUnderWay(Refused):
    """This has been asked for already, and is under way."""

    subject: str
    what: str
    number: int

    def __str__(self) -> str:
        return f"a {self.what} of {self.subject} is under way, which was asked for with number {self.number}"


def must_be_meant_now(asked: Asked) -> None:
    """Raises Invalid where nobody says why, and NotAllowed for history: what was done then is not done again."""
    if asked.imported:
        raise NotAllowed(action=Action.OPERATE, because="what is asked of the service is asked now, and is no history")
    if asked.reason is None or not asked.reason.code.strip():
        raise Invalid(field=f"{ASKED}reason", because="this needs a reason")


def must_be_the_service(asked: Asked) -> None:
    """Raises NotAllowed for whoever else would say what came of it."""
    if asked.actor.kind != "policy":
        raise NotAllowed(action=Action.MIRROR, because="what came of it is said by whoever has done it, the service")


def must_be_a_key(field: str, key: str) -> None:
    """It stays in the ledger as it is. Raises Invalid for what is no id of ours."""
    if not 0 < len(key) <= LONGEST or not key.isprintable() or " " in key:
        raise Invalid(field=field, because=f"a key has 1 to {LONGEST} characters, and no blanks")
