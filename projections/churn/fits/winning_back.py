"""Whether it helps to win customers back: of those who were contacted more come back than of the others, or not."""

from math import sqrt

from scipy.special import ndtri

from domain.errors import Invalid
from domain.values import value
from projections.churn.fits.refusals import TooFewCustomers

SURE = 0.95
SEEN = "the others were not chosen by lot: those who were contacted may differ from them in more than that"


@value
class Share:
    """How many of how many came back, and between which shares that of all such customers lies."""

    came_back: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.came_back / self.of


@value
class Uplift:
    """The share that came back of those contacted less that of the others, and between which differences it lies.

    By lot, as where some were held out for that, the difference is what contacting has brought. Otherwise it is only
    what was seen, and `caution` says why.
    """

    contacted: Share
    others: Share
    low: float
    high: float
    sure: float
    by_lot: bool

    @property
    def difference(self) -> float:
        return self.contacted.share - self.others.share

    @property
    def caution(self) -> str | None:
        return None if self.by_lot else SEEN


def share(came_back: int, of: int, *, sure: float = SURE) -> Share:
    """E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927)."""
    if of < 1:
        raise TooFewCustomers(customers=of, needed=1)
    if not 0 <= came_back <= of:
        raise Invalid(field="came_back", because=f"of {of} customers {came_back} cannot have come back")
    z = float(ndtri(0.5 + sure / 2))
    middle, wide = came_back + z * z / 2, z * sqrt(came_back * (of - came_back) / of + z * z / 4)
    return Share(
        came_back=came_back,
        of=of,
        low=0.0 if came_back == 0 else (middle - wide) / (of + z * z),
        high=1.0 if came_back == of else (middle + wide) / (of + z * z),
    )


def uplift(contacted: tuple[int, int], others: tuple[int, int], *, by_lot: bool = False, sure: float = SURE) -> Uplift:
    """Of each group, how many came back and of how many. The interval is the tenth of R. G. Newcombe, Interval
    estimation for the difference between independent proportions, Statistics in Medicine 17 (1998), without correction.
    """
    one, other = share(*contacted, sure=sure), share(*others, sure=sure)
    difference = one.share - other.share
    return Uplift(
        contacted=one,
        others=other,
        low=difference - sqrt((one.share - one.low) ** 2 + (other.high - other.share) ** 2),
        high=difference + sqrt((one.high - one.share) ** 2 + (other.share - other.low) ** 2),
        sure=sure,
        by_lot=by_lot,
    )
