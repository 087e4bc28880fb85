"""Rows as Hypothesis makes them: whatever PostgreSQL can keep."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from ledger.appender import OPTIONAL
from ledger.row import Row

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
INSTANT = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime.max.replace(tzinfo=UTC)]
)
BIG = st.integers(-(2**63), 2**63 - 1)
COLUMNS: dict[str, st.SearchStrategy[object]] = {
    **dict.fromkeys(Row._fields, TEXT),
    "originator_version": BIG,
    "notification_id": BIG,
    "schema_version": st.integers(-(2**31), 2**31 - 1),
    "state": st.binary(max_size=100),
    **dict.fromkeys(("event_id", "command_id", "correlation_id", "causation_id"), st.uuids()),
    **dict.fromkeys(("occurred_at", "recorded_at"), INSTANT),
    "imported": st.booleans(),
}


def rows() -> st.SearchStrategy[Row]:
    columns = {name: st.none() | each if name in OPTIONAL else each for name, each in COLUMNS.items()}
    return st.fixed_dictionaries(columns).map(lambda found: Row(**found)).map(with_whole_source)  # type: ignore[arg-type]


def with_whole_source(row: Row) -> Row:
    """Whoever names a source names its message."""
    return row if row.source_system is not None else row._replace(source_message_id=None)
