"""The deadlines of staff, told as specs."""

from datetime import timedelta

from domain.staff import AvailabilityChanged, StaffDeparted
from domain.values import StaffId
from projections.deadlines import deadlines
from tests.projections.spec import START, rows

ANN = StaffId("ann")
END = START + timedelta(days=1)
away = AvailabilityChanged(staff_id=ANN, available=False, until=END)


def test_an_absence_ends_when_it_was_said_to_last_told_last() -> None:
    (due,) = rows(deadlines, away)
    assert (due.subject_id, due.kind, due.due_at, due.armed) == ("staff/ann", "absence-end", END, True)
    later = AvailabilityChanged(staff_id=ANN, available=False, until=END + timedelta(days=2))
    assert [each.due_at for each in rows(deadlines, away, later)] == [END + timedelta(days=2)]


def test_what_has_no_end_or_no_person_any_more_is_not_waited_for() -> None:
    assert rows(deadlines, away, AvailabilityChanged(staff_id=ANN, available=True)) == []
    assert rows(deadlines, away, StaffDeparted(staff_id=ANN)) == []
