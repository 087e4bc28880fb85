"""A message as Kafka has it is read, whoever sent it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from consumers.subscription import arrived


def record(timestamp: int | None, headers: Sequence[tuple[str, bytes | None]] = ()) -> SimpleNamespace:
    return SimpleNamespace(offset=7, key=b"k", value=b"v", timestamp=timestamp, headers=headers)


def test_when_it_was_sent_is_known_to_the_millisecond() -> None:
    assert arrived(record(1_700_000_000_123)).at == datetime(2023, 11, 14, 22, 13, 20, 123_000, UTC)


@pytest.mark.parametrize("timestamp", [None, -1, 1_700_000_000_123_456, 1_700_000_000_123_456_789, 2**63 - 1])
def test_where_that_is_no_time_it_is_not_known(timestamp: int | None) -> None:
    """Some send microseconds, or nanoseconds."""
    assert arrived(record(timestamp)).at is None


def test_a_header_without_a_value_is_an_empty_one() -> None:
    assert arrived(record(0, [("trace", None)])).headers == (("trace", b""),)
