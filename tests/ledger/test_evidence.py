"""What can be shown of a log at any time: a row, by any checkpoint that reaches it, or what is wrong with it."""

import pytest

from ledger.evidence import NoSuchSize, NotSealedYet, NotThere, checkpoints, continued, evidence, found_by, sides
from ledger.logs import COMMANDS, EVENTS, LOGS, Log, leaf_hashes
from ledger.merkle import check_inclusion, of_both, of_leaf
from ledger.seal import Connection
from tests.ledger.sealed import EVENTS_THERE, FORGER, SIGNER, SIZES, Sealed

VERIFIER = SIGNER.verifier


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_a_row_is_shown_by_the_last_checkpoint_and_by_every_one_that_reaches_it(ledger: Sealed, log: Log) -> None:
    sizes = [each.size for each in checkpoints(ledger.own, log, VERIFIER, limit=100)]
    assert sizes == sorted(sizes, reverse=True)
    for number in {1, SIZES[log.name] // 2, SIZES[log.name]}:
        for size in (None, *(size for size in sizes if size >= number)):
            found = evidence(ledger.own, log, number, VERIFIER, size)
            assert found.wrong == []
            assert found.by.size == (size or SIZES[log.name])
            assert found.proof is not None
            assert found.proof.check(VERIFIER) == found.by.checkpoint


def test_by_hand_it_takes_a_hash_function(ledger: Sealed) -> None:
    for number in (1, 2, 255, 256, 257, 511, 512, 513, 600):
        shown = evidence(ledger.own, EVENTS, number, VERIFIER)
        assert shown.leaf is not None
        found = of_leaf(shown.leaf)
        for step in shown.steps:
            found = of_both(step.hash, found) if step.side == "left" else of_both(found, step.hash)
        assert shown.by.checkpoint is not None
        assert found == shown.by.checkpoint.root


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 257])
def test_each_hash_goes_on_the_side_that_the_index_says(size: int) -> None:
    for index in range(size):
        path = [bytes([number]) * 32 for number, _ in enumerate(sides(index, size))]
        root = leaf = of_leaf(b"")
        for side, other in zip(sides(index, size), path, strict=True):
            root = of_both(other, root) if side == "left" else of_both(root, other)
        check_inclusion(leaf, index, size, path, root)


def test_a_row_is_found_by_its_id(ledger: Sealed) -> None:
    (event,) = ledger.ask("SELECT event_id FROM ledger.stored_events WHERE notification_id = 300")
    (command,) = ledger.ask("SELECT command_id FROM ledger.commands WHERE number = 7")
    assert found_by(ledger.own, event) == (EVENTS, 300)
    assert found_by(ledger.own, command) == (COMMANDS, 7)
    assert found_by(ledger.own, type(event)(int=1)) is None


def test_what_is_not_sealed_yet_is_told_from_what_is_not_there(ledger: Sealed) -> None:
    ledger.write("lead/a")
    with pytest.raises(NotSealedYet, match="600 are sealed, and 601"):
        evidence(ledger.own, EVENTS, 601, VERIFIER)
    with pytest.raises(NotThere):
        evidence(ledger.own, EVENTS, 631, VERIFIER)
    ledger.seal()
    assert evidence(ledger.own, EVENTS, 601, VERIFIER).wrong == []


def test_a_checkpoint_has_to_be_one_and_reach_the_row(ledger: Sealed) -> None:
    with pytest.raises(NoSuchSize, match="no checkpoint of 450 events was signed; the nearest is of 500"):
        evidence(ledger.own, EVENTS, 300, VERIFIER, 450)
    with pytest.raises(NoSuchSize, match="the nearest is of 600"):
        evidence(ledger.own, EVENTS, 300, VERIFIER, 10_000)
    with pytest.raises(NoSuchSize, match="does not go as far as 300"):
        evidence(ledger.own, EVENTS, 300, VERIFIER, 200)


# What is wrong


