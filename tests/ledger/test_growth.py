"""Whoever has kept a checkpoint is convinced by a log that has grown, and by no other."""

from dataclasses import replace

import pytest

from ledger.checkpoint import Checkpoint
from ledger.growth import Growth, grown, notes_in
from ledger.logs import COMMANDS, EVENTS
from ledger.merkle import Unproven
from ledger.note import Signer
from ledger.seal import Broken, origin
from tests.ledger.sealed import FORGER, SIGNER, Sealed

pytestmark = pytest.mark.slow


def test_a_log_that_has_grown_says_so_to_who_kept_a_checkpoint(ledger: Sealed) -> None:
    kept = ledger.kept().checkpoint
    ledger.write("lead/a")
    ledger.seal()
    text = grown(ledger.own, EVENTS, kept, SIGNER.verifier).text()
    assert text.startswith("old 600\n")
    assert Growth.read(text).check(kept, SIGNER.verifier).size == 630
    assert grown(ledger.own, EVENTS, ledger.kept().checkpoint, SIGNER.verifier).path == []


def test_nobody_else_s_word_and_no_other_beginning_is_believed(ledger: Sealed) -> None:
    kept = ledger.kept().checkpoint
    ledger.write("lead/a")
    ledger.seal()
    found = grown(ledger.own, EVENTS, kept, SIGNER.verifier)
    text = found.text()
    another = replace(kept, root=bytes(32))
    shorter = replace(kept, size=599)
    commands = ledger.kept(COMMANDS).checkpoint
    for other in (another, shorter, commands):
        with pytest.raises(Unproven):
            Growth.read(text).check(other, SIGNER.verifier)
    for verifier in (FORGER.verifier, Signer("somebody", bytes(32)).verifier):
        with pytest.raises(Unproven):
            Growth.read(text).check(kept, verifier)
    for path in (found.path[1:], [*found.path, bytes(32)], [bytes(32), *found.path[1:]]):
        with pytest.raises(Unproven):
            replace(found, path=tuple(path)).check(kept, SIGNER.verifier)


@pytest.mark.parametrize("wrong", ["", "old", "old x\n\n", "new 600\n", "old 600\nAAAA\n", "old 0600\n"])
def test_what_is_no_proof_is_told(ledger: Sealed, wrong: str) -> None:
    _, _, note = grown(ledger.own, EVENTS, ledger.kept().checkpoint, SIGNER.verifier).text().partition("\n\n")
    for text in (wrong, f"{wrong}\n{note}"):
        with pytest.raises(Unproven, match="no proof"):
            Growth.read(text)


def test_a_ledger_that_lacks_what_was_kept_has_no_proof(ledger: Sealed) -> None:
    kept = ledger.kept().checkpoint
    for more in (replace(kept, size=601), Checkpoint(origin(ledger.own, EVENTS), 0, bytes(32))):
        with pytest.raises(Unproven, match="600 are sealed"):
            grown(ledger.own, EVENTS, more, SIGNER.verifier)
    with pytest.raises(Broken, match="two trees"):
        grown(ledger.own, EVENTS, replace(kept, root=bytes(32)), SIGNER.verifier)


def test_notes_that_stand_one_behind_the_other_are_told_apart() -> None:
    notes = [SIGNER.note("one\n1\n"), SIGNER.note("two\n") + FORGER.note("x\n").rpartition("\n\n")[2]]
    assert [*notes_in("".join(notes))] == [*notes_in("\n".join(notes))] == notes
    assert [*notes_in("")] == []
