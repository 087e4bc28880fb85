import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from consumers.inbound.channel import Known, NotYet, Wanted
from consumers.inbound.letters import opened
from consumers.inbound.mentions import MOST, guessed
from domain.identity import Identifier
from ledger.store import Busy
from tests.consumers.inbound.house import NOON, NOTES, House, Note, note, translate

SECRET = "13800001111"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"{", "Unreadable: the message: json_invalid"),
        (b"[" * 100_000, "Unreadable: the message: json_invalid"),
        (b"\xff\xfe", "Unreadable: the message: json_invalid"),
        (None, "Unreadable: the message has no value"),
        (b'{"who": "ann"}', "Unreadable: id: missing"),
        (b'{"id": 7, "who": "ann"}', "Unreadable: id: string_type"),
        (b'{"id": "", "who": "ann"}', "Unreadable: the message's id has 1 to 512 characters"),
        (b'{"id": "a", "who": "ann", "wants": "13800001111"}', "Unreadable: wants: uuid_parsing"),
        (b'{"id": "a", "who": "nobody"}', "Unreadable: who: nobody is nobody"),
    ],
)
def test_what_cannot_be_read_is_kept_with_what_is_wrong_and_never_with_what_it_says(
    house: House, raw: bytes | None, error: str
) -> None:
    house.send(raw, note("b", "bob"))
    house.take()
    (letter,) = house.inbox.letters.values()
    assert letter.error is not None
    assert letter.error.startswith(error)
    assert SECRET not in repr(letter)
    assert letter.retry_at is None
    assert opened(house.ledger, letter).value == raw
    assert house.effects() == ["b"]
    assert house.at() == 2


def test_a_bug_of_ours_tells_where_it_is_and_not_the_value(house: House) -> None:
    house.send(note("a", "bug", phone=SECRET))
    house.take()
    (error,) = house.errors()
    assert error is not None
    assert error.startswith("ZeroDivisionError")
    assert SECRET not in error


def test_a_field_that_we_do_not_know_is_let_pass(house: House) -> None:
    house.send({**note("a"), "new": {"fields": 1}})
    house.take()
    assert house.effects() == ["a"]


def test_what_is_of_its_key_waits_behind_it_and_others_go_on(house: House) -> None:
    house.send(b'{"id": 1}', key="ann")
    house.send(note("b"), note("c", "bob"), note("d"))
    house.take()
    house.send(note("e"), note("f", "bob"))
    house.take()
    assert house.effects() == ["c", "f"]
    assert house.waiting() == [0, 1, 3, 4]
    assert house.at() == 6


def test_without_an_order_nobody_waits() -> None:
    house = House(channel=replace(NOTES, order=None))
    house.send(b"{", key="ann")
    house.send(note("a"), note("nobody-1", "nobody"), note("b"))
    house.take()
    assert house.effects() == ["a", "b"]
    assert house.waiting() == [0, 2]
    assert house.members[0].reader.aside == house.member().reader.aside == set()


def test_retried_with_todays_code_all_that_waits_follows_in_its_order_exactly_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(note("a", "nobody"), note("b", "nobody"), note("c", "nobody", "c1", "c2"))
    house.take()
    (head, *_) = house.inbox.letters.values()
    retrier = house.members[0].retrier
    assert retrier.retry(head.key).error == "Unreadable: who: nobody is nobody"
    assert house.effects() == []
    mend(house, monkeypatch)
    assert retrier.retry(head.key).done == 3
    assert retrier.retry(head.key).done == 0
    assert house.effects() == ["a", "b", "c", "c"]
    assert house.waiting() == []
    house.send(note("d", "nobody"))
    house.take()
    assert house.effects() == ["a", "b", "c", "c", "d"]


