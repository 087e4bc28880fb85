"""Why nothing is learned from some customers."""

from datetime import date

from domain.errors import Refused, refusal


@refusal
class KnowsTheFuture(Refused):
    """What is to be learned lies wholly after what it is learned from: otherwise the answer stands in the question."""

    features_as_of: date
    labels_after: date

    def __str__(self) -> str:
        return f"features are as of {self.features_as_of}, and labels tell of days after {self.labels_after}"


@refusal
class ScoredTooEarly(Refused):
    """A model scores nobody as of a day of which it has learned what came after it."""

    features_as_of: date
    learned_until: date

    def __str__(self) -> str:
        return f"features are as of {self.features_as_of}, and it has learned what happened until {self.learned_until}"


@refusal
class TooSmallAPopulation(Refused):
    """Of so few customers, or so few who left or stayed, what is learned would be chance."""

    customers: int
    left: int
    stayed: int
    needed: int
    needed_of_each: int

    def __str__(self) -> str:
        return (
            f"there are {self.customers} customers, of whom {self.left} have left and {self.stayed} have stayed; "
            f"this takes {self.needed}, and {self.needed_of_each} of each"
        )


@refusal
class OtherFeatures(Refused):
    """A model scores by the features from which it has learned."""

    given: tuple[str, ...]
    learned: tuple[str, ...]

    def __str__(self) -> str:
        return f"it has learned from {', '.join(self.learned)}, and is given {', '.join(self.given)}"


@refusal
class NoFigure(Refused):
    """What is not known of a customer is said by a feature of its own, and not by a figure that is none."""

    feature: str
    customers: int

    def __str__(self) -> str:
        return f"{self.feature} is no finite number of {self.customers} customers"
