from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from commands.ask import Ask
from consumers.bus import BusRefused
from consumers.inbound.reader import Moved
from consumers.inbound.reading import guarded
from ledger.store import Busy, Unavailable
from tests.consumers.inbound.house import NOON, House, another, note


def test_each_message_has_its_effect_and_the_offset_goes_with_it(house: House) -> None:
    house.send(note("a"), note("b", "bob"), note("c", "ann", "c1", "c2"))
    house.take()
    assert house.effects() == ["a", "b", "c", "c"]
    assert house.at() == 3
    house.take()
    assert house.effects() == ["a", "b", "c", "c"]


def test_the_envelope_tells_where_it_came_from_and_when_it_happened_there(house: House) -> None:
    at = NOON - timedelta(hours=3)
    house.send(note("a", at=at.isoformat()))
    house.take()
    (found,) = house.events()
    assert found.source is not None
    assert (found.source.system, found.source.message_id) == ("notes", "a")
    assert (found.actor.kind, found.actor.id, found.actor.role) == ("integration", "notes", "service_account")
    assert (found.occurred_at, found.recorded_at) == (at, NOON)


def test_a_clock_that_is_ahead_of_ours_tells_of_now(house: House) -> None:
    house.send(note("a", at=(NOON + timedelta(minutes=2)).isoformat()))
    house.take()
    (found,) = house.events()
    assert found.occurred_at == NOON


def test_what_comes_twice_has_its_effect_once(house: House) -> None:
    house.send(note("a"), note("b"), note("a"))
    house.take()
    house.send(note("b"), note("c"), note("c"))
    house.take()
    assert house.effects() == ["a", "b", "c"]
    assert house.at() == 6


def test_what_is_read_again_from_the_beginning_under_another_name_has_no_second_effect(house: House) -> None:
    house.send(*(note(f"m-{nth}") for nth in range(30)))
    house.take()
    house.rows.side = {}
    house.member().take()
    assert len(house.effects()) == 30
    assert house.at() == 30


def test_gaps_of_compaction_are_no_obstacle(house: House) -> None:
    house.send(note("a"), note("b"), gap=3)
    house.send(note("c"), gap=40)
    house.take()
    house.send(note("d"), gap=2)
    house.take()
    assert house.effects() == ["a", "b", "c", "d"]
    assert house.at() == house.partitions[0][-1].offset + 1


def test_a_message_that_comes_to_no_command_is_passed_and_stands_in_the_inbox(house: House) -> None:
    house.send({"id": "a", "who": "ann"})
    house.take()
    assert house.at() == 1
    (found,) = house.inbox.came.values()
    assert (found.message_id, list(found.commands)) == ("a", [])


def test_the_inbox_says_to_which_commands_a_message_came(house: House) -> None:
    house.send(note("a", "ann", "a1", "a2"))
    house.take()
    (found,) = house.inbox.came.values()
    assert [each.command_id for each in house.events()] == list(found.commands)
    assert {each.correlation_id for each in house.events()} == {found.commands[0]}


def test_a_refusal_is_an_answer_and_the_offset_goes_on(house: House) -> None:
    house.send(note("a", "ann", " "), note("b"))
    house.take()
    assert house.effects() == ["b"]
    assert house.at() == 2
    refused = [each.refusal.name for each in house.rows.commands.values() if each.refusal is not None]
    assert refused == ["Invalid"]
    assert house.errors() == []


def test_who_is_not_there_any_more_does_nothing(house: House) -> None:
    """One that was slow wakes up after another has gone on from where it was."""
    house.send(note("a"))
    slow, quick = house.member(), house.member()
    slow.take()
    quick.take()
    house.send(note("b"), note("c", "ann", "c1", "c2"))
    quick.take()
    commands = len(house.rows.commands)
    slow.reader.at = dict.fromkeys(slow.reader.at, 1)
    house.inbox.came.clear()
    house.rows.commands = {each: found for each, found in house.rows.commands.items() if found.position < 2}
    with pytest.raises(Moved):
        slow.take()
    assert len(house.rows.commands) == 1 < commands, "what another has done before is not done from there again"
    slow.take()
    assert house.at() == 3


