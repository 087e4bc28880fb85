"""The arithmetic of a score: what was attained of each item, and what that makes together."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

from domain.errors import Invalid
from domain.quality.refusals import NothingApplies
from domain.quality.scorecard import WHOLE, Item
from domain.values import value

HUNDREDTH = Decimal("0.01")
NOUGHT = Decimal("0.00")
FINEST = 4  # Decimal places of an attainment.
LONGEST_CALL = 24 * 60 * 60  # Seconds.
EXACT = Context(prec=60)  # More than the sum of any scorecard needs, whatever the surroundings are set to.


@value
class Mark:
    """How much of an item was attained, from 0 to 1; none is "not applicable" (N/A). Where it is to be heard,
    `evidence_at` says, in seconds from the beginning of the call.
    """

    code: str
    attainment: Decimal | None = None
    evidence_at: int | None = None


@value
class Scored:
    """The marks of all items and what they make, out of 100. An auto-fail leaves `raw` as it is."""

    items: tuple[Mark, ...]
    raw: Decimal
    final: Decimal
    auto_failed: bool


def scored(items: Iterable[Item], marks: Iterable[Mark]) -> Scored:
    """What the marks make: each item of the scorecard has one. Refused with Invalid, or with NothingApplies.

    The score is Σ(weight × attainment) / Σ(weight) × 100 over the items that apply, to two decimal places; a half is
    rounded up, as on paper.
    """
    sheet = {item.code: item for item in items}
    given = checked(sheet, marks)
    for code in sheet:
        if code not in given:
            raise Invalid(field="items", because=f"{code} has no mark")
    applicable = [(sheet[code].weight, mark.attainment) for code, mark in given.items() if mark.attainment is not None]
    weight = total(weight for weight, _ in applicable)
    if not weight:
        raise NothingApplies
    attained = total(EXACT.multiply(weight, attainment) for weight, attainment in applicable)
    share = EXACT.divide(EXACT.multiply(attained, WHOLE), weight)
    raw = share.quantize(HUNDREDTH, ROUND_HALF_UP, EXACT)
    failed = any(sheet[code].auto_fail and mark.attainment == 0 for code, mark in given.items())
    return Scored(
        items=tuple(given[code] for code in sheet), raw=raw, final=NOUGHT if failed else raw, auto_failed=failed
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    found = Decimal(0)
    for amount in amounts:
        found = EXACT.add(found, amount)
    return found


def checked(sheet: Mapping[str, Item], marks: Iterable[Mark]) -> dict[str, Mark]:
    """The marks by item, when each of them can be one; they need not be all. Refused with Invalid."""
    given: dict[str, Mark] = {}
    for nth, mark in enumerate(marks):
        if (item := sheet.get(mark.code)) is None:
            raise Invalid(field=f"items/{nth}/code", because="the scorecard has no such item")
        if mark.code in given:
            raise Invalid(field=f"items/{nth}/code", because=f"{mark.code} stands there twice")
        must_fit(item, mark, f"items/{nth}")
        given[mark.code] = mark
    return given


def must_fit(item: Item, mark: Mark, field: str) -> None:
    attainment = mark.attainment
    if attainment is None:
        if not item.na_allowed:
            raise Invalid(field=f"{field}/attainment", because=f"{item.code} always applies")
    elif not 0 <= attainment <= 1 or places(attainment) > FINEST:
        raise Invalid(field=f"{field}/attainment", because=f"this is 0 to 1, with up to {FINEST} decimal places")
    elif item.kind == "yes_no" and attainment not in (0, 1):
        raise Invalid(field=f"{field}/attainment", because=f"{item.code} is answered yes or no: 1 or 0")
    if mark.evidence_at is not None and not 0 <= mark.evidence_at <= LONGEST_CALL:
        raise Invalid(field=f"{field}/evidence_at", because="these are seconds from the beginning of the call")


def places(number: Decimal) -> int:
    """How many decimal places are written."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
