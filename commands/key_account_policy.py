"""What may be asked of the policy of key accounts: a new version, and to rank who brings most, month by month."""

from collections.abc import Mapping

from commands.decider import Decider
from commands.pool import is_known
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid, require
from domain.key_account_policy import (
    STANDARD,
    AnyKeyAccountPolicy,
    CurrencyRanking,
    KeyAccountPolicy,
    KeyAccountPolicyEvent,
    KeyAccountPolicyPublished,
    KeyAccountTerms,
    NoKeyAccountPolicy,
    RankedAlready,
    Ranking,
    RankingBegun,
    RevenueRanked,
    StandingFound,
    Unranked,
    evolve,
)
from domain.month import end_of, month_after, month_at, month_before
from domain.values import PolicyId, value

key_account_policies = Decider[AnyKeyAccountPolicy, KeyAccountPolicyEvent](
    name="key-account-policy",
    plural="key-account-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: NoKeyAccountPolicy(),
    evolve=evolve,
    governs=True,
)

LONGEST = 3_660  # Days: ten years of revenue.
LAST = 2**63 - 1


@value
class PublishKeyAccountPolicy:
    policy_id: PolicyId = STANDARD
    terms: KeyAccountTerms = KeyAccountTerms()


@key_account_policies.decides(Action.ADMINISTER)
def publish(
    command: PublishKeyAccountPolicy, policy: NoKeyAccountPolicy | KeyAccountPolicy
) -> KeyAccountPolicyPublished:
    """Publish how many of those who bring most are key accounts; who is one, changes when the next month is ranked."""
    terms = command.terms
    if command.policy_id != STANDARD:
        raise Invalid(field="policy_id", because=f"all customers are under one policy, {STANDARD}")
    if not 0 <= terms.share_percent <= 100:
        raise Invalid(field="terms/share_percent", because="this is 0 to 100")
    if not 1 <= terms.window_days <= LONGEST:
        raise Invalid(field="terms/window_days", because=f"this is 1 to {LONGEST} days")
    if not is_known(terms.time_zone):
        raise Invalid(field="terms/time_zone", because=f"{terms.time_zone!r} is no IANA time zone")
    return KeyAccountPolicyPublished(
        policy_id=command.policy_id,
        number=policy.number + 1 if isinstance(policy, KeyAccountPolicy) else 1,
        terms=terms,
    )


@value
class BeginRanking:
    policy_id: PolicyId = STANDARD


@key_account_policies.decides(Action.MIRROR)
def begin_ranking(command: BeginRanking, policy: KeyAccountPolicy, asked: Asked) -> RankingBegun:
    """Rank the last month that is over. One that was missed before it is not made up for: standings are of now."""
    zone = policy.terms.time_zone
    month = month_before(month_at(asked.at, zone))
    if not isinstance(policy.turn, Unranked) and month <= policy.turn.month:
        raise RankedAlready(month=policy.turn.month, until=end_of(month_after(policy.turn.month), zone))
    return RankingBegun(policy_id=command.policy_id, number=policy.number, month=month, terms=policy.terms)


@value
class RecordRanking:
    """`seen_at` tells up to which position each view had come in which the revenue and the standings were seen."""

    policy_id: PolicyId
    month: str
    seen_at: Mapping[str, int]
    currencies: tuple[CurrencyRanking, ...]
    changes: tuple[StandingFound, ...]


@key_account_policies.decides(Action.MIRROR)
def record_ranking(command: RecordRanking, policy: KeyAccountPolicy) -> RevenueRanked:
    """Write down what came of a ranking, once, so that whoever comes to it late does not find another one."""
    turn = require(policy.turn, Ranking)
    if command.month != turn.month:
        raise Invalid(field="month", because=f"it is {turn.month} that is being ranked")
    if not command.seen_at or not all(0 < each <= LAST for each in command.seen_at.values()):
        raise Invalid(field="seen_at", because="these are positions of the ledger")
    must_be_once("currencies", [each.currency for each in command.currencies])
    must_be_once("changes", [each.customer_id for each in command.changes])
    return RevenueRanked(
        policy_id=command.policy_id,
        number=turn.number,
        month=turn.month,
        terms=turn.terms,
        seen_at=command.seen_at,
        currencies=command.currencies,
        changes=command.changes,
    )


def must_be_once(field: str, found: list[object]) -> None:
    if len(set(found)) < len(found):
        raise Invalid(field=field, because="something stands there twice")
