"""Who is a key account for what he brings: the best share of those who pay, ranked when a month is over."""

from collections.abc import Mapping

from domain.errors import ImpossibleHistory, Refused, refusal
from domain.money import Money
from domain.month import end_of
from domain.pool import days_after
from domain.revenue import Rank, Standing
from domain.values import CustomerId, Instant, PolicyId, fact, replace, value

STANDARD = PolicyId("standard")  # The one that there is: a customer has one standing.


@value
class KeyAccountTerms:
    """The best `share_percent` of all who have paid anything within `window_days` up to the end of a month, as the
    calendar of `time_zone` has it. Of a share of 0, nobody is one for what he brings.
    """

    share_percent: int = 20
    window_days: int = 365
    time_zone: str = "Asia/Shanghai"


@value
class CurrencyRanking:
    """How a currency was ranked: `of` have brought something in it, and the `best` of them are no fewer than there are
    `places`; `border` is the least that one of them has brought.
    """

    currency: str
    of: int
    places: int
    best: int
    border: Money | None = None


@value
class StandingFound:
    """A customer who does not stand where he stood: where that is, in each currency in which he has paid."""

    customer_id: CustomerId
    to: Standing
    ranks: tuple[Rank, ...]


# Facts


@fact("key-account-policy.published")
class KeyAccountPolicyPublished:
    policy_id: PolicyId
    number: int
    terms: KeyAccountTerms


@fact("key-account-policy.ranking-begun")
class RankingBegun:
    """A month is over, and the customers are to be ranked under these terms."""

    policy_id: PolicyId
    number: int
    month: str
    terms: KeyAccountTerms


@fact("key-account-policy.revenue-ranked")
class RevenueRanked:
    """What came of it, and of whom it says another thing than before. `seen_at` are the positions of the views in
    which the revenue was seen: from there anybody comes to the same ranks again.
    """

    policy_id: PolicyId
    number: int
    month: str
    terms: KeyAccountTerms
    seen_at: Mapping[str, int]
    currencies: tuple[CurrencyRanking, ...]
    changes: tuple[StandingFound, ...]


KeyAccountPolicyEvent = KeyAccountPolicyPublished | RankingBegun | RevenueRanked


# States. What was begun under one version ends under it.


@value
class Unranked: ...


@value
class Ranking:
    """A month is being ranked."""

    month: str
    number: int
    terms: KeyAccountTerms


@value
class Ranked:
    """A month was ranked, the last one until another is begun."""

    month: str
    number: int
    terms: KeyAccountTerms
    seen_at: int  # As far as all that was looked at had come.
    changes: Mapping[CustomerId, StandingFound]


@value
class NoKeyAccountPolicy: ...


@value
class KeyAccountPolicy:
    number: int
    terms: KeyAccountTerms
    turn: Unranked | Ranking | Ranked


AnyKeyAccountPolicy = NoKeyAccountPolicy | KeyAccountPolicy


def evolve(policy: AnyKeyAccountPolicy, event: KeyAccountPolicyEvent) -> AnyKeyAccountPolicy:
    match policy, event:
        case NoKeyAccountPolicy(), KeyAccountPolicyPublished(number=number, terms=terms):
            return KeyAccountPolicy(number=number, terms=terms, turn=Unranked())
        case KeyAccountPolicy(), KeyAccountPolicyPublished(number=number, terms=terms):
            return replace(policy, number=number, terms=terms)
        case KeyAccountPolicy(), RankingBegun(month=month, number=number, terms=terms):
            return replace(policy, turn=Ranking(month=month, number=number, terms=terms))
        case KeyAccountPolicy(), RevenueRanked():
            return replace(policy, turn=ranked_by(event))
        case _:
            raise ImpossibleHistory(policy, event)


def ranked_by(event: RevenueRanked) -> Ranked:
    return Ranked(
        month=event.month,
        number=event.number,
        terms=event.terms,
        seen_at=min(event.seen_at.values()),
        changes={each.customer_id: each for each in event.changes},
    )


# What counts


def window(month: str, terms: KeyAccountTerms) -> tuple[Instant, Instant]:
    """From when on, and until when, what is paid counts in the ranking of a month; the end is out of it."""
    until = end_of(month, terms.time_zone)
    return days_after(until, -terms.window_days, terms.time_zone), until


# How it says no


@refusal
class RankedAlready(Refused):
    """A month is ranked once, when it is over."""

    month: str
    until: Instant

    def __str__(self) -> str:
        return f"{self.month} was ranked already; the next month is over on {self.until.isoformat(timespec='seconds')}"


@refusal
class RankedSince(Refused):
    """What was found in one month does not hold once another is ranked."""

    month: str

    def __str__(self) -> str:
        return f"{self.month} has been ranked since"
