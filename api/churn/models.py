"""A model of customers as it is told: its parameters, to what it was fitted, and how likely it makes what was seen; or,
where it has learned who leaves, how well it tells that.
"""

from collections.abc import Mapping
from typing import Any

from commands.churn_model import RecordModel
from consumers.churn.calibration import calibration
from domain.churn_model import ChurnModelFitted


def told_of(event: ChurnModelFitted) -> dict[str, Any]:
    likelihood = event.search.log_likelihood
    return {
        "model": f"{event.model_id}@{event.number}",
        "kind": event.kind,
        "product_line": event.product_line,
        "currency": event.seen.currency,
        "customers": event.seen.customers,
        "first": event.seen.first,
        "last": event.seen.last,
        "log_likelihood": None if likelihood is None else round(float(likelihood), 4),
        "parameters": {name: float(found) for name, found in event.parameters.items()},
        "days": None if event.learned is None else event.learned.days,
        "quality": None if event.learned is None else calibration(event.learned.quality),
        "converged": event.search.converged,
        "code": event.code.version,
    }


def of_command(command: RecordModel, number: int | None = None) -> Mapping[str, Any]:
    """As a model on record is told, whether it has a number yet or not."""
    found = {name: getattr(command, name) for name in RecordModel.__dataclass_fields__}
    told = told_of(ChurnModelFitted(number=number or 0, **found))
    return told if number is not None else {**told, "model": str(command.model_id)}
