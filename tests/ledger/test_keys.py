"""A value opens only with the key of its subject, at its own place in its own event."""

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import Identifier
from domain.values import Erased
from ledger.envelope import Corrupt, time_ordered_id
from ledger.keys import Keys, NoKey, seal
from tests.ledger.golden import EVENTS
from tests.memory import MASTER

EVENT = UUID(int=1)
LEFT = Erased(on=datetime(2026, 5, 6, tzinfo=UTC), by="dpo")


class Shelf:
    """Wrapped keys, and how often they were asked for."""

    def __init__(self, **kept: bytes | Erased) -> None:
        self.kept = dict(kept)
        self.asked: list[list[str]] = []
        self.erasures = 0

    def root(self) -> bytes | None:
        return None

    def last_erasure(self) -> int:
        return self.erasures

    def wrapped_keys(self, subjects: Collection[str]) -> Mapping[str, bytes | Erased]:
        self.asked.append(sorted(subjects))
        return {subject: self.kept[subject] for subject in subjects if subject in self.kept}


def shelf_with(*subjects: str) -> Shelf:
    keys = Keys(MASTER, Shelf())
    return Shelf(**{subject: keys.create(subject).wrapped for subject in subjects})


@given(st.binary(), st.text(), st.uuids())
def test_what_was_sealed_opens_again(plaintext: bytes, where: str, event_id: UUID) -> None:
    keys = Keys(MASTER, shelf_with("ann"))
    key = keys.get("ann")
    assert not isinstance(key, Erased | None)
    assert keys.open("ann", event_id, where, seal(key, event_id, where, plaintext)) == plaintext


@pytest.fixture
def keys() -> Keys:
    return Keys(MASTER, shelf_with("ann", "bob"))


@pytest.fixture
def sealed(keys: Keys) -> dict[str, str]:
    key = keys.get("ann")
    assert not isinstance(key, Erased | None)
    return seal(key, EVENT, "name", b"Wang Wei")


def test_the_same_value_is_never_sealed_twice_alike(keys: Keys, sealed: dict[str, str]) -> None:
    key = keys.get("ann")
    assert not isinstance(key, Erased | None)
    assert seal(key, EVENT, "name", b"Wang Wei") != sealed


def test_a_value_does_not_open_elsewhere(keys: Keys, sealed: dict[str, str]) -> None:
    assert keys.open("ann", EVENT, "name", sealed) == b"Wang Wei"
    for subject, event_id, where in [
        ("ann", EVENT, "note"),
        ("ann", UUID(int=2), "name"),
        ("bob", EVENT, "name"),
    ]:
        with pytest.raises(Corrupt, match=f"{where} of event {event_id} does not open with the key of {subject}"):
            keys.open(subject, event_id, where, sealed)