def test_who_does_not_know_what_another_has_begun_leaves_nothing_out(house: House) -> None:
    """He was at the message before the other did the first of its commands, and died at the second."""
    house.send(note("a"))
    slow, other = house.member(), house.member()
    slow.take()
    house.send(note("b", "ann", "b1", "b2", "b3"))
    fails = iter([None, Busy()])
    house.mishap = lambda _: next(fails, None)
    with pytest.raises(Busy):
        other.take()
    with pytest.raises(Moved):
        slow.take()
    slow.take()
    assert [each.event.name for each in house.events()] == ["a", "b1", "b2", "b3"]


def test_what_another_has_begun_and_he_has_finished_leaves_nothing_of_the_next_out(house: House) -> None:
    house.send(note("a"))
    slow, other = house.member(), house.member()
    slow.take()
    house.send(note("b", "ann", "b1", "b2"), note("c", "ann", "c1", "c2"))
    fails = iter([None, Busy()])
    house.mishap = lambda _: next(fails, None)
    with pytest.raises(Busy):
        other.take()
    with pytest.raises(Moved):
        slow.take()
    slow.take()
    assert [each.event.name for each in house.events()] == ["a", "b1", "b2", "c1", "c2"]


def test_what_another_has_put_aside_is_not_overtaken_by_who_does_not_know_of_it(house: House) -> None:
    house.send(note("a"))
    slow, other = house.member(), house.member()
    slow.take()
    house.send(note("b", wants=UUID(int=1)))
    other.take()
    assert house.waiting() == [1]
    house.knows()
    house.send(note("c"))
    with pytest.raises(Moved):
        slow.take()
    slow.take()
    assert house.effects() == ["a"]
    house.later(minutes=5)
    assert house.effects() == ["a", "b", "c"]


def test_after_that_it_goes_on_from_where_the_other_is(house: House) -> None:
    house.send(note("a"))
    one, other = house.member(), house.member()
    one.take()
    house.send(note("b"))
    other.take()
    house.send(note("c"))
    with pytest.raises(Moved):
        one.take()
    one.take()
    assert house.effects() == ["a", "b", "c"]


def test_who_only_moves_on_must_be_where_it_was_too(house: House) -> None:
    house.send({"id": "a", "who": "ann"})
    slow = house.member()
    slow.place()
    house.take()
    house.send({"id": "b", "who": "ann"})
    house.take()
    with pytest.raises(Moved):
        slow.take()
    assert house.at() == 2


@pytest.mark.parametrize("dies", ["before", "after"])
def test_where_the_answer_is_lost_nothing_is_lost_and_nothing_done_twice(house: House, dies: str) -> None:
    house.send(*(note(f"m-{nth}", f"who-{nth}") for nth in range(5)))
    executor = house.members[0].reader.reading.executor

    def fault(asks: Sequence[Ask]) -> None:
        if dies == "after":
            executor(asks)
        raise Unavailable("gone")

    house.fault = fault
    with pytest.raises(Unavailable):
        house.take()
    house.fault = lambda _: None
    house.member().take()
    assert house.effects() == [f"m-{nth}" for nth in range(5)]
    assert house.at() == 5


@pytest.mark.parametrize("died_after", [0, 1, 2, 3])
def test_half_a_message_is_finished_by_whoever_comes_next(house: House, died_after: int) -> None:
    house.send(note("a", "ann", "a1", "a2", "a3"))
    reading = house.members[0].reader.reading
    item = reading.read(f"kafka/house/{house.channel.topic}/0", house.partitions[0][0])
    house.members[0].place()
    reading.executor(guarded(item, (), 0, 1, 0)[:died_after])
    house.send(note("b", "ann", "b1", "b2"))
    other = house.member()
    other.take()
    assert [each.event.name for each in house.events()] == ["a1", "a2", "a3", "b1", "b2"]
    assert house.at() == 2


def test_what_fails_before_what_had_been_done_is_a_dead_letter_and_not_lost(house: House) -> None:
    house.send(note("a", "ann", "a1", "a2"), note("b", "bob"))
    reading = house.members[0].reader.reading
    item = reading.read("elsewhere", house.partitions[0][0])
    reading.executor(item.asks[1:])
    house.mishap = lambda ask: ZeroDivisionError() if ask.command.name == "a1" else None
    house.take()
    assert house.waiting() == [0]
    assert house.at() == 2
    house.mishap = lambda _: None
    (head,) = house.inbox.letters.values()
    assert house.members[0].retrier.retry(head.key).done == 1
    assert [each.event.name for each in house.events()] == ["a2", "b", "a1"]


