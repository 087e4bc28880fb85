"""The curves of survival as lines of a drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consumers.churn.told import Curve, Point

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 36
TENTHS = 5
MOST = 1_000  # Steps of a line; more are not to be told apart.


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    curve: Curve
    steps: str
    band: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Places in a view box of `width` × `height`; time goes to the right, the share of who stays upwards."""

    lines: Sequence[Line]
    across: Sequence[Tick]
    up: Sequence[Tick]
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def drawing(curves: Sequence[Curve]) -> Drawing:
    last = max((curve.until for curve in curves), default=0) or 1
    step = spacing(last)
    return Drawing(
        lines=[line(curve, last) for curve in curves],
        across=[Tick(across(days, last), f"{days:,}") for days in range(0, last + 1, step)],
        up=[Tick(up(share / TENTHS), f"{share * 100 // TENTHS} %") for share in range(TENTHS + 1)],
    )


def spacing(last: int) -> int:
    """A round number of days of which there are at most ten up to the last."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if last // step <= 10:
                return step
        size *= 10


def line(curve: Curve, last: int) -> Line:
    points = thinned(curve.points)
    upper = [*stairs([(each.time, each.high) for each in points], curve.until, last)]
    lower = [*stairs([(each.time, each.low) for each in points], curve.until, last)]
    return Line(
        curve=curve,
        steps=path(stairs([(each.time, each.survival) for each in points], curve.until, last)),
        band=path([*upper, *reversed(lower)]) + "Z",
    )


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    every = len(points) // MOST + 1
    return [each for nth, each in enumerate(points) if nth % every == 0 or nth == len(points) - 1]


def stairs(values: Sequence[tuple[int, float]], end: int, last: int) -> Iterator[tuple[float, float]]:
    """What holds at a time holds until the next, and the last to the end."""
    height = 1.0
    yield across(0, last), up(height)
    for time, value in values:
        yield across(time, last), up(height)
        yield across(time, last), up(value)
        height = value
    yield across(end, last), up(height)


def path(places: Iterator[tuple[float, float]] | Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def across(time: float, last: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * time / last


def up(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
