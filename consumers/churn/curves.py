"""How long customers stay, as curves: of all, or of each group of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from consumers.churn.engines import computed
from consumers.churn.extras import needed
from consumers.churn.told import Curve, Point
from projections.churn.fits import survival
from projections.churn.tables.durations import Start, durations
from projections.churn.tables.shapes import Facts


def curves(
    facts: Facts, by: str | None = None, start: Start = "first-purchase"
) -> tuple[Sequence[Curve], survival.LogRank | None]:
    """Raises TooFewCustomers where nobody has bought."""
    rows = computed(durations(facts, start, by_line=by == "product_line"))
    days, left = rows["days"].to_numpy(), rows["event"].to_numpy()
    if by is None:
        return [drawn("", survival.kaplan_meier(days, left))], None
    strata = rows[by].to_pylist()
    found = survival.by_stratum(days, left, strata)
    test = survival.log_rank(days, left, strata) if len(found) > 1 else None
    return [drawn(name, curve) for name, curve in found.items()], test


def drawn(name: str, curve: Any) -> Curve:
    columns = (curve.times, curve.at_risk, curve.left, curve.share, curve.low_log_log, curve.high_log_log)
    points = [
        Point(time=time, at_risk=there, events=left, survival=share, low=bound(low, share), high=bound(high, share))
        for time, there, left, share, low, high in zip(*(each.tolist() for each in columns), strict=True)
    ]
    return Curve(name=name, customers=curve.customers, until=curve.until, points=points, median=curve.median)


def bound(of: float, share: float) -> float:
    """Where nobody is left, there is no band any more."""
    return share if of != of else of  # noqa: PLR0124 - only what is no number differs from itself.


def in_rows(curves: Sequence[Curve]) -> Any:
    """The points of all curves as rows of Arrow, by the group of each."""
    arrow = needed("pyarrow")
    whole, real = arrow.int64(), arrow.float64()
    columns = {"stratum": arrow.string(), "time": whole, "at_risk": whole, "events": whole}
    columns |= dict.fromkeys(("survival", "low", "high"), real)
    rows = [{"stratum": curve.name, **asdict(point)} for curve in curves for point in curve.points]
    return arrow.Table.from_pylist(rows, schema=arrow.schema([*columns.items()]))