def flipped(text: str, bit: int) -> str:
    raw = bytearray(b64decode(text))
    raw[bit // 8] ^= 1 << bit % 8
    return b64encode(raw).decode()


def test_no_bit_of_a_value_can_be_changed(keys: Keys, sealed: dict[str, str]) -> None:
    for bit in range(8 * len(b64decode(sealed["sealed"]))):
        with pytest.raises(Corrupt):
            keys.open("ann", EVENT, "name", {"sealed": flipped(sealed["sealed"], bit)})


@pytest.mark.parametrize(
    "found", [None, "text", 7, [], {}, {"sealed": None}, {"sealed": ""}, {"sealed": "AAAA"}, {"sealed": "*"}]
)
def test_what_is_no_sealed_value_is_corrupt(keys: Keys, found: Any) -> None:
    with pytest.raises(Corrupt):
        keys.open("ann", EVENT, "name", found)


def test_a_key_is_bound_to_its_subject_and_to_the_master_key(keys: Keys) -> None:
    wrapped = keys.create("ann").wrapped
    keys.unwrap("ann", wrapped)
    with pytest.raises(Corrupt, match="bob"):
        keys.unwrap("bob", wrapped)
    with pytest.raises(Corrupt, match="ann"):
        Keys(bytes(32), Shelf()).unwrap("ann", wrapped)
    with pytest.raises(Corrupt, match="bob"):
        Keys(MASTER, Shelf(bob=wrapped)).get("bob")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_has_32_bytes(size: int) -> None:
    with pytest.raises(AssertionError, match="32"):
        Keys(bytes(size), Shelf())


def test_of_an_erased_subject_everything_is_erased(sealed: dict[str, str]) -> None:
    keys = Keys(MASTER, Shelf(ann=LEFT))
    assert keys.open("ann", EVENT, "name", sealed) == LEFT
    assert keys.fetch(["ann", "bob"]) == {"ann": LEFT}


def test_without_a_key_and_without_an_erasure_something_is_wrong(sealed: dict[str, str]) -> None:
    with pytest.raises(NoKey, match=f"carl has no key for name of event {EVENT}"):
        Keys(MASTER, Shelf()).open("carl", EVENT, "name", sealed)


# The cache


def test_keys_are_fetched_together_and_only_those_that_are_not_at_hand() -> None:
    shelf = shelf_with("ann", "bob", "carl")
    keys = Keys(MASTER, shelf)
    keys.fetch(["ann", "bob", "nobody"])
    assert keys.fetch(["ann", "carl", "nobody"]).keys() == {"ann", "carl"}
    assert keys.get("carl")
    assert shelf.asked == [["ann", "bob", "nobody"], ["carl", "nobody"]]


def test_the_keys_used_last_stay() -> None:
    shelf = shelf_with("ann", "bob", "carl")
    keys = Keys(MASTER, shelf, size=2)
    for subject in ("ann", "bob", "ann", "carl", "ann"):
        assert keys.get(subject)
    assert shelf.asked == [["ann"], ["bob"], ["carl"]]
    keys.get("bob")
    assert shelf.asked[-1] == ["bob"]


def test_more_than_fit_are_fetched_all_the_same() -> None:
    names = [f"s{number}" for number in range(10)]
    keys = Keys(MASTER, shelf_with(*names), size=3)
    assert keys.fetch(names).keys() == set(names)
    assert len(keys.known) == 3


def test_what_is_forgotten_is_looked_up_again(sealed: dict[str, str]) -> None:
    shelf = shelf_with("ann")
    keys = Keys(MASTER, shelf)
    assert not isinstance(keys.get("ann"), Erased)
    shelf.kept["ann"] = LEFT
    keys.forget(["ann", "nobody"])
    assert keys.open("ann", EVENT, "name", sealed) == LEFT


def test_threads_do_not_disturb_each_other() -> None:
    names = [f"s{number}" for number in range(20)]
    keys = Keys(MASTER, shelf_with(*names), size=5)
    wrong: list[BaseException] = []

    def look(start: int) -> None:
        try:
            for number in range(3000):
                keys.get(names[(start + number * 7) % 20])
                if number % 50 == 0:
                    keys.forget(names[start : start + 5])
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    threads = [Thread(target=look, args=(start,)) for start in range(0, 20, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# What is kept for ever


def test_what_was_sealed_years_ago_still_opens() -> None:
    """Golden: made once, by this code, under a master key of 0, 1, … 31."""
    kept = json.loads((EVENTS.parent / "keys.json").read_text())
    keys = Keys(MASTER, Shelf(ann=bytes.fromhex(kept["wrapped"])))
    assert keys.open("ann", UUID(kept["event_id"]), kept["where"], kept["value"]) == kept["plaintext"].encode()
    for identifier, digest in kept["identities"]:
        assert keys.identity_digest(Identifier(**identifier)).hex() == digest
    assert keys.command_digest("CaptureLead user:ann", b'{"source":"web"}').hex() == kept["command"]


# Ids


def test_ids_are_ordered_by_time() -> None:
    first = time_ordered_id()
    made = [time_ordered_id() for _ in range(10_000)]
    assert len(set(made)) == 10_000
    for each in made:
        assert (each.version, each.variant) == (7, "specified in RFC 4122")
    milliseconds = [each.int >> 80 for each in [first, *made]]
    assert milliseconds == sorted(milliseconds)
    now = datetime.now(UTC).timestamp() * 1000
    assert 0 <= now - milliseconds[-1] < 60_000