def test_a_message_of_the_same_id_that_says_something_else_changes_nothing_and_is_told_of(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.send(note("a", "ann", "first"))
    house.take()
    house.send(note("a", "ann", "second"))
    house.take()
    assert [each.event.name for each in house.events()] == ["first"]
    assert "says something else" in capsys.readouterr().out
    house.send(note("a", "ann", "first"))
    house.take()
    assert "says something else" not in capsys.readouterr().out


def test_partitions_are_taken_in_each_by_itself(house: House) -> None:
    house.send(note("a"), note("b"), partition=0)
    house.send(note("c", "bob"), partition=1)
    house.take()
    assert (house.at(0), house.at(1)) == (2, 1)
    assert sorted(house.effects()) == ["a", "b", "c"]


def test_a_topic_that_is_shorter_than_what_was_read_is_another_one(house: House) -> None:
    house.send(note("a"), note("b"))
    house.take()
    house.partitions[0] = []
    with pytest.raises(BusRefused, match=r"notes.v1/0 ends at 0, and was read up to 2 before"):
        house.member().place()


def test_so_is_one_that_was_made_anew_and_has_more_by_now(house: House) -> None:
    house.send(note("a"), note("b"))
    house.take()
    house.partitions[0] = []
    house.send(note("c"), note("d"), note("e"))
    now = house.member()
    now.reader.which = lambda topic: f"{topic}, made anew"
    for _ in range(2):
        with pytest.raises(BusRefused, match=r"notes.v1/0 was read up to 2 before: this is another topic of that name"):
            now.place()
    assert house.effects() == ["a", "b"]


def test_of_which_nothing_was_read_yet_it_does_not_matter_which_it_is(house: House) -> None:
    house.members[0].place()
    house.send(note("a"))
    now = house.member()
    now.reader.which = lambda topic: f"{topic}, made anew"
    now.take()
    assert house.effects() == ["a"]
    house.send(note("b"))
    with pytest.raises(BusRefused, match="another topic of that name"):
        house.member().take()


def test_what_kafka_has_let_go_of_unread_is_told_of(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.send(*(note(f"m-{nth}") for nth in range(9)))
    house.take()
    reader = house.member().reader
    (partition,) = house.members[0].reader.at
    assert reader.place(partition, 12, 20) == 12
    assert "messages are gone that nobody has read" in capsys.readouterr().out
    assert house.at() == 12


def test_who_places_a_partition_while_another_does_begins_where_that_one_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(note("a"))
    house.take()
    (partition,) = house.members[0].reader.at
    begin = house.inbox.begin

    def another_is_quicker(source: str, first: int) -> int:
        found = begin(source, first)
        if found == 1:
            house.inbox.move(source, 1, 15)
        return found

    monkeypatch.setattr(house.inbox, "begin", another_is_quicker)
    assert house.member().reader.place(partition, 12, 20) == 15


def test_many_go_together_and_few_transactions_are_needed(house: House) -> None:
    sizes: list[int] = []
    house.fault = lambda asks: sizes.append(len(asks))
    house.send(*(note(f"m-{nth}", f"who-{nth}") for nth in range(450)))
    house.take()
    assert sizes == [200, 200, 50]
    assert house.effects() == [f"m-{nth}" for nth in range(450)]


def test_of_one_key_each_waits_for_the_one_before(house: House) -> None:
    sizes: list[int] = []
    house.fault = lambda asks: sizes.append(len(asks))
    house.send(*(note(f"m-{nth}", f"who-{nth % 7}") for nth in range(21)))
    house.take()
    assert sizes == [7, 7, 7]


def test_a_copy_of_the_same_bytes_is_a_repetition(house: House) -> None:
    house.send(note("a"))
    house.partitions[0].append(another(house.partitions[0][0], 7))
    house.take()
    assert house.effects() == ["a"]
    assert house.at() == 8
