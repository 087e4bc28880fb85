"""What may be shown of a phone number to everybody."""

from domain.values import Erased

HEAD, TAIL, HIDDEN = 6, 4, 4  # The country and the operator, the last digits; at least so many between are hidden.


def masked(phone: str | Erased) -> str | None:
    """`+86138****8000`; None of a number that was erased."""
    if isinstance(phone, Erased):
        return None
    tail = TAIL if len(phone) > HIDDEN + TAIL else 0
    head = max(min(HEAD, len(phone) - HIDDEN - tail), 0)
    return phone[:head] + "*" * (len(phone) - head - tail) + phone[len(phone) - tail :]
