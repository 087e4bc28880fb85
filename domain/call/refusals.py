"""How a call says no."""

from domain.errors import Refused, refusal
from domain.values import CallId


@refusal
class AlreadyRequested(Refused):
    """A call is requested once."""

    call_id: CallId

    def __str__(self) -> str:
        return f"the call {self.call_id} has been requested; another call has another id"
