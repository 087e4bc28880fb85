"""What every store of rows must do, in memory and in PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from uuid import UUID

import psycopg
import pytest

from domain.values import Erased
from ledger.appender import OPTIONAL, Incomplete, SideRowMoved
from ledger.envelope import Declined, SideRow, time_ordered_id
from ledger.keys import Keys, NewKey
from ledger.looks import Look
from ledger.row import Part, Row
from ledger.store import Encoded, Rows, Standing
from ledger.trace import Sought
from tests.contract.conftest import Place, Write
from tests.ledger.samples import FULL, append, begin, encoded, outcome_of, positions, rows_of, sent, without
from tests.memory import MASTER, MemoryRows

# A key or a version that is there already; a memory has no constraints, it has assertions.
Duplicate = (psycopg.errors.UniqueViolation, AssertionError)


def new_key(subject: str) -> NewKey:
    return Keys(MASTER, MemoryRows()).create(subject)


def test_an_empty_ledger_has_nothing_and_is_at_zero(rows: Rows) -> None:
    assert rows.last_position() == 0
    assert rows.load_rows({"lead/1": 0}) == []
    assert rows.select_rows(0, 10) == []
    assert rows.find_identities([b"nobody"]) == {}
    assert rows.outcomes([UUID(int=9)]) == {}
    assert rows.wrapped_keys(["lead/1"]) == {}
    with rows.locked() as locked:
        assert locked.check(["lead/1"], [UUID(int=9)], [b"nobody"]) == Standing[bytes]({}, {}, {})


def test_a_look_is_written_however_often_it_is_tried(rows: Rows) -> None:
    look = Look(
        look_id=time_ordered_id(),
        looked_at=FULL.recorded_at,
        viewer_kind="user",
        viewer_id="ann",
        viewer_role="sales",
        viewer_org="north",
        purpose=None,
        route="GET /leads/{lead_id}",
        asked=[],
        subjects=["lead/1"],
        own=1,
        fields=[],
        trace_id="",
    )
    other = replace(look, look_id=time_ordered_id(), purpose="complaint", fields=["contacts.name"])
    rows.add_looks([look])
    rows.add_looks([look, other])
    rows.add_looks([])
    assert rows.last_position() == 0


def test_a_row_comes_back_as_it_was_written(rows: Rows, write: Write) -> None:
    bare = without(FULL._replace(originator_version=2, event_id=UUID(int=5)), OPTIONAL)
    written = [encoded(FULL), encoded(bare)]
    write(rows, *written)
    kept = [batch.rows[0]._replace(notification_id=position) for position, batch in enumerate(written, 1)]
    assert list(rows.load_rows({"lead/1": 0})) == kept
    assert list(rows.select_rows(0, 10)) == kept


def test_positions_are_counted_up_without_a_gap(rows: Rows, write: Write) -> None:
    assert write(rows, encoded(*rows_of("lead/1", 1, 2)), encoded(*rows_of("lead/2", 1))) == [2, 3]
    assert write(rows, encoded(*rows_of("lead/2", 2, 3, 4))) == [6]
    assert positions(rows) == [1, 2, 3, 4, 5, 6]
    assert rows.last_position() == 6


def test_positions_follow_the_order_of_the_batches(rows: Rows, write: Write) -> None:
    write(rows, *(encoded(*rows_of(stream, 1)) for stream in ("lead/3", "lead/1", "lead/2")))
    assert [row.originator_id for row in rows.select_rows(0, 10)] == ["lead/3", "lead/1", "lead/2"]


def test_a_command_without_events_is_told_the_position_that_it_found(rows: Rows, write: Write) -> None:
    refused = Declined("AlreadyHeld", {"owner": "bob", "until": None})
    assert write(rows, encoded(*rows_of("lead/1", 1)), encoded(refusal=refused), encoded()) == [1, 1, 1]
    assert rows.last_position() == 1


def test_an_insert_of_nothing_changes_nothing(rows: Rows, write: Write) -> None:
    assert write(rows) == []
    assert rows.last_position() == 0


def test_several_inserts_under_one_lock_go_on_counting(rows: Rows) -> None:
    with rows.locked() as locked:
        locked.check((), (), ())
        assert list(locked.insert_batches([encoded(*rows_of("lead/1", 1))])) == [1]
        assert list(locked.insert_batches([encoded(*rows_of("lead/1", 2))])) == [2]
    assert positions(rows) == [1, 2]


def test_streams_are_loaded_from_the_version_that_is_named(rows: Rows) -> None:
    append(
        rows, encoded(*rows_of("lead/1", 1, 2, 3)), encoded(*rows_of("lead/2", 1, 2)), encoded(*rows_of("lead/3", 1))
    )
    found = rows.load_rows({"lead/1": 1, "lead/2": 2, "lead/3": 0, "lead/4": 0})
    assert [(row.originator_id, row.originator_version) for row in found] == [
        ("lead/1", 2),
        ("lead/1", 3),
        ("lead/3", 1),
    ]


def test_a_part_of_each_stream_is_loaded_from_a_version_up_to_another(rows: Rows) -> None:
    append(rows, encoded(*rows_of("lead/1", 1, 2, 3, 4)), encoded(*rows_of("lead/2", 1, 2)))
    parts = {"lead/1": Part(1, 3), "lead/2": Part(0, 9), "lead/3": Part(0, 1), "lead/4": Part(5, 2)}
    found = [(row.originator_id, row.originator_version) for row in rows.part_rows(parts)]
    assert found == [("lead/1", 2), ("lead/1", 3), ("lead/2", 1), ("lead/2", 2)]


def test_a_stream_is_read_on_from_a_version_up_to_a_limit(rows: Rows) -> None:
    append(rows, encoded(*rows_of("lead/1", *range(1, 6))), encoded(*rows_of("lead/2", 1, 2)))
    for after, limit, expected in [(0, 2, [1, 2]), (2, 2, [3, 4]), (4, 2, [5]), (5, 2, []), (2**63 - 1, 9, [])]:
        found = rows.next_rows("lead/1", after, limit)
        assert [(row.originator_id, row.originator_version) for row in found] == [("lead/1", each) for each in expected]
    assert list(rows.next_rows("lead/2", 0, 9)) == list(rows.load_rows({"lead/2": 0}))
    assert list(rows.next_rows("lead/3", 0, 9)) == []


def test_the_last_rows_of_some_streams_come_together_the_last_first(rows: Rows) -> None:
    for version in (1, 2, 3):
        append(rows, encoded(*rows_of("lead/2", version)), encoded(*rows_of("lead/1", version)))
        append(rows, encoded(*rows_of("lead/3", version)))
    both = ["lead/1", "lead/2", "lead/4"]
    for before, limit, expected in [(100, 3, [8, 7, 5]), (7, 9, [5, 4, 2, 1]), (5, 1, [4]), (1, 9, [])]:
        found = rows.latest_rows(both, before, limit)
        assert [row.notification_id for row in found] == expected
        assert {row.originator_id for row in found} <= set(both)
    assert list(rows.latest_rows(["lead/1"], 2**63 - 1, 1)) == [rows.load_rows({"lead/1": 2})[0]]
    assert list(rows.latest_rows([], 100, 9)) == []


def test_a_stream_is_together_and_in_order_however_it_was_written(rows: Rows) -> None:
    for version in (1, 2, 3):
        append(rows, encoded(*rows_of("lead/2", version)), encoded(*rows_of("lead/1", version)))
    found = rows.load_rows({"lead/2": 0, "lead/1": 0})
    assert [(row.originator_id, row.originator_version) for row in found] == [
        (stream, version) for stream in ("lead/1", "lead/2") for version in (1, 2, 3)
    ]


def test_reading_goes_on_after_a_position_and_stops_at_a_limit_or_a_position(rows: Rows) -> None:
    append(rows, encoded(*rows_of("lead/1", *range(1, 11))))
    for after, limit, until, expected in [
        (0, 3, None, [1, 2, 3]),
        (3, 3, None, [4, 5, 6]),
        (8, 5, None, [9, 10]),
        (10, 5, None, []),
        (2, 5, 4, [3, 4]),
        (4, 5, 4, []),
        (2, 1, 9, [3]),
    ]:
        assert [row.notification_id for row in rows.select_rows(after, limit, until=until)] == expected


def test_reading_can_be_confined_to_some_types(rows: Rows) -> None:
    for version, topic in enumerate(["a", "b", "a", "c", "b", "a"], 1):
        append(rows, encoded(*rows_of("lead/1", version, topic=topic)))

    def found(*types: str, after: int = 0, limit: int = 9, until: int | None = None) -> list[int | None]:
        return [row.notification_id for row in rows.select_rows(after, limit, types=types, until=until)]

    assert found("a") == [1, 3, 6]
    assert found("b", "c") == [2, 4, 5]
    assert found("a", after=1, limit=1) == [3]
    assert found("a", after=1, until=5) == [3]
    assert found("nothing") == []


def test_under_the_lock_everything_is_checked_in_one_step(rows: Rows) -> None:
    written = encoded(*rows_of("lead/1", 1, 2), identities={b"phone": UUID(int=7)})
    append(rows, written, encoded(*rows_of("lead/2", 1)))
    with rows.locked() as locked:
        found = locked.check(
            ["lead/1", "lead/2", "lead/3"], [written.logged.command_id, UUID(int=9)], [b"phone", b"e-mail"]
        )
        assert found.heads == {"lead/1": 2, "lead/2": 1}
        assert found.outcomes.keys() == {written.logged.command_id}
        assert found.identities == {b"phone": UUID(int=7)}
        assert [row.originator_version for row in locked.load_rows({"lead/1": 1})] == [2]
        assert locked.find_identities([b"phone"]) == {b"phone": UUID(int=7)}


def test_the_command_log_keeps_what_came_of_a_command(rows: Rows, write: Write) -> None:
    done = encoded(*rows_of("lead/1", 1, 2))
    no = encoded(refusal=Declined("AlreadyHeld", {"owner": "bob 鲍", "until": None, "deep": {"list": [1, "2", True]}}))
    write(rows, done, no)
    for batch in (done, no):
        found = outcome_of(rows, batch)
        assert found is not None
        assert found.position == 2
        assert (found.type, found.digest) == (batch.logged.type, batch.logged.digest)
        assert (found.stream, found.version) == (batch.logged.stream, batch.logged.version)
        assert found.recorded_at == batch.logged.recorded_at
        assert found.refusal == batch.logged.refusal


def test_what_is_done_under_the_lock_stands_or_falls_together(rows: Rows, write: Write) -> None:
    write(rows, encoded(*rows_of("lead/1", 1)))
    lost = encoded(
        *rows_of("lead/1", 2),
        keys={"lead/1": new_key("lead/1")},
        identities={b"phone": UUID(int=7)},
        side=[SideRow("cursor", None, 1)],
    )
    with pytest.raises(ZeroDivisionError):
        begin(rows, lost)
    assert rows.last_position() == 1
    assert len(rows.load_rows({"lead/1": 0})) == 1
    assert outcome_of(rows, lost) is None
    assert rows.wrapped_keys(["lead/1"]) == {}
    assert rows.find_identities([b"phone"]) == {}
    assert write(rows, lost) == [2], "nothing of it was left, the position neither"


PRESENT = UUID(int=77)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: encoded(*rows_of("lead/1", 1)),
        lambda: encoded(command_id=PRESENT),
        lambda: encoded(keys={"lead/1": new_key("lead/1")}),
        lambda: encoded(identities={b"phone": UUID(int=8)}),
    ],
    ids=["version", "command", "key", "identity"],
)
def test_what_is_there_already_fails_the_whole_batch(rows: Rows, bad: Callable[[], Encoded], write: Write) -> None:
    first = encoded(
        *rows_of("lead/1", 1),
        command_id=PRESENT,
        keys={"lead/1": new_key("lead/1")},
        identities={b"phone": UUID(int=7)},
    )
    write(rows, first)
    neighbours = encoded(*rows_of("lead/2", 1)), encoded(*rows_of("lead/3", 1))
    with pytest.raises(Duplicate):
        write(rows, neighbours[0], bad(), neighbours[1])
    assert positions(rows) == [1]
    assert [outcome_of(rows, each) for each in neighbours] == [None, None]
    assert write(rows, *neighbours) == [2, 3]


@pytest.mark.parametrize("name", [name for name in Row._fields if name not in OPTIONAL])
def test_a_row_without_its_whole_envelope_is_not_written(rows: Rows, name: str) -> None:
    torn = Encoded([without(FULL, {name})], encoded().logged, ("user", "ann"))
    for write in (sent, append):
        with pytest.raises(Incomplete, match=name):
            write(rows, encoded(*rows_of("lead/2", 1)), torn)
    assert rows.last_position() == 0


def test_side_rows_move_from_where_they_are_expected(rows: Rows, write: Write) -> None:
    write(rows, encoded(side=[SideRow("offset", None, 5), SideRow("inbox/17", None, 0)]))
    write(rows, encoded(side=[SideRow("offset", 5, 6)]), encoded(side=[SideRow("offset", 6, 9)]))
    write(rows, encoded(*rows_of("lead/1", 1), side=[SideRow("offset", 9, 4)]))
    assert rows.last_position() == 1


@pytest.mark.parametrize("expected", [None, 4, 6])
def test_a_side_row_that_is_elsewhere_drops_what_was_to_commit_with_it(
    rows: Rows, expected: int | None, write: Write
) -> None:
    write(rows, encoded(side=[SideRow("offset", None, 5)]))
    late = encoded(*rows_of("lead/1", 1), side=[SideRow("offset", expected, 9)])
    with pytest.raises(SideRowMoved, match="offset"):
        write(rows, late)
    assert rows.last_position() == 0
    assert outcome_of(rows, late) is None
    write(rows, encoded(side=[SideRow("offset", 5, 6)]))


def test_a_side_row_that_is_not_there_is_not_moved(rows: Rows, write: Write) -> None:
    with pytest.raises(SideRowMoved, match="offset"):
        write(rows, encoded(side=[SideRow("offset", 5, 6)]))


def test_keys_are_kept_as_they_were_wrapped(rows: Rows, write: Write) -> None:
    first, second = new_key("lead/1"), new_key("lead/2")
    write(rows, encoded(keys={"lead/1": first}), encoded(keys={"lead/2": second}))
    kept = rows.wrapped_keys(["lead/1", "lead/2", "lead/3"])
    assert kept == {"lead/1": first.wrapped, "lead/2": second.wrapped}


def test_only_one_writes_at_a_time(place: Place, write: Write) -> None:
    inside, done = Event(), Event()
    order: list[str] = []

    def second() -> None:
        inside.wait()
        write(place.another(), encoded(*rows_of("lead/2", 1)))
        order.append("second")
        done.set()

    thread = Thread(target=second)
    thread.start()
    with place.rows.locked() as locked:
        locked.check((), (), ())
        inside.set()
        assert not done.wait(0.2), "the other has waited"
        locked.insert_batches([encoded(*rows_of("lead/1", 1))])
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert [row.originator_id for row in place.rows.select_rows(0, 9)] == ["lead/1", "lead/2"]


def test_nobody_sees_what_has_not_been_committed(place: Place) -> None:
    other = place.another()
    batch = encoded(*rows_of("lead/1", 1), command_id=time_ordered_id())
    with place.rows.locked() as locked:
        locked.check((), (), ())
        locked.insert_batches([batch])
        assert other.last_position() == 0
        assert other.load_rows({"lead/1": 0}) == []
        assert outcome_of(other, batch) is None
    assert other.last_position() == 1


def test_what_was_recorded_later_is_found_by_its_position(rows: Rows, write: Write) -> None:
    """Of clocks that do not agree, the first that is later counts."""
    began, hour = FULL.recorded_at, timedelta(hours=1)
    each = [
        row._replace(recorded_at=began + late * hour)
        for row, late in zip(rows_of("lead/1", 1, 2, 3, 4), (0, 2, 1, 3), strict=True)
    ]
    write(rows, *map(encoded, each))
    found = [rows.first_recorded_after(began + late * hour, 4) for late in (-1, 0, 1, 2, 3)]
    assert found == [1, 2, 2, 4, None]
    assert rows.first_recorded_after(began + hour * 2, 3) is None
    assert rows.first_recorded_after(began - hour, 0) is None


def test_how_many_were_erased_is_known(place: Place, write: Write) -> None:
    rows = place.rows
    keys = {subject: new_key(subject) for subject in ("lead/1", "lead/2")}
    write(rows, encoded(*rows_of("lead/1", 1), keys=keys))
    assert rows.erased_subjects() == 0
    place.destroy_key("lead/1", Erased(on=FULL.recorded_at, by="dpo"))
    assert rows.erased_subjects() == 1


# What is sought


def test_events_are_sought_by_what_they_have_in_common(rows: Rows, write: Write) -> None:
    by_ann = [FULL._replace(originator_version=version, event_id=UUID(int=version)) for version in (1, 2)]
    by_bob = FULL._replace(originator_id="lead/2", actor_id="bob", command_id=UUID(int=20), topic="lead.lost")
    write(rows, *map(encoded, by_ann), encoded(by_bob))

    def positions_of(sought: Sought, after: int = 0, limit: int = 10) -> list[int | None]:
        found = rows.traced_rows(sought, after, 3, limit)
        assert found.reached == (found.rows[-1].notification_id if len(found.rows) == limit else 3)
        return [row.notification_id for row in found.rows]

    assert positions_of(Sought()) == [1, 2, 3]
    assert positions_of(Sought(), after=1, limit=1) == [2]
    assert positions_of(Sought(subject="lead/1")) == [1, 2]
    assert positions_of(Sought(subject="lead/1"), after=1) == [2]
    assert positions_of(Sought(actor_id="bob")) == [3]
    assert positions_of(Sought(actor_id="bob", actor_kind="policy")) == []
    assert positions_of(Sought(types=("lead.lost",))) == [3]
    assert positions_of(Sought(correlation=FULL.correlation_id)) == [1, 2, 3]
    assert positions_of(Sought(recorded_from=FULL.recorded_at)) == [1, 2, 3]
    assert positions_of(Sought(recorded_until=FULL.recorded_at)) == []
    assert positions_of(Sought(occurred_from=FULL.recorded_at)) == []
    assert positions_of(Sought(occurred_until=FULL.recorded_at)) == [1, 2, 3]
    assert rows.row_by_id(UUID(int=2)) == rows.select_rows(1, 1)[0]
    assert rows.row_by_id(UUID(int=99)) is None
