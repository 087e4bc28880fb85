"""A policy that looks at what others keep sees nothing older than what it has reacted to and done itself."""

from unittest.mock import patch
from uuid import UUID

import pytest

from commands.lead.work import RecordTouch
from consumers.process import Process, Seen
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import TouchRecorded
from domain.values import LeadId
from projections.projection import projection
from projections.rows import Row, table
from tests.consumers.office import Office, settle

pytestmark = pytest.mark.slow  # On a real database.


@table
class Touches(Row):
    lead_id: LeadId
    count: int


@projection("touches", key=("lead_id",), version=1, scoped=False)
def touches(row: Touches | None, event: TouchRecorded) -> Touches:
    return Touches(lead_id=event.lead_id, count=1 + (0 if row is None else row.count))


FIRST = LeadId(UUID(int=1))


def looking(seen_as: list[tuple[int, int]]) -> Process:
    """For every claim, touches the first lead once more; it keeps what it saw of that, and at which position."""
    made = Process("intake", looks_at=(touches,))

    @made.reacts
    def touch(event: LeadClaimed, seen: Seen) -> RecordTouch:
        del event
        count = sum(row.count for row in seen.rows(touches, lead_id=FIRST))
        seen_as.append((seen.position(touches), count))
        return RecordTouch(lead_id=FIRST, channel="web")

    return made


def test_what_is_looked_at_is_never_older_than_what_a_policy_has_done_itself(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    office.house.worker(views=[touches])
    reactor = office.reactor(looking(seen_as))
    settle(reactor)
    for number in range(1, 7):
        office.held(number)
    settle(reactor)
    assert [count for _, count in seen_as] == [0, 1, 2, 3, 4, 5]
    claims, talked = office.told(LeadClaimed), office.told(TouchRecorded)
    for (position, _), claimed, done in zip(seen_as, claims, [None, *talked], strict=False):
        assert position >= claimed.position
        assert done is None or position >= done.position
    assert [each.causation_id for each in talked] == [each.event_id for each in claims]


def test_who_looks_waits_for_a_view_that_is_behind_and_does_nothing_meanwhile(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    waited: list[float] = []
    reactor = office.reactor(looking(seen_as), wait=waited.append)
    settle(reactor)
    for number in range(1, 6):
        office.held(number)
    rounds = 0
    with patch("consumers.reactor.BATCH", 2):  # There is more than it reads at a time.
        while reactor.round():
            rounds += 1
            assert rounds < 20, "it looks a few times, and then when something happens"
    assert office.told(TouchRecorded) == []
    assert 0 < sum(waited) < 1
    office.house.worker(views=[touches])
    office.house.caught_up(touches)
    for number in range(1, 6):
        settle(reactor)
        office.house.caught_up(touches)
        assert len(office.told(TouchRecorded)) >= number
    assert len(office.told(TouchRecorded)) == 5


def test_who_runs_a_policy_after_another_sees_what_that_one_has_done(office: Office) -> None:
    seen_as: list[tuple[int, int]] = []
    worker = office.house.worker(views=[touches])
    first = office.reactor(looking(seen_as))
    settle(first)
    office.held(1)
    settle(first)
    worker.stop()
    office.held(2)
    settle(first)
    first.close()
    second = office.reactor(looking(seen_as))
    settle(second)
    assert len(seen_as) == 1
    office.house.worker(views=[touches])
    office.house.caught_up(touches)
    settle(second)
    assert [count for _, count in seen_as] == [0, 1]
