"""What was so on earlier days, where a spec says it in rows."""

from collections.abc import Sequence
from datetime import date

from consumers.churn.over_time import BOUGHT, WHO, Earlier, Then, in_memory
from tests.projections.churn.any_facts import Told


def always(told: Told) -> Earlier:
    """On whichever days are asked for, these rows were so."""

    def then(days: Sequence[date]) -> Then:
        when = {"first": 0, "last": len(days)}
        bought = in_memory(BOUGHT, (row | when for row in told.purchases))
        who = in_memory(WHO, (row | when for row in told.customers))
        return Then(days=days, purchases=bought, customers=who)

    return then
