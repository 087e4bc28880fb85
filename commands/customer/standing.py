"""Where a customer stands by what he has brought: as the ranking of a month has found it."""

from commands.customer.customers import customers
from domain.access import Action
from domain.customer.facts.relations import RevenueStandingChanged
from domain.customer.states import Open
from domain.errors import Invalid, require
from domain.key_account_policy import KeyAccountPolicy, Ranked, RankedSince
from domain.values import CustomerId, PolicyId, value


@value
class ChangeRevenueStanding:
    """What he stands where, the ranking says that this names."""

    customer_id: CustomerId
    policy_id: PolicyId
    month: str


def policy_named(command: ChangeRevenueStanding) -> PolicyId:
    return command.policy_id


@customers.decides(Action.MIRROR, policy=policy_named)
def change_standing(
    command: ChangeRevenueStanding, customer: Open, policy: KeyAccountPolicy
) -> RevenueStandingChanged | None:
    """Let a customer stand where the last ranking has found him: among the best, or among them no more."""
    ranked = require(policy.turn, Ranked)
    if command.month != ranked.month:
        raise RankedSince(month=ranked.month)
    found = ranked.changes.get(command.customer_id)
    if found is None:
        raise Invalid(field="customer_id", because=f"the ranking of {ranked.month} says nothing new of him")
    before = customer.dossier.standing
    if before == found.to:
        return None  # Asking twice is not an error.
    return RevenueStandingChanged(
        customer_id=command.customer_id,
        from_=before,
        to=found.to,
        month=ranked.month,
        ranks=found.ranks,
        policy_id=command.policy_id,
        number=ranked.number,
        share_percent=ranked.terms.share_percent,
        window_days=ranked.terms.window_days,
        seen_at=ranked.seen_at,
    )
