"""How well a model on record tells who leaves, by the figures that are recorded with it: of all customers who were held
out, and of each tenth of them, from the highest score down.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

WHOLE = ("customers", "left", "auc", "brier", "brier_of_all")
TENTH: Mapping[str, str] = {
    "customers": "customers",
    "left": "left",
    "expected": "expected",
    "seen": "came",
    "lift": "lift",
    "caught": "caught",
}
"""Figures of a tenth as they are recorded, and as they are told."""
COUNTS = ("customers", "left")
PART = re.compile(r"part_([1-9][0-9]{0,2})\.[a-z_]+")


def tenths_in(figures: Iterable[str]) -> list[int]:
    """Which tenths there are figures of, in order. Names that somebody else has recorded are passed over."""
    return sorted({int(found[1]) for name in figures if (found := PART.fullmatch(name))})


def calibration(figures: Mapping[str, Decimal]) -> dict[str, Any]:
    """In a tenth, `expected` is the mean of the scores and `came` the share who left; `lift` is that over the share who
    left of all, and `caught` which share of all who left is among these and those above. None is what nobody recorded.
    """
    tenths = [
        {told: figure(figures, f"part_{nth}.{name}", name) for name, told in TENTH.items()}
        for nth in tenths_in(figures)
    ]
    return {name: figure(figures, name, name) for name in WHOLE} | {"tenths": tenths}


def figure(figures: Mapping[str, Decimal], name: str, what: str) -> float | int | None:
    found = figures.get(name)
    if found is None or not found.is_finite():
        return None
    return int(found) if what in COUNTS else float(found)
