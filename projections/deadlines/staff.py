"""The deadlines of staff: when an absence ends, or a presence."""

from domain.staff import AvailabilityChanged, StaffDeparted
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline, without


def of_staff(rows: Deadlines, event: AvailabilityChanged | StaffDeparted, recorded: Recorded) -> Deadlines:
    match event:
        case AvailabilityChanged(until=until) if until is not None:
            return deadline(rows, recorded, "absence-end", until)
        case _:
            return without(rows, "absence-end")
