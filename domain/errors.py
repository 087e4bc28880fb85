"""How the domain says no.

A refusal is a class with a docstring (the problem's title) and a sentence with the facts. Its fields
are kept with the command, so that the same question gets the same answer; they hold ids, never names.
"""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")
Text = TypeVar("Text", bound=str | None)


class Refused(Exception):
    """The request was understood and declined."""


@dataclass_transform(kw_only_default=True, eq_default=False)
def refusal(cls: type[T]) -> type[T]:
    """A refusal with facts. Not frozen: Python itself writes the traceback onto an exception."""
    return dataclass(kw_only=True, eq=False)(cls)


@refusal
class NotNow(Refused):
    """This cannot be done in the present state."""

    found: str
    wanted: tuple[str, ...]
    subject: str = "it"

    def __str__(self) -> str:
        return f"this needs {' or '.join(self.wanted)}, and {self.subject} is {self.found}"


@refusal
class NotAllowed(Refused):
    """The caller may not do this."""

    action: str
    because: str

    def __str__(self) -> str:
        return f"{self.action} is not allowed: {self.because}"


@refusal
class Hidden(Refused):
    """There is no such thing, or the caller may not see it."""

    subject: str

    def __str__(self) -> str:
        return f"no {self.subject} is to be seen here"


@refusal
class HasLeft(Refused):
    """Who has left sends no command."""

    staff_id: str

    def __str__(self) -> str:
        return f"{self.staff_id} has departed"


@refusal
class UnknownStaff(Refused):
    """Nobody of that name works here."""

    staff_id: str

    def __str__(self) -> str:
        return f"{self.staff_id} has not been onboarded"


ASKED = "asked/"  # Before the name of what makes no sense beside the command: its reason, or its time.


@refusal
class Invalid(Refused):
    """A value in the request makes no sense."""

    field: str
    because: str

    def __str__(self) -> str:
        return f"{self.field.removeprefix(ASKED)}: {self.because}"


class ImpossibleHistory(Exception):
    """The stream holds an event its own past rules out: corrupt data, not a user error."""


def said(field: str, text: Text) -> Text:
    """The text itself, when it says something; refused with Invalid when it is given and blank."""
    if text is not None and not text.strip():
        raise Invalid(field=field, because="this must not be blank")
    return text


def require(state: object, *wanted: type[T]) -> T:
    """The guard: the state itself when it is one of the wanted types, a refusal when it is not."""
    if isinstance(state, wanted):
        return state
    raise NotNow(found=type(state).__name__, wanted=tuple(kind.__name__ for kind in wanted))
