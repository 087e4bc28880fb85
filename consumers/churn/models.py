"""Models as they are recorded, and as they are reckoned with again: every figure comes back as it was."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from typing import get_args

from commands.churn_model import RecordModel
from consumers.churn.calibration import tenths_in
from domain.churn_model import ChurnModelFitted, Code, Search, Seen, Trained, Weighed
from domain.errors import Invalid
from domain.values import ChurnModelId, Instant, value
from projections.churn.fits.fitted import Fitted, Kind, Window
from projections.churn.score.learning import Learned, Weight
from projections.churn.score.quality import Part, Quality

UNKNOWN = Decimal("nan")  # What somebody has recorded without saying it.
PACKAGES = (
    "consumers.churn",
    "projections.churn.facts",
    "projections.churn.fits",
    "projections.churn.score",
    "projections.churn.tables",
)
MODULES = (
    "consumers.at",
    "consumers.moments",
    "domain.lifecycle_policy",
    "domain.money",
    "projections.contact_pressure",
    "projections.funnel",
)
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pyarrow", "scikit-learn", "scipy")


@value
class AsOf:
    """In which view of the ledger something was looked at: up to a position, and as of which moments, if any."""

    position: int
    recorded_by: Instant | None = None
    occurred_by: Instant | None = None


def code() -> Code:
    """By what is fitted here: the version of the package; and the SHA-256 of the source of churn, from the folds of its
    facts to the fits and the score, and of what decides figures beside it, with the versions of the libraries that
    reckon. Where that is the same, so are the figures; where it is another, they need not differ.
    """
    digest = sha256()
    for library in LIBRARIES:
        digest.update(f"{library} {installed(library)}\n".encode())
    for package, file in sources():
        content = file.read_bytes()
        digest.update(f"{package}/{file.name} {len(content)}\n".encode() + content)
    # Where it runs from its source it is not installed; the digest tells which that is.
    return Code(version=installed("lifeledger"), fingerprint=digest.hexdigest())


def sources() -> Iterator[tuple[str, Traversable]]:
    """Each file, with the package in which it is, in an order of its own."""
    for package in PACKAGES:
        files = [each for each in resources.files(package).iterdir() if each.name.endswith(".py")]
        yield from ((package, each) for each in sorted(files, key=lambda file: file.name))
    for module in MODULES:
        package, name = module.rsplit(".", 1)
        yield package, resources.files(package) / f"{name}.py"


def installed(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def exact(figure: float) -> Decimal:
    """The shortest decimal that is read as the same number again."""
    return Decimal(repr(float(figure)))


def of_fit(
    fitted: Fitted, model_id: ChurnModelId, as_of: AsOf, code: Code, product_line: str | None = None
) -> RecordModel:
    """The command that records a fit. Its window has to be known."""
    if fitted.window is None:
        raise Invalid(field="seen", because="from which day to which it was looked is not known")
    return RecordModel(
        model_id=model_id,
        kind=fitted.kind,
        parameters={name: exact(found) for name, found in fitted.parameters.items()},
        seen=Seen(
            customers=fitted.customers,
            first=fitted.window.first,
            last=fitted.window.last,
            position=as_of.position,
            recorded_by=as_of.recorded_by,
            occurred_by=as_of.occurred_by,
            unit_days=fitted.unit,
            currency=fitted.currency,
        ),
        search=Search(
            log_likelihood=exact(fitted.log_likelihood),
            iterations=fitted.iterations,
            converged=fitted.converged,
            gradient=exact(fitted.gradient),
            because=fitted.because,
        ),
        code=code,
        product_line=product_line,
    )


def fit_of(event: ChurnModelFitted) -> Fitted:
    """The fit that was recorded, to reckon with. Refused is a model of another kind."""
    kinds: Mapping[str, Kind] = {kind: kind for kind in get_args(Kind)}
    if event.kind not in kinds:
        raise Invalid(field="kind", because=f"a {event.kind} is no model of buying")
    search, seen = event.search, event.seen
    return Fitted(
        kind=kinds[event.kind],
        parameters={name: float(found) for name, found in event.parameters.items()},
        log_likelihood=float(search.log_likelihood or 0),
        customers=seen.customers,
        window=Window(first=seen.first, last=seen.last),
        unit=seen.unit_days,
        currency=seen.currency,
        iterations=search.iterations,
        converged=search.converged,
        gradient=float(search.gradient or 0),
        because=search.because,
    )


def of_score(
    learned: Learned, model_id: ChurnModelId, as_of: AsOf, code: Code, product_line: str | None = None
) -> RecordModel:
    """The command that records what was learned: `seen` is from the day of the features to the end of the labels."""
    return RecordModel(
        model_id=model_id,
        kind=learned.way,
        parameters={name: exact(found) for name, found in learned.parameters.items()},
        seen=Seen(
            customers=learned.customers,
            first=learned.as_of,
            last=learned.until,
            position=as_of.position,
            recorded_by=as_of.recorded_by,
            occurred_by=as_of.occurred_by,
        ),
        search=Search(iterations=learned.iterations, converged=learned.converged, because=learned.because),
        code=code,
        product_line=product_line,
        learned=Trained(
            days=learned.days,
            seed=learned.seed,
            features=tuple(
                Weighed(
                    feature=each.feature,
                    centre=exact(each.centre),
                    scale=exact(each.scale),
                    weight=exact(each.weight),
                )
                for each in learned.weights
            ),
            intercept=None if learned.intercept is None else exact(learned.intercept),
            digest=learned.digest,
            quality=by_name(learned.quality),
        ),
    )


def score_of(event: ChurnModelFitted) -> Learned:
    """The logistic model that was recorded, to score with. Refused is any other: trees are learned again."""
    then = event.learned
    if event.kind != "logistic" or then is None or then.intercept is None:
        raise Invalid(field="kind", because=f"a {event.kind} is not recorded with its weights")
    return Learned(
        way="logistic",
        parameters={name: float(found) for name, found in event.parameters.items()},
        names=tuple(each.feature for each in then.features),
        days=then.days,
        as_of=event.seen.first,
        until=event.seen.last,
        seed=then.seed,
        customers=event.seen.customers,
        weights=tuple(
            Weight(feature=each.feature, centre=float(each.centre), scale=float(each.scale), weight=float(each.weight))
            for each in then.features
        ),
        intercept=float(then.intercept),
        iterations=event.search.iterations,
        converged=event.search.converged,
        because=event.search.because,
        quality=quality_of(then.quality),
    )


def by_name(quality: Quality) -> dict[str, Decimal]:
    """All figures, those of the tenths as `part_1.lift`."""
    whole = {each.name: exact(getattr(quality, each.name)) for each in fields(quality) if each.name != "parts"}
    parts = {
        f"part_{nth}.{each.name}": exact(getattr(part, each.name))
        for nth, part in enumerate(quality.parts, start=1)
        for each in fields(part)
    }
    return whole | parts


def quality_of(figures: Mapping[str, Decimal]) -> Quality:
    return Quality(
        customers=int(figures.get("customers", 0)),
        left=int(figures.get("left", 0)),
        auc=float(figures.get("auc", UNKNOWN)),
        brier=float(figures.get("brier", UNKNOWN)),
        brier_of_all=float(figures.get("brier_of_all", UNKNOWN)),
        parts=tuple(
            Part(
                customers=int(figures.get(f"part_{nth}.customers", 0)),
                left=int(figures.get(f"part_{nth}.left", 0)),
                expected=float(figures.get(f"part_{nth}.expected", UNKNOWN)),
                seen=float(figures.get(f"part_{nth}.seen", UNKNOWN)),
                lift=float(figures.get(f"part_{nth}.lift", UNKNOWN)),
                caught=float(figures.get(f"part_{nth}.caught", UNKNOWN)),
            )
            for nth in tenths_in(figures)
        ),
    )
