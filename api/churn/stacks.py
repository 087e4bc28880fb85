"""How many customers were in each quadrant from month to month, as bars of a drawing, one for each day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from api.churn.drawing import Tick
from consumers.churn.told import Rows
from projections.churn.tables.shapes import day_of

WIDTH, HEIGHT = 720, 220
TOP, BOTTOM = 8, 28
GAP = 0.25  # Of the room of a bar.
SEGMENTS = ("B", "C", "D", "E")  # From below; who has not bought yet is of no currency.
FEW = 12  # Labels, between which there is room.


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar."""

    segment: str
    day: date
    customers: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class OfDay:
    """The figures of one bar, and how many had not bought anything by that day."""

    day: date
    customers: Mapping[str, int]
    not_yet: int


@dataclass(frozen=True, slots=True)
class Stack:
    """One currency. Places are in a view box of `width` × `height`; the highest bar fills it."""

    currency: str
    parts: Sequence[Part]
    labels: Sequence[Tick]
    rows: Sequence[OfDay]
    segments: Sequence[str] = SEGMENTS
    width: int = WIDTH
    height: int = HEIGHT


def stacks(series: Rows) -> Sequence[Stack]:
    """A drawing for each currency, of rows as `quadrant-series` has them."""
    found: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in series:
        found[row["currency"]][row["day"]][row["segment"]] = row["customers"]
    days, none = sorted({row["day"] for row in series}), found.pop("", {})

    def of_day(of: Mapping[int, Mapping[str, int]], day: int) -> OfDay:
        counts = of.get(day, {})
        return OfDay(day_of(day), {name: counts.get(name, 0) for name in SEGMENTS}, none.get(day, {}).get("A", 0))

    return [stack(currency, [of_day(found[currency], day) for day in days]) for currency in sorted(found)]


def stack(currency: str, rows: Sequence[OfDay]) -> Stack:
    room = WIDTH / len(rows)
    unit = (HEIGHT - TOP - BOTTOM) / (max(sum(row.customers.values()) for row in rows) or 1)
    parts = []
    for nth, row in enumerate(rows):
        floor = float(HEIGHT - BOTTOM)
        for name, customers in row.customers.items():
            floor -= customers * unit
            place = (round(room * (nth + GAP / 2), 1), round(floor, 1), round(room * (1 - GAP), 1))
            parts.append(Part(name, row.day, customers, *place, height=round(customers * unit, 1)))
    every = -(-len(rows) // FEW)
    labels = [Tick(room * (nth + 0.5), f"{row.day:%Y-%m}") for nth, row in enumerate(rows) if nth % every == 0]
    return Stack(currency, parts, labels, rows)
