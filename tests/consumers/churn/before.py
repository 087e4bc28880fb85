"""What was so on earlier days, where a spec says it in rows."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from consumers.churn.over_time import BOUGHT, WHO, Earlier, Then
from consumers.churn.reading import as_arrow
from tests.projections.churn.any_facts import Told


def always(told: Told) -> Earlier:
    """On whichever days are asked for, these rows were so."""

    def then(days: Sequence[date]) -> Then:
        when = {"first": 0, "last": len(days)}
        bought = as_arrow(pa, BOUGHT, (row | when for row in told.purchases))
        who = as_arrow(pa, WHO, (row | when for row in told.customers))
        return Then(days=days, purchases=bought, customers=who)

    return then
