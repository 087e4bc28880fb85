"""The deadlines of orders: when an invoice will have been overdue for longer than its customer's level allows."""

from domain.order.facts import ReceivablesWatched
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline, without


def of_orders(rows: Deadlines, event: ReceivablesWatched, recorded: Recorded) -> Deadlines:
    if event.hold_at is None:
        return without(rows, "overdue")
    return deadline(rows, recorded, "overdue", event.hold_at)
