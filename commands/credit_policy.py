"""What may be asked of a credit policy: a new version of its levels."""

from commands.decider import Decider
from commands.pool import LARGEST
from domain.access import Action
from domain.catalog import coded
from domain.credit_policy import (
    AnyCreditPolicy,
    CreditLevel,
    CreditPolicy,
    CreditPolicyEvent,
    CreditPolicyPublished,
    NoCreditPolicy,
    evolve,
)
from domain.errors import Invalid
from domain.money import Money
from domain.values import PolicyId, value

credit_policies = Decider[AnyCreditPolicy, CreditPolicyEvent](
    name="credit-policy",
    plural="credit-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: NoCreditPolicy(),
    evolve=evolve,
    governs=True,
)

LARGEST_AMOUNT = 10**12  # Of any currency; a sum of many such can still be written down.


def of_some_size(amount: Money, field: str, *, nothing: bool = True) -> Money:
    """The amount itself, when it can be a limit, or be held against one; `nothing` can be a limit only."""
    if not 0 <= amount.amount <= LARGEST_AMOUNT or not (amount.amount or nothing):
        raise Invalid(field=field, because=f"this is {'0' if nothing else 'more than 0'} and at most {LARGEST_AMOUNT}")
    return amount


@value
class PublishCreditPolicy:
    """`alert_percent` of a limit used is worth an alert; an invoice overdue by more than `overdue_days`, a hold."""

    policy_id: PolicyId
    levels: tuple[CreditLevel, ...]
    alert_percent: int = 80
    overdue_days: int = 60


@credit_policies.decides(Action.ADMINISTER)
def publish(command: PublishCreditPolicy, policy: NoCreditPolicy | CreditPolicy) -> CreditPolicyPublished:
    """Publish the levels of credit; who has been given one keeps what it was then."""
    seen: set[str] = set()
    for nth, level in enumerate(command.levels):
        coded(f"levels/{nth}/code", level.code)
        coded(f"levels/{nth}/terms", level.terms)
        of_some_size(level.limit, f"levels/{nth}/limit")
        if level.max_quantity is not None and not 0 < level.max_quantity <= LARGEST:
            raise Invalid(field=f"levels/{nth}/max_quantity", because=f"this is 1 to {LARGEST} pieces")
        if level.code in seen:
            raise Invalid(field=f"levels/{nth}/code", because=f"{level.code} stands there twice")
        seen.add(level.code)
    if not 0 < command.alert_percent <= 100:
        raise Invalid(field="alert_percent", because="this is 1 to 100 percent")
    if not 0 <= command.overdue_days <= LARGEST:
        raise Invalid(field="overdue_days", because=f"this is 0 to {LARGEST} days")
    return CreditPolicyPublished(
        policy_id=command.policy_id,
        number=policy.number + 1 if isinstance(policy, CreditPolicy) else 1,
        levels=command.levels,
        alert_percent=command.alert_percent,
        overdue_days=command.overdue_days,
    )
