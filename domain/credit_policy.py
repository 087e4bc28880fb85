"""The levels of credit that a customer may have, and when somebody is warned: published in versions."""

from domain.money import Money
from domain.values import PolicyId, fact, value

STANDARD = PolicyId("standard")  # The policy whose levels customers are given.


@value
class CreditLevel:
    """How much may stand open in all, how many pieces one order may have, and how it is to be paid."""

    code: str
    limit: Money
    terms: str
    max_quantity: int | None = None


# Facts


@fact("credit-policy.published")
class CreditPolicyPublished:
    """An alert is due when so many percent of a limit are used, a hold when an invoice is overdue so many days."""

    policy_id: PolicyId
    number: int
    levels: tuple[CreditLevel, ...]
    alert_percent: int
    overdue_days: int


CreditPolicyEvent = CreditPolicyPublished


# States


@value
class NoCreditPolicy: ...


@value
class CreditPolicy:
    number: int
    levels: tuple[CreditLevel, ...]
    alert_percent: int
    overdue_days: int


AnyCreditPolicy = NoCreditPolicy | CreditPolicy


def evolve(_: AnyCreditPolicy, event: CreditPolicyEvent) -> AnyCreditPolicy:
    match event:
        case CreditPolicyPublished():
            return CreditPolicy(
                number=event.number,
                levels=event.levels,
                alert_percent=event.alert_percent,
                overdue_days=event.overdue_days,
            )
