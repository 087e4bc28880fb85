"""Rates that were measured in turns, and their ratios: the machine's mood is in both."""

from collections.abc import Sequence
from statistics import median


def compared(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, str]:
    """The median of the ratios; and in words the medians of both rates, and from where to where the ratios went."""
    ratios = sorted(mine / other for mine, other in zip(ours, theirs, strict=True))
    rates = f"{median(ours):,.0f} / {median(theirs):,.0f}"
    return median(ratios), f"{rates}; {ratios[0]:.2f}–{ratios[-1]:.2f}×"
