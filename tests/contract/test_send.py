"""A batch that says what it rests on: it is written if all of that is still so, and else nothing is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from ledger.appender import SideRowMoved
from ledger.envelope import SideRow, time_ordered_id
from ledger.keys import Keys
from ledger.store import Encoded, Foundation, Rows
from tests.contract.conftest import Place
from tests.ledger.samples import FULL, append, encoded, outcome_of, positions, rows_of
from tests.memory import MASTER, MemoryRows

KNOWN, PHONE, IDENTITY = UUID(int=77), b"phone", UUID(int=7)


def expected(
    heads: Mapping[str, int] | None = None,
    *,
    unknown: Sequence[UUID] = (),
    guards: Mapping[bytes, UUID | None] | None = None,
) -> Foundation[bytes]:
    return Foundation(heads or {}, unknown, guards or {})


def send(rows: Rows, rests_on: Foundation[bytes], *batches: Encoded) -> list[int] | None:
    given = rows.send(rests_on, batches).result()
    return None if given is None else list(given)


def everything() -> Encoded:
    """A command that brings something of each kind."""
    return encoded(
        *rows_of("lead/9", 1, 2),
        keys={"lead/9": Keys(MASTER, MemoryRows()).create("lead/9")},
        identities={b"new": UUID(int=9)},
        side=[SideRow("cursor", None, 1)],
    )


def is_written(rows: Rows, batch: Encoded) -> bool:
    """All of it, or nothing of it."""
    found = {
        len(rows.load_rows({"lead/9": 0})) == 2,
        outcome_of(rows, batch) is not None,
        rows.wrapped_keys(["lead/9"]) != {},
        rows.find_identities([b"new"]) != {},
    }
    assert len(found) == 1, "some of it"
    return found.pop()


@pytest.fixture
def told(rows: Rows) -> Rows:
    """A ledger with two streams, a command whose id is known, and a value that is guarded."""
    append(rows, encoded(*rows_of("lead/1", 1, 2), command_id=KNOWN, identities={PHONE: IDENTITY}))
    append(rows, encoded(*rows_of("lead/2", 1)))
    return rows


def test_where_all_is_still_so_the_batch_is_written(told: Rows) -> None:
    rests_on = expected(
        {"lead/1": 2, "lead/2": 1, "lead/3": 0, "lead/9": 0},
        unknown=[time_ordered_id(), time_ordered_id()],
        guards={PHONE: IDENTITY, b"e-mail": None},
    )
    batch = everything()
    assert send(told, rests_on, batch, encoded(*rows_of("lead/1", 3))) == [5, 6]
    assert is_written(told, batch)
    assert positions(told) == [1, 2, 3, 4, 5, 6]


def test_what_rests_on_nothing_is_written(told: Rows) -> None:
    assert send(told, expected(), encoded(*rows_of("lead/1", 3))) == [4]


MOVED = {
    "a stream has moved on": expected({"lead/1": 1}),
    "a stream is behind": expected({"lead/1": 3}),
    "a stream is there already": expected({"lead/1": 0}),
    "a stream is not there": expected({"lead/3": 1}),
    "one of many streams has moved": expected({"lead/1": 2, "lead/3": 0, "lead/2": 0, "lead/4": 0}),
    "the command is known": expected(unknown=[KNOWN]),
    "one of many commands is known": expected(unknown=[UUID(int=78), KNOWN, UUID(int=79)]),
    "another stream guards the value": expected(guards={PHONE: UUID(int=8)}),
    "a guard has appeared": expected(guards={PHONE: None}),
    "a guard has vanished": expected(guards={b"e-mail": UUID(int=8)}),
    "one of many guards has appeared": expected(guards={b"e-mail": None, PHONE: None, b"fax": None}),
    "one of many guards has vanished": expected(guards={PHONE: IDENTITY, b"fax": IDENTITY, b"e-mail": None}),
}


@pytest.mark.parametrize("rests_on", MOVED.values(), ids=MOVED)
def test_where_anything_is_no_longer_so_nothing_is_written(told: Rows, rests_on: Foundation[bytes]) -> None:
    batch = everything()
    assert send(told, rests_on, encoded(*rows_of("lead/1", 3)), batch) is None
    assert not is_written(told, batch)
    assert positions(told) == [1, 2, 3]
    assert send(told, expected({"lead/1": 2}), encoded(*rows_of("lead/1", 3)), batch) == [4, 6], (
        "nothing was left of it"
    )
    assert is_written(told, batch)


@pytest.mark.parametrize("rests_on", MOVED.values(), ids=MOVED)
def test_a_refusal_too_is_written_only_on_what_is_so(told: Rows, rests_on: Foundation[bytes]) -> None:
    """As is what has nothing to write at all."""
    refused = encoded()
    assert send(told, rests_on, refused) is None
    assert outcome_of(told, refused) is None
    assert send(told, rests_on) is None


def test_nothing_to_write_is_answered_with_nothing_where_all_is_so(told: Rows) -> None:
    assert send(told, expected({"lead/1": 2}, unknown=[UUID(int=78)], guards={PHONE: IDENTITY})) == []
    assert told.last_position() == 3


def test_each_batch_is_told_the_position_after_it(told: Rows) -> None:
    batches = [encoded(), encoded(*rows_of("lead/3", 1, 2)), encoded(), encoded(*rows_of("lead/4", 1)), encoded()]
    assert send(told, expected(), *batches) == [3, 5, 5, 6, 6]
    assert [outcome_of(told, batch).position for batch in batches] == [3, 5, 5, 6, 6]  # type: ignore[union-attr]


def test_two_sent_one_after_the_other_go_on_counting_and_see_each_other(told: Rows) -> None:
    first, second = encoded(*rows_of("lead/1", 3)), encoded(*rows_of("lead/1", 4))
    assert send(told, expected({"lead/1": 2}, unknown=[first.logged.command_id]), first) == [4]
    assert send(told, expected({"lead/1": 3}, unknown=[second.logged.command_id]), second) == [5]
    assert send(told, expected({"lead/1": 3}), encoded(*rows_of("lead/1", 5))) is None
    assert send(told, expected(unknown=[first.logged.command_id])) is None
    assert positions(told) == [1, 2, 3, 4, 5]


def test_what_is_sent_and_what_is_written_under_the_lock_follow_each_other(told: Rows) -> None:
    assert send(told, expected({"lead/1": 2}), encoded(*rows_of("lead/1", 3))) == [4]
    assert append(told, encoded(*rows_of("lead/1", 4))) == [5]
    assert send(told, expected({"lead/1": 3}), encoded(*rows_of("lead/1", 4))) is None
    assert send(told, expected({"lead/1": 4}), encoded(*rows_of("lead/1", 5))) == [6]


def test_what_others_have_written_is_what_counts(place: Place, told: Rows) -> None:
    other = place.another()
    first = encoded(*rows_of("lead/1", 3), identities={b"e-mail": UUID(int=8)})
    assert send(other, expected({"lead/1": 2}, guards={b"e-mail": None}), first) == [4]
    for stale in (
        expected({"lead/1": 2}),
        expected(unknown=[first.logged.command_id]),
        expected(guards={b"e-mail": None}),
    ):
        assert send(told, stale, encoded(*rows_of("lead/2", 2))) is None
    assert send(told, expected({"lead/1": 3}, guards={b"e-mail": UUID(int=8)}), encoded(*rows_of("lead/2", 2))) == [5]


def test_streams_whose_names_are_alike_are_different(rows: Rows) -> None:
    names = ["lead/1", "lead/10", "lead/1 ", "Lead/1", "lead/é", "lead/e\u0301"]
    append(rows, *(encoded(*rows_of(name, *range(1, version + 1))) for version, name in enumerate(names, 1)))
    assert send(rows, expected({name: version for version, name in enumerate(names, 1)} | {"lead/": 0})) == []


def test_a_side_row_that_is_elsewhere_is_an_error_and_no_reason_to_decide_again(told: Rows) -> None:
    batch = everything()
    late = encoded(side=[SideRow("offset", 5, 6)])
    with pytest.raises(SideRowMoved, match="offset"):
        send(told, expected(), batch, late)
    assert not is_written(told, batch)
    assert send(told, expected(), batch) == [5]


def test_a_head_is_a_number_and_no_word(rows: Rows) -> None:
    append(rows, *(encoded(FULL._replace(originator_version=version)) for version in (9, 10, 11)))
    assert send(rows, expected({"lead/1": 9})) is None
    assert send(rows, expected({"lead/1": 11})) == []