def wrong(connection: Connection, number: int = 300, log: Log = EVENTS) -> str:
    return "; ".join(evidence(connection, log, number, VERIFIER).wrong)


def test_a_row_that_was_changed_is_told_and_others_are_not(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.stored_events SET actor_id = 'mallory' WHERE notification_id = 300")
    assert wrong(ledger.own) == (
        "events 300 is not what it was when it was sealed: its leaf has another hash than was kept"
    )
    assert wrong(ledger.own, 301) == ""


def test_a_row_that_was_changed_with_its_hash_is_told(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.stored_events SET actor_id = 'mallory' WHERE notification_id = 300")
    fresh = [found for _, found in leaf_hashes(ledger.own, EVENTS, 0, 10_000)]
    ledger.do(
        "UPDATE ledger.tiles SET hashes = %s WHERE level = 0 AND place = 1 AND log = 'events'", b"".join(fresh[256:512])
    )
    assert "do not lead from 300 to what was signed at 600" in wrong(ledger.own)


def test_a_row_that_was_taken_out_is_missed(ledger: Sealed) -> None:
    ledger.do("DELETE FROM ledger.commands WHERE number = 7")
    assert wrong(ledger.own, 7, COMMANDS) == "of the commands, 7 is missing"
    assert evidence(ledger.own, COMMANDS, 7, VERIFIER).proof is None


def test_a_tile_that_is_gone_is_told(ledger: Sealed) -> None:
    ledger.do("DELETE FROM ledger.tiles WHERE log = 'events' AND level = 0 AND place = 1")
    assert "a tile is missing: level 0, place 1" in wrong(ledger.own)


def test_a_checkpoint_that_somebody_else_has_signed_proves_nothing(ledger: Sealed) -> None:
    last = ledger.kept().checkpoint
    ledger.do("UPDATE ledger.checkpoints SET note = %s WHERE log = 'events' AND size = 600", FORGER.note(last.text()))
    assert "the checkpoint of 600: lifeledger/test has not signed this" in wrong(ledger.own)
    assert [each.wrong is None for each in checkpoints(ledger.own, EVENTS, VERIFIER, limit=2)] == [False, True]
    assert "has not signed" in "; ".join(continued(ledger.own, EVENTS, VERIFIER, 500).wrong)
    assert evidence(ledger.own, EVENTS, 300, VERIFIER, 500).wrong == []


def test_a_checkpoint_of_another_log_proves_nothing(ledger: Sealed) -> None:
    ledger.do(
        "UPDATE ledger.checkpoints SET note = (SELECT note FROM ledger.checkpoints WHERE log = 'commands')"
        " WHERE log = 'events' AND size = 600"
    )
    assert "is one of" in wrong(ledger.own)


# Two checkpoints


def test_between_any_two_checkpoints_the_log_has_only_grown(ledger: Sealed) -> None:
    sizes = [each.size for each in checkpoints(ledger.own, EVENTS, VERIFIER, limit=100)]
    for old in sizes:
        for new in (None, *(size for size in sizes if size >= old)):
            found = continued(ledger.own, EVENTS, VERIFIER, old, new)
            assert found.wrong == []
            assert found.new.size == (new or EVENTS_THERE)
            assert found.old.checkpoint is not None
            assert found.growth.check(found.old.checkpoint, VERIFIER) == found.new.checkpoint


def test_hashes_that_were_changed_in_between_are_told(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.tiles SET hashes = sha256('x') || substr(hashes, 33) WHERE log = 'events' AND level = 0")
    assert "do not lead from one to the other" in "; ".join(continued(ledger.own, EVENTS, VERIFIER, 100).wrong)


def test_two_have_to_be_there_and_in_their_order(ledger: Sealed) -> None:
    with pytest.raises(NoSuchSize, match="no checkpoint of 450"):
        continued(ledger.own, EVENTS, VERIFIER, 450)
    with pytest.raises(NoSuchSize, match="600 comes after 500"):
        continued(ledger.own, EVENTS, VERIFIER, 600, 500)
