"""What may be shown to everybody of a phone number, and of other things that are personal."""

from domain.values import Erased
from projections.columns import Column

HEAD, TAIL, HIDDEN = 6, 4, 4  # The country and the operator, the last digits; at least so many between are hidden.


def masked(phone: str | Erased) -> str | None:
    """`+86138****8000`; None of a number that was erased."""
    if isinstance(phone, Erased):
        return None
    tail = TAIL if len(phone) > HIDDEN + TAIL else 0
    head = max(min(HEAD, len(phone) - HIDDEN - tail), 0)
    return phone[:head] + "*" * (len(phone) - head - tail) + phone[len(phone) - tail :]


def shortened(column: str, *, many: bool) -> str:
    """SQL for how a text begins, or each text of several; the rest is hidden, and how long it is."""
    if many:
        return f"ARRAY(SELECT left(each, 1) || '***' FROM unnest({column}) AS each)"  # noqa: S608 - a name of ours.
    return f"(left({column}, 1) || '***')"


def as_seen(column: Column, *, hidden: bool) -> str:
    """SQL for a column: whoever is not to know what is personal sees how it begins."""
    return shortened(column.quoted, many=column.many) if hidden else column.quoted


def masked_email(address: str | Erased) -> str | None:
    """`l***@example.org`; None of an address that was erased."""
    if isinstance(address, Erased):
        return None
    name, _, host = address.rpartition("@")
    return f"{name[:1]}***@{host}"
