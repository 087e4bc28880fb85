"""Key account: the best customers have somebody of their own, and it is told why him. The best are those of the best
segment, and those who bring most, ranked month by month.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from commands.customer.owners import AssignCustomer
from commands.customer.standing import ChangeRevenueStanding
from commands.key_account_policy import BeginRanking, RecordRanking
from consumers.process import FirstOf, Process, Seen
from domain.customer.facts.merging import CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import CustomerReleased, OwnerChoice, Passed
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.key_account_policy import CurrencyRanking, RankingBegun, RevenueRanked, StandingFound, window
from domain.money import Money
from domain.month import month_after, month_at
from domain.revenue import Rank, is_best, places_for, ranked
from domain.staff import AvailabilityChanged, StaffOnboarded
from domain.values import CustomerId, PolicyId
from projections.capacity import Capacity, capacity
from projections.deadlines import Deadline
from projections.key_accounts import KeyAccount, key_accounts
from projections.revenue import customers_apart, revenue

SKILL = "key-account"  # Of staff who look after key accounts.
RULE = "key-account/fewest"
ALTERNATIVES = 3  # So many are tried, where the first has just left.
PEOPLE = (key_accounts, capacity)
FIGURES = (revenue, customers_apart, key_accounts)

key_account = Process("key-account", looks_at=(capacity, *FIGURES))

# Who gets somebody, and whom


@key_account.reacts
def give_the_best_somebody_of_their_own(
    event: ValueSegmentChanged
    | RevenueStandingChanged
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAdopted,
    seen: Seen,
) -> Iterator[FirstOf]:
    yield from given([row for row in seen.rows(key_accounts, customer_id=event.customer_id) if row.waits], seen)


@key_account.reacts
def try_again_when_somebody_can(
    event: StaffOnboarded | AvailabilityChanged | CustomerReleased, seen: Seen
) -> Iterator[FirstOf]:
    """Those who have waited longest come first."""
    del event
    waiting = [row for row in seen.rows(key_accounts, counts=True) if row.waits]
    yield from given(sorted(waiting, key=lambda row: (row.since, row.customer_id)), seen)


def given(waiting: Sequence[KeyAccount], seen: Seen) -> Iterator[FirstOf]:
    """Each to whoever looks after the fewest, counted as if those before it had been given away already."""
    if not waiting:
        return
    people = [each for each in seen.rows(capacity) if SKILL in each.skills]
    load = Counter(row.keeper for row in seen.rows(key_accounts, counts=True) if row.keeper is not None)
    seen_at = min(seen.position(view) for view in PEOPLE)
    for row in waiting:
        able = [each for each in people if each.available_at(seen.now)]
        able.sort(key=lambda each: (load[each.staff_id], each.staff_id))
        if not able:
            return  # It waits, and is listed.
        yield FirstOf(
            tuple(
                AssignCustomer(
                    customer_id=row.customer_id,
                    owner=each.staff_id,
                    role="key_account",
                    choice=OwnerChoice(
                        rule_id=RULE, seen_at=seen_at, passed=tuple(passed_over(people, able[: nth + 1], seen))
                    ),
                )
                for nth, each in enumerate(able[:ALTERNATIVES])
            )
        )
        load[able[0].staff_id] += 1


def passed_over(people: Sequence[Capacity], tried: Sequence[Capacity], seen: Seen) -> Iterator[Passed]:
    """Why not each of the others. The last of those who are tried is the one."""
    *refused, chosen = tried
    for each in people:
        if each in refused:
            yield Passed(staff_id=each.staff_id, because="refused")
        elif not each.active:
            yield Passed(staff_id=each.staff_id, because="departed")
        elif not each.available_at(seen.now):
            yield Passed(staff_id=each.staff_id, because="away")
        elif each is not chosen:
            yield Passed(staff_id=each.staff_id, because="has-more")


# Who brings most


@key_account.when_due("ranking")
def rank_when_a_month_is_over(deadline: Deadline) -> BeginRanking:
    return BeginRanking(policy_id=PolicyId(deadline.subject_id.removeprefix("key-account-policy/")))


@key_account.reacts
def rank_who_brings_most(event: RankingBegun, seen: Seen) -> RecordRanking:
    found = by_currency(revenue_of(event, seen))
    ranks = {currency: ranked(found[currency], event.terms.share_percent) for currency in sorted(found)}
    return RecordRanking(
        policy_id=event.policy_id,
        month=event.month,
        seen_at={view.name: seen.position(view) for view in FIGURES},
        currencies=tuple(summed_up(currency, ranks[currency], event.terms.share_percent) for currency in ranks),
        changes=tuple(changes(ranks, seen)),
    )


@key_account.reacts
def change_who_is_among_the_best(event: RevenueRanked) -> Iterator[ChangeRevenueStanding]:
    """It was ranked once, and is not ranked again from what is known by now."""
    for each in event.changes:
        yield ChangeRevenueStanding(customer_id=each.customer_id, policy_id=event.policy_id, month=event.month)


def revenue_of(event: RankingBegun, seen: Seen) -> Iterator[tuple[CustomerId, Money]]:
    """What came in the window, and what went back, of customers who are still there: each by whom he has become."""
    since, until = window(event.month, event.terms)
    merged = {row.customer_id: row.into for row in seen.rows(customers_apart, why="merged")}
    closed = {row.customer_id for row in seen.rows(customers_apart, why="closed")}
    month, last = month_at(since, "UTC"), month_at(until, "UTC")
    while month <= last:
        for row in seen.rows(revenue, month=month):
            whose = row.customer_id
            while whose in merged:
                whose = merged[whose]
            if whose not in closed:
                for amount, at in zip(row.amounts, row.at, strict=True):
                    if since <= at < until:
                        yield whose, Money(amount=amount, currency=row.currency)
        month = month_after(month)


def by_currency(found: Iterator[tuple[CustomerId, Money]]) -> dict[str, dict[CustomerId, Money]]:
    """What each customer has brought in each currency, which are never added."""
    sums: defaultdict[str, dict[CustomerId, Money]] = defaultdict(dict)
    for customer_id, money in found:
        mine = sums[money.currency]
        mine[customer_id] = mine.get(customer_id, money.nothing) + money
    return sums


def summed_up(currency: str, ranks: Mapping[CustomerId, Rank], share_percent: int) -> CurrencyRanking:
    best = [each.revenue for each in ranks.values() if is_best(each)]
    return CurrencyRanking(
        currency=currency,
        of=len(ranks),
        places=places_for(len(ranks), share_percent),
        best=len(best),
        border=min(best, default=None),
    )


def changes(ranks: Mapping[str, Mapping[CustomerId, Rank]], seen: Seen) -> Iterator[StandingFound]:
    """Who comes among the best of a currency, those with the most first, and who is in none of them any more. Whom
    nobody has adopted from history counts, and stands nowhere.
    """
    best = dict.fromkeys(who for each in ranks.values() for who in each if is_best(each[who]))
    before = {row.customer_id for row in seen.rows(key_accounts, standing="best")}
    for customer_id in best:
        if customer_id not in before and not seen.rows(customers_apart, customer_id=customer_id, why="history"):
            yield StandingFound(customer_id=customer_id, to="best", ranks=tuple(ranks_of(customer_id, ranks)))
    for customer_id in sorted(before - best.keys()):
        yield StandingFound(customer_id=customer_id, to="usual", ranks=tuple(ranks_of(customer_id, ranks)))


def ranks_of(customer_id: CustomerId, ranks: Mapping[str, Mapping[CustomerId, Rank]]) -> Iterator[Rank]:
    return (each[customer_id] for each in ranks.values() if customer_id in each)
