"""A leaf stands for a whole row, and for no other."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.appender import OPTIONAL
from ledger.leaf import FORMAT, leaf
from ledger.recorder import Recorder, datastore
from ledger.row import Row
from tests.ledger.golden import EVENTS
from tests.ledger.samples import FULL, NOON, append, encoded, without
from tests.ledger.strategies import rows

LEAVES: Path = EVENTS.parent / "leaves"
FIXED = {
    "full": FULL._replace(notification_id=17),
    "bare": without(FULL, OPTIONAL),
    "empty": Row._make(type(found)() if isinstance(found, str | bytes) else found for found in FULL),
    "unicode": FULL._replace(
        originator_id="lead/名", actor_name="é\U0001f600\u202e", reason_text="\n\t\\'\"", subject=" "
    ),
    "numbers": FULL._replace(
        originator_version=2**63 - 1,
        notification_id=-(2**63),
        schema_version=0,
        imported=False,
        state=bytes(range(256)),
    ),
    "long-ago": FULL._replace(occurred_at=datetime(1, 1, 1, tzinfo=UTC), recorded_at=datetime.max.replace(tzinfo=UTC)),
    "elsewhere": FULL._replace(occurred_at=NOON.astimezone(timezone(timedelta(hours=8)))),
}


@pytest.mark.parametrize("name", FIXED)
def test_a_leaf_is_what_it_has_always_been(name: str) -> None:
    path = LEAVES / f"{name}.hex"
    made = leaf(FIXED[name])
    assert path.exists(), f"no golden leaf {name}: it would be {made.hex()}"
    kept = bytes.fromhex(path.read_text())
    assert made == kept, "the encoding never changes: another one has another name"


def test_there_are_no_other_golden_leaves() -> None:
    assert {path.stem for path in LEAVES.iterdir()} == FIXED.keys()


def read_back(raw: bytes) -> list[bytes | None]:
    """The columns of a leaf, by nothing but what its documentation says."""
    assert raw.startswith(FORMAT)
    raw = raw[len(FORMAT) :]
    found: list[bytes | None] = []
    while raw:
        there, length, raw = raw[0], int.from_bytes(raw[1:9], "big"), raw[9:]
        assert there in (0, 1)
        assert there or not length
        found.append(raw[:length] if there else None)
        raw = raw[length:]
    return found


def meant(row: Row) -> list[object]:
    """The same columns, read as what they are."""
    values: list[object] = []
    for name, raw in zip(Row._fields, read_back(leaf(row)), strict=True):
        found = getattr(row, name)
        if raw is None:
            values.append(None)
        elif isinstance(found, bool):
            values.append({b"1": True, b"0": False}[raw])
        elif isinstance(found, int):
            values.append(int(raw))
        elif isinstance(found, str):
            values.append(raw.decode())
        elif isinstance(found, UUID):
            values.append(UUID(bytes=raw))
        elif isinstance(found, datetime):
            values.append(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(raw)))
        else:
            values.append(raw)
    return values


@given(rows())
def test_from_a_leaf_the_row_could_be_read_again(row: Row) -> None:
    assert meant(row) == list(row)


@given(rows(), rows())
def test_different_rows_have_different_leaves(one: Row, other: Row) -> None:
    assert (leaf(one) == leaf(other)) == (one == other)


@given(rows(), st.data())
def test_every_column_changes_the_leaf(row: Row, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(Row._fields))
    other = row._replace(**{name: getattr(data.draw(rows()), name)})
    assert (leaf(row) == leaf(other)) == (row == other)


@pytest.mark.parametrize("name", Row._fields)
def test_no_column_is_left_out(name: str) -> None:
    assert leaf(without(FULL, {name})) != leaf(FULL) or name == "notification_id"
    assert leaf(without(FIXED["full"], {name})) != leaf(FIXED["full"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("", "ab"), ("ab", "")),
        ((None, ""), ("", None)),
        (("\0", ""), ("", "\0")),
    ],
)
def test_nothing_slips_from_one_column_into_the_next(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None]
) -> None:
    rows = [FULL._replace(reason_code=code, reason_text=text) for code, text in (one, other)]
    assert leaf(rows[0]) != leaf(rows[1])


def test_it_does_not_matter_in_which_order_a_row_was_put_together() -> None:
    names = list(Row._fields)
    for seed in range(5):
        random.Random(seed).shuffle(names)
        assert leaf(Row(**{name: getattr(FULL, name) for name in names})) == leaf(FULL)


def test_an_instant_is_the_same_wherever_the_clock_hangs() -> None:
    elsewhere = FULL.occurred_at.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert leaf(FULL._replace(occurred_at=elsewhere)) == leaf(FULL)


def test_what_no_row_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        leaf(FULL._replace(originator_version=1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/St_Johns"])
def test_a_leaf_is_the_same_before_and_after_storage_in_any_session(database_url: str, zone: str) -> None:
    written = [encoded(FULL), encoded(without(FULL._replace(originator_version=2), OPTIONAL))]
    recorder = Recorder(datastore(database_url))
    append(recorder, *written)
    recorder.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT set_config('timezone', %s, false)", [zone])
        columns = ", ".join(Row._fields)
        statement = f"SELECT {columns} FROM ledger.stored_events ORDER BY notification_id"
        found = [Row(*each) for each in connection.execute(statement.encode(), binary=True)]
    placed = [batch.rows[0]._replace(notification_id=place) for place, batch in enumerate(written, 1)]
    assert [leaf(row) for row in found] == [leaf(row) for row in placed]
    assert replace(written[0], rows=placed[:1]).rows == [found[0]]