def mend(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of tomorrow."""

    def mended(message: Any, known: Any) -> Any:
        return translate(replace(message, who="mended"), known)

    for member in house.members:
        monkeypatch.setitem(vars(member.reader.reading), "channel", replace(house.channel, translate=mended))


def test_what_waits_goes_on_up_to_what_fails_again(house: House) -> None:
    missing = UUID(int=1)
    house.send(note("a", wants=missing), note("b"), note("c", wants=UUID(int=2)), note("d"))
    house.take()
    assert house.waiting() == [0, 1, 2, 3]
    house.knows()
    assert house.later(seconds=2) == 2
    assert house.effects() == ["a", "b"]
    assert house.errors() == ["NotYet: whom it is about has not come", None]


def test_what_rests_on_something_waits_until_it_has_come(house: House) -> None:
    house.send(note("a", wants=UUID(int=1)), note("b"), note("c", "bob"))
    house.take()
    assert house.effects() == ["c"]
    assert house.later(seconds=5) == 0
    house.knows()
    assert house.later(minutes=2) == 2
    assert house.effects() == ["c", "a", "b"]


def announced(told: Note, known: Known) -> Iterator[Wanted]:
    """Each note is for a time; what it wants by then is waited for."""
    try:
        yield from (replace(each, not_before=told.at) for each in translate(told, known))
    except NotYet as waits:
        raise NotYet(str(waits), until=told.at) from None


def test_what_is_announced_waits_for_its_time_and_patience_begins_then() -> None:
    house, tomorrow = House(channel=replace(NOTES, translate=announced)), NOON + timedelta(days=1)
    house.send(note("a", at=tomorrow), note("b", "bob", at=tomorrow, wants=UUID(int=1)), note("c", "cid", at=NOON))
    house.take()
    assert house.effects() == ["c"]
    assert {each.retry_at for each in house.inbox.letters.values()} == {tomorrow}
    assert [*house.members[0].retrier.inbox.due(NOTES.topic, tomorrow - timedelta(seconds=1))] == []
    assert house.later(hours=24) == 1
    assert house.effects() == ["c", "a"]
    house.later(minutes=5)
    house.knows()
    assert house.later(minutes=5) == 1
    assert house.effects() == ["c", "a", "b"]


def test_whoever_tries_it_before_its_time_finds_it_waiting() -> None:
    house, tomorrow = House(channel=replace(NOTES, translate=announced)), NOON + timedelta(days=1)
    house.send(note("a", at=tomorrow))
    house.take()
    (letter,) = house.inbox.letters.values()
    assert house.members[0].retrier.retry(letter.key).error == "NotYet: this is announced for later"
    (letter,) = house.inbox.letters.values()
    assert (letter.retry_at, letter.patient_until) == (tomorrow, tomorrow + house.patience)


def test_what_has_been_done_and_comes_again_rests_on_nothing_any_more(house: House) -> None:
    house.knows()
    house.send(note("a", "ann", "a1", "a2", wants=UUID(int=1)))
    house.take()
    house.send(note("a", "nobody", "a1", "a2"), note("b", "nobody"))
    house.take()
    assert house.waiting() == [2], "it could not even be translated today"
    assert house.effects() == ["a", "a"]


def test_half_of_it_is_not_all_of_it(house: House) -> None:
    house.send(note("a", "nobody", "a1", "a2"))
    reading = house.members[0].reader.reading
    ids = [reading.command_id("a", nth) for nth in range(2)]
    item = reading.read("elsewhere", replace(house.partitions[0][0], value=b'{"id": "a", "who": "x", "names": ["a1"]}'))
    house.inbox.note([replace(item.came(), commands=ids)])
    reading.executor(item.asks)
    house.take()
    assert house.waiting() == [0]


def test_or_until_patience_is_over_and_is_a_dead_letter_then(house: House) -> None:
    house.send(note("a", wants=UUID(int=1)), note("b"))
    house.take()
    for _ in range(20):
        house.later(minutes=1)
    (head, behind) = house.inbox.letters.values()
    assert (head.error, head.retry_at) == ("NotYet: whom it is about has not come", None)
    assert behind.error is None
    house.knows()
    assert house.later(days=1) == 0, "nobody tries it again by himself"
    assert house.members[0].retrier.retry(head.key).done == 2
    assert house.effects() == ["a", "b"]


def test_what_a_neighbour_brings_about_in_the_same_moment_has_come(house: House) -> None:
    """A message that looks is read after those before it have had their effect."""
    house.patience = timedelta(0)
    house.knows()
    house.send(note("a"), note("b", wants=UUID(int=1)), note("c"))
    house.take()
    assert house.effects() == ["a", "b", "c"]


def test_who_dies_after_the_effect_of_a_letter_finds_it_again_and_it_has_none_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(note("a", "nobody"), note("b", "nobody"))
    house.take()
    mend(house, monkeypatch)
    (head, _) = house.inbox.letters.values()

    def dies(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(house.inbox, "done", dies)
        with pytest.raises(KeyboardInterrupt):
            house.members[0].retrier.retry(head.key)
    assert house.effects() == ["a"]
    house.inbox.held.clear()
    assert house.members[0].retrier.retry(head.key).done == 2
    assert house.effects() == ["a", "b"]


def test_a_command_that_we_cannot_decide_is_a_dead_letter_and_the_rest_of_the_batch_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = house.members[0].reader.reading.executor
    plan = next(plan for kind, plan in executor.plans.items() if kind.__name__ == "CreateContact")
    rule = plan.rule
    outcome = type(rule).outcome

    def buggy(self: Any, known: Any) -> Any:
        if getattr(known["command"], "name", "") == "b1":
            raise ZeroDivisionError(SECRET)
        return outcome(self, known)

    monkeypatch.setattr(type(rule), "outcome", buggy)
    house.send(note("a"), note("b", "ann", "b0", "b1", "b2"), note("c"), note("d", "bob"))
    house.take()
    assert house.waiting() == [1, 2]
    assert [each.event.name for each in house.events()] == ["a", "b0", "d"]
    assert house.at() == 4
    monkeypatch.undo()
    (head, _) = house.inbox.letters.values()
    assert house.members[0].retrier.retry(head.key).done == 2
    assert [each.event.name for each in house.events()] == ["a", "b0", "d", "b1", "b2", "c"]


@pytest.mark.parametrize("mishap", [Busy("somebody is at it"), ZeroDivisionError()])
def test_what_befalls_one_command_of_a_letter_stops_those_after_it_and_none_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch, mishap: Exception
) -> None:
    house.send(note("a", "nobody", "a1", "a2", "a3"))
    house.take()
    mend(house, monkeypatch)
    (head,) = house.inbox.letters.values()
    house.mishap = lambda ask: mishap if ask.command.name == "a2" else None
    with suppress(Busy):
        house.members[0].retrier.retry(head.key)
    assert [each.event.name for each in house.events()] == ["a1"]
    house.mishap = lambda _: None
    assert house.members[0].retrier.retry(head.key).done == 1
    assert [each.event.name for each in house.events()] == ["a1", "a2", "a3"]


def test_who_is_told_to_stop_leaves_the_rest_for_later(house: House) -> None:
    for nth in range(3):
        house.send(*(note(f"{nth}-{step}", f"who-{nth}", wants=UUID(int=1)) for step in range(2)))
    house.take()
    house.knows()
    house.now += timedelta(minutes=1)
    retrier = house.members[0].retrier
    assert retrier.round(lambda: len(house.effects()) < 3) == 3
    assert house.effects() == ["0-0", "0-1", "1-0"]
    assert retrier.round(lambda: False) == 0
    assert retrier.round() == 3
    assert house.waiting() == []


# Whose data they hold


def test_a_letter_says_by_digests_whom_it_mentions(house: House) -> None:
    house.send(note("a", "nobody", phone="+8613800001111"), note("b", "bob", phone="+8613800001111"))
    house.take()
    digest = house.ledger.keys.identity_digest(Identifier(kind="phone", value="+8613800001111"))
    (letter,) = house.inbox.letters.values()
    assert list(letter.mentions) == [digest]
    assert [list(each.mentions) for each in house.inbox.came.values()] == [[digest], [digest]]


def test_it_mentions_also_who_is_in_fields_that_we_do_not_know_and_who_is_named_by_an_id(house: House) -> None:
    customer = UUID(int=7)
    house.send({**note("a", "nobody"), "new": {"phone": "138 0000 1111", "whose": str(customer)}})
    house.take()
    digest = house.ledger.keys.identity_digest(Identifier(kind="phone", value="+8613800001111"))
    (letter,) = house.inbox.letters.values()
    assert {digest, customer.bytes} <= {*letter.mentions}


def test_what_was_sent_before_somebody_was_forgotten_is_left_out_after(house: House) -> None:
    phone = "+8613800001111"
    house.inbox.forget([house.ledger.keys.identity_digest(Identifier(kind="phone", value=phone))])
    house.send(note("a", "nobody", phone=phone), note("b", "nobody"))
    house.take()
    assert house.waiting() == [1]
    assert [each.message_id for each in house.inbox.came.values()] == ["b"]
    assert house.at() == 2


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('{"x": "138 0000 1111"}', "phone", "+8613800001111"),
        ('{"x": "+86-138-0000-1111 (home)"}', "phone", "+8613800001111"),
        ('{"x": 13800001111', "phone", "+8613800001111"),
        ('{"x": 8613800001111}', "phone", "+8613800001111"),
        ('{"x": "\\u002b8613800001111"}', "phone", "+8613800001111"),
        ("to: Ann.Lee@Example.org, bob", "email", "ann.lee@example.org"),
    ],
)
def test_of_what_cannot_be_read_all_is_that_looks_like_an_address(text: str, kind: Any, value: str) -> None:
    assert Identifier(kind=kind, value=value) in guessed(text.encode())


def test_of_a_list_of_people_not_each_is_looked_for() -> None:
    raw = ", ".join(f"138{nth:08}" for nth in range(2_000)).encode()
    assert len(guessed(raw)) == MOST


def test_what_is_destroyed_with_somebody_holds_up_nothing_behind_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = "+8613800001111"
    house.send(note("a", "nobody", phone=phone), note("b", "nobody"), note("c", "nobody", phone=phone))
    house.take()
    mend(house, monkeypatch)
    house.inbox.forget([house.ledger.keys.identity_digest(Identifier(kind="phone", value=phone))])
    assert house.waiting() == [1]
    assert house.later(seconds=2) == 1
    assert house.effects() == ["b"]


def test_what_was_destroyed_as_nobody_saw_to_it_waits_to_be_left_out(house: House) -> None:
    house.send(note("a", "nobody"))
    house.take()
    (letter,) = house.inbox.letters.values()
    house.inbox.letters[letter.letter_id] = replace(letter, sealed="", error="nobody has seen to it in time")
    assert house.members[0].retrier.retry(letter.key).error == "nobody has seen to it in time"
    assert house.waiting() == [0]


def test_what_was_sealed_is_not_to_be_had_without_its_key(house: House) -> None:
    house.send(note("a", "nobody", phone=SECRET))
    house.take()
    (letter,) = house.inbox.letters.values()
    assert json.loads(opened(house.ledger, letter).value or b"")["phone"] == SECRET
    house.inbox.done(letter.letter_id)
    house.inbox.letters[letter.letter_id] = letter
    assert house.members[0].retrier.retry(letter.key).error is None
    assert house.effects() == []
