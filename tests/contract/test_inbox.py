"""Both ways to keep what has come in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.appender import SideRowMoved
from ledger.envelope import time_ordered_id
from ledger.inbox import Came, Inbox, Letter
from ledger.keys import Keys
from ledger.recorder import Recorder, datastore
from ledger.stored_inbox import StoredInbox
from tests.memory import MASTER, MemoryRows
from tests.memory_inbox import MemoryInbox

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = "kafka/house/shop.orders.v1/0"


class Kept:
    def __init__(self, inbox: Inbox, rows: Any) -> None:
        self.inbox = inbox
        self.keys = Keys(MASTER, rows)

    def wrapped(self, letter: Letter) -> bytes:
        return self.keys.create(f"letter/{letter.letter_id}").wrapped

    def key_is_left(self, letter: Letter) -> bool:
        found = self.keys.chest.wrapped_keys([f"letter/{letter.letter_id}"])
        return isinstance(found[f"letter/{letter.letter_id}"], bytes)

    def put(self, letter: Letter, expected: int) -> Letter:
        self.inbox.put_aside(letter, self.wrapped(letter), expected)
        return letter


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.slow)])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "memory":
        rows = MemoryRows()
        yield Kept(MemoryInbox(rows), rows)
        return
    url = request.getfixturevalue("emptied_url")
    inbox, recorder = StoredInbox(url), Recorder(datastore(url, pool_size=1))
    yield Kept(inbox, recorder)
    inbox.close()
    recorder.close()


def letter(place: int, *, key: bytes = b"k", **named: Any) -> Letter:
    given: dict[str, Any] = {"error": "Unreadable", "attempts": 1} | named
    return Letter(
        letter_id=time_ordered_id(),
        source=SOURCE,
        place=place,
        topic="shop.orders.v1",
        system="shop",
        message_id=f"m-{place}",
        key=key,
        mentions=[b"\x01"],
        sealed="c2VhbGVk",
        **given,
    )


def came(place: int, message_id: str = "m-1", digest: bytes = b"d") -> Came:
    return Came(
        source=SOURCE,
        place=place,
        topic="shop.orders.v1",
        system="shop",
        message_id=message_id,
        commands=[UUID(int=place)],
        digest=digest,
        mentions=[],
    )


def test_a_partition_begins_where_it_is_first_read_and_moves_from_where_it_is(kept: Kept) -> None:
    inbox = kept.inbox
    assert inbox.begin(SOURCE, 7) == 7
    inbox.move(SOURCE, 7, 12)
    assert inbox.begin(SOURCE, 0) == 12
    with pytest.raises(SideRowMoved, match=SOURCE):
        inbox.move(SOURCE, 7, 20)
    assert inbox.begin(SOURCE, 0) == 12


def test_past_a_message_nothing_of_it_is_under_way_any_more(kept: Kept) -> None:
    kept.inbox.begin(SOURCE, 3)
    kept.inbox.begin(f"{SOURCE}/step", 2)
    kept.inbox.move(SOURCE, 3, 4)
    assert kept.inbox.begin(f"{SOURCE}/step", 7) == 0


def test_what_a_message_said_first_is_known(kept: Kept) -> None:
    kept.inbox.note([came(1, digest=b"first")])
    kept.inbox.note([came(2, digest=b"second"), came(3, "other")])
    assert kept.inbox.said_before([("shop", "m-1"), ("shop", "never")]) == {("shop", "m-1"): b"first"}
    kept.inbox.note([came(1, "m-2", digest=b"anew")])
    assert kept.inbox.said_before([("shop", "m-2")]) == {("shop", "m-2"): b"anew"}


def test_to_what_a_message_came_is_known_also_when_it_comes_to_less(kept: Kept) -> None:
    assert list(kept.inbox.commands_of("shop", "m-1")) == []
    kept.inbox.note([came(1)])
    kept.inbox.note([replace(came(1), commands=[])])
    kept.inbox.note([replace(came(2), commands=[])])
    assert list(kept.inbox.commands_of("shop", "m-1")) == [UUID(int=1)]


def test_who_puts_something_aside_moves_past_it_or_does_neither(kept: Kept) -> None:
    kept.inbox.begin(SOURCE, 0)
    first = kept.put(letter(0), 0)
    assert kept.inbox.begin(SOURCE, 0) == 1
    with pytest.raises(SideRowMoved):
        kept.put(letter(1), 0)
    found = kept.inbox.first_of("shop.orders.v1", b"k")
    assert found is not None
    assert replace(found, since=None) == first
    assert kept.inbox.keys_aside("shop.orders.v1") == {b"k"}
    assert kept.inbox.keys_aside("hr.staff.v1") == set()


def test_nothing_goes_behind_what_has_gone_on(kept: Kept) -> None:
    kept.inbox.begin(SOURCE, 0)
    head = kept.put(letter(0), 0)
    behind = letter(1, error=None, attempts=0, retry_at=NOON)
    assert kept.inbox.put_behind(behind, kept.wrapped(behind), 1)
    kept.inbox.done(head.letter_id)
    assert not kept.key_is_left(head)
    assert kept.key_is_left(behind)
    kept.inbox.done(behind.letter_id)
    late = letter(2, error=None)
    assert not kept.inbox.put_behind(late, kept.wrapped(late), 2)
    assert kept.inbox.begin(SOURCE, 0) == 2


def test_the_first_of_a_key_is_tried_again_when_it_is_time(kept: Kept) -> None:
    kept.inbox.begin(SOURCE, 0)
    head = kept.put(letter(0, retry_at=NOON, patient_until=NOON + timedelta(hours=1)), 0)
    kept.put(letter(1, error=None), 1)
    dead, other = kept.put(letter(2, key=b"dead"), 2), kept.put(letter(3, key=b"other", retry_at=NOON), 3)

    def due(at: datetime) -> list[int]:
        return [each.place for each in kept.inbox.due("shop.orders.v1", at)]

    assert due(NOON - timedelta(seconds=1)) == []
    assert due(NOON) == [head.place, other.place]
    kept.inbox.failed(head.letter_id, "NotYet", NOON + timedelta(seconds=2), NOON + timedelta(hours=1))
    assert due(NOON) == [other.place]
    found = kept.inbox.first_of("shop.orders.v1", b"k")
    assert found is not None
    assert (found.error, found.attempts) == ("NotYet", 2)
    kept.inbox.done(head.letter_id)
    assert due(NOON) == [1, other.place]
    assert kept.inbox.first_of("shop.orders.v1", b"dead") is not None
    assert dead.retry_at is None


def test_one_at_a_time_tries_a_key(kept: Kept) -> None:
    with kept.inbox.alone("shop.orders.v1", b"k") as mine, kept.inbox.alone("shop.orders.v1", b"l") as another:
        assert mine
        assert another
    with kept.inbox.alone("shop.orders.v1", b"k") as again:
        assert again


@pytest.mark.slow
def test_somebody_else_at_it_is_seen(emptied_url: str) -> None:
    one, other = StoredInbox(emptied_url), StoredInbox(emptied_url)
    with one.alone("t", b"k") as mine, other.alone("t", b"k") as theirs:
        assert mine
        assert not theirs
    with other.alone("t", b"k") as after:
        assert after
    one.close()
    other.close()
