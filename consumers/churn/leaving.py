"""Who is thought to be leaving, and what models on record say of him; where none can be used, the rest, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consumers.churn.engines import computed
from consumers.churn.estimates import Model, estimates
from consumers.churn.refused import NoModel
from domain.errors import Refused
from projections.churn.fits.lifetime import Horizon
from projections.churn.tables.at_risk import at_risk
from projections.churn.tables.shapes import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """`rows` of Arrow: those of `at_risk` with what ESTIMATES has, which is null for whom no model says it. `models`
    are those that say something, and `refused` is why none says anything of anybody.
    """

    rows: Any
    refused: Refused | None = None

    @property
    def models(self) -> tuple[str, ...]:
        named = (name for name in self.rows["model"].unique().to_pylist() if name)
        return tuple(sorted({each for name in named for each in name.split("+")}))


def leaving(facts: Facts, models: Sequence[Model]) -> Leaving:
    """What is expected is so in the year that follows."""
    refused: Refused | None = None if any(model.fitted.kind != "gamma-gamma" for model in models) else NoModel()
    try:
        guessed = estimates(facts, models, Horizon())
    except Refused as no:
        guessed, refused = estimates(facts, (), Horizon()), no
    engine = facts.purchases.get_backend()
    return Leaving(
        rows=computed(at_risk(facts, engine.create_table("estimates", guessed, overwrite=True))), refused=refused
    )
