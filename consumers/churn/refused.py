"""Why something of churn is not told: what is asked for is not there, or nothing can be built on it."""

from datetime import date

from domain.errors import Refused, refusal
from projections.churn.fits import refusals as of_fits
from projections.churn.score import refusals as of_scores


@refusal
class NotConverged(Refused):
    """The fit has not come to an end, and nothing is built on it."""

    kind: str
    because: str

    def __str__(self) -> str:
        return f"{self.kind} has not converged: {self.because}"


@refusal
class NoSuchCurrency(Refused):
    """Nobody came back and paid in this currency."""

    currency: str
    others: tuple[str, ...]

    def __str__(self) -> str:
        return f"nobody came back and paid in {self.currency}; there is {', '.join(self.others) or 'no other'}"


@refusal
class NoModel(Refused):
    """No model of buying is on record as of then."""

    def __str__(self) -> str:
        return "no model of buying is on record as of then; `lifeledger churn fit pareto-nbd` makes one"


@refusal
class FittedToLater(Refused):
    """The model knows what came after the day that it is asked about."""

    name: str
    until: date
    day: date

    def __str__(self) -> str:
        return f"{self.name} was fitted to what happened up to {self.until}, and {self.day} was before that"


@refusal
class NoSuchModel(Refused):
    """No model of this name is on record."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"there is no model {self.name}; on record are {', '.join(self.known) or 'none'}"


@refusal
class ToldAlone(Refused):
    """Who leaves is told by one model, and by no other beside it."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"who leaves is told by one model alone; say which, of {', '.join(self.names)}"


@refusal
class NotLearnedAgain(Refused):
    """The model is on record by its digest alone, and cannot be learned again."""

    name: str
    because: str

    def __str__(self) -> str:
        return f"{self.name} cannot be learned again: {self.because}"


@refusal
class OtherTrees(Refused):
    """What was learned again is not what is on record, and nobody is scored by it."""

    name: str
    was: str
    found: str

    def __str__(self) -> str:
        return f"{self.name} was recorded as {self.was}, and what is learned again from the same is {self.found}"


OF_CHURN: tuple[type[Refused], ...] = (
    NotConverged,
    NoSuchCurrency,
    NoModel,
    NoSuchModel,
    FittedToLater,
    ToldAlone,
    NotLearnedAgain,
    OtherTrees,
    of_fits.TooFewCustomers,
    of_fits.NobodyCameBack,
    of_fits.AllOnOneDay,
    of_fits.NegativeAmounts,
    of_fits.SeveralCurrencies,
    of_fits.DatesInTheFuture,
    of_fits.NoSuchHistory,
    of_scores.KnowsTheFuture,
    of_scores.ScoredTooEarly,
    of_scores.TooSmallAPopulation,
    of_scores.OtherFeatures,
    of_scores.NoFigure,
)
"""All that can be refused of it."""
