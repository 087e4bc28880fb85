"""What may be asked of a churn model: that it be recorded as it was fitted."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.churn_model import (
    PARAMETERS,
    AnyChurnModel,
    ChurnModel,
    ChurnModelEvent,
    ChurnModelFitted,
    Code,
    ModelKind,
    NoChurnModel,
    Search,
    Seen,
    Trained,
    evolve,
)
from domain.errors import Invalid, said
from domain.values import ChurnModelId, replace, value

churn_models = Decider[AnyChurnModel, ChurnModelEvent](
    name="churn-model",
    plural="churn-models",
    id_field="model_id",
    key=ChurnModelId,
    initial=lambda _: NoChurnModel(),
    evolve=evolve,
)

ZONES = timedelta(hours=14)  # A day begins so much sooner than in UTC where it begins first.
DIGEST = re.compile(r"[0-9a-f]{64}")


@value
class RecordModel:
    """`parameters` by their names; `search` says how they were found, `seen` to what they were fitted, and `code` by
    what. `learned` is of those models, and of those only, that learn from features.
    """

    model_id: ChurnModelId
    kind: ModelKind
    parameters: Mapping[str, Decimal]
    seen: Seen
    search: Search
    code: Code
    product_line: str | None = None
    learned: Trained | None = None


@churn_models.decides(Action.ANALYSE)
def record_model(command: RecordModel, model: NoChurnModel | ChurnModel, asked: Asked) -> ChurnModelFitted | None:
    """Record a model as it was fitted, with all that it takes to reckon with it again; what was recorded before stays.

    The same once more is no news. A search that has not come to an end is recorded as such.
    """
    must_be_parameters(command.kind, command.parameters)
    must_have_been_seen(command.seen, (asked.at + ZONES).date())
    must_be_search(command.kind, command.search)
    said("code/version", command.code.version)
    must_be_digest("code/fingerprint", command.code.fingerprint)
    must_have_learned(command.kind, command.learned)
    if command.product_line is not None:
        coded("product_line", command.product_line)
    fitted = ChurnModelFitted(
        model_id=command.model_id,
        number=1,
        kind=command.kind,
        parameters=command.parameters,
        seen=command.seen,
        search=command.search,
        code=command.code,
        product_line=command.product_line,
        learned=command.learned,
    )
    if isinstance(model, NoChurnModel):
        return fitted
    if replace(model.fitted, number=1) == fitted and not asked.imported:
        return None  # Asking twice is not an error.
    return replace(fitted, number=model.fitted.number + 1)


def must_be_parameters(kind: ModelKind, parameters: Mapping[str, Decimal]) -> None:
    names = PARAMETERS.get(kind)
    if names is not None and parameters.keys() != names:
        raise Invalid(field="parameters", because=f"a {kind} has {', '.join(sorted(names))}")
    for name, found in parameters.items():
        coded("parameters", name)
        if names is not None and found <= 0:
            raise Invalid(field=f"parameters/{name}", because="this is above nothing")


def must_be_search(kind: ModelKind, search: Search) -> None:
    by_likelihood = search.log_likelihood is not None and search.gradient is not None
    if kind in PARAMETERS and not by_likelihood:
        raise Invalid(field="search/log_likelihood", because=f"a {kind} is fitted by its likelihood")
    if search.iterations < 0 or (search.gradient is not None and search.gradient < 0):
        raise Invalid(field="search", because="neither steps nor what is left of a gradient are less than nothing")
    if search.converged == (search.because is not None):
        raise Invalid(
            field="search/because", because="why a search has not ended is said where it has not, and only there"
        )
    said("search/because", search.because)


def must_have_been_seen(seen: Seen, today: date) -> None:
    for name, least in (("customers", 1), ("position", 0), ("unit_days", 1)):
        found = getattr(seen, name)
        if found is not None and found < least:
            raise Invalid(field=f"seen/{name}", because=f"this is {least} or more")
    if seen.last < seen.first:
        raise Invalid(field="seen/last", because="the last day is not before the first")
    if seen.last > today:
        raise Invalid(field="seen/last", because="that day has not come yet")
    if seen.currency is not None and not re.fullmatch(r"[A-Z]{3}", seen.currency):
        raise Invalid(field="seen/currency", because="a currency has three letters (ISO 4217)")


def must_have_learned(kind: ModelKind, learned: Trained | None) -> None:
    """What weighs features says how much, and what does not, by which digest it is known."""
    if (learned is not None) != (kind not in PARAMETERS):
        raise Invalid(field="learned", because=f"a {kind} learns from features, or does not")
    if learned is None:
        return
    if learned.days < 1:
        raise Invalid(field="learned/days", because="this is 1 or more")
    names = [coded("learned/features", each.feature) for each in learned.features]
    if len(set(names)) < len(names):
        raise Invalid(field="learned/features", because="a feature stands in it once")
    if any(each.scale <= 0 for each in learned.features):
        raise Invalid(field="learned/features", because="a scale is above nothing")
    if (kind == "logistic") != (bool(names) and learned.intercept is not None):
        raise Invalid(field="learned/features", because="the weights are those of a logistic model, and it has some")
    if (kind == "boosted-trees") != (learned.digest is not None):
        raise Invalid(field="learned/digest", because="boosted trees, and only they, are known by a digest")
    if learned.digest is not None:
        must_be_digest("learned/digest", learned.digest)
    for name in learned.quality:
        coded("learned/quality", name)


def must_be_digest(field: str, found: str) -> None:
    if not DIGEST.fullmatch(found):
        raise Invalid(field=field, because="a SHA-256 is 64 hexadecimal digits")
