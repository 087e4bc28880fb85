"""A proof is a text; whoever has it and knows the signer needs neither the ledger nor us."""

import pytest

from ledger.leaf import columns_in
from ledger.logs import COMMANDS, EVENTS, LOGS, Log
from ledger.merkle import Unproven
from ledger.proof import HEAD, Proof, prove
from ledger.seal import Broken
from tests.ledger.sealed import FORGER, SIGNER, SIZES, Sealed


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_a_row_is_proven_by_a_text(ledger: Sealed, log: Log) -> None:
    for number in (1, SIZES[log.name] // 2, SIZES[log.name]):
        text = prove(ledger.own, log, number, SIGNER.verifier).text()
        assert text.startswith(f"{HEAD}\nextra ")
        proof = Proof.read(text)
        assert proof.check(SIGNER.verifier).size == SIZES[log.name]
        told = dict(zip(log.names, columns_in(proof.leaf, log.format), strict=True))
        assert told[log.number] == str(number).encode()


def test_what_is_in_the_text_cannot_be_changed(ledger: Sealed) -> None:
    proof = prove(ledger.own, EVENTS, 300, SIGNER.verifier)
    text = proof.text()
    with pytest.raises(Unproven, match="has not signed"):
        proof.check(FORGER.verifier)
    for nth in range(0, len(text), 7):
        other = "B" if text[nth] == "A" else "A"
        with pytest.raises(Unproven):
            Proof.read(text[:nth] + other + text[nth + 1 :]).check(SIGNER.verifier)


@pytest.mark.parametrize("text", ["", "text", HEAD, f"{HEAD}\nindex 3\n\n", f"{HEAD}\nextra ?\nindex 1\n\nnote"])
def test_what_is_no_proof_is_told(text: str) -> None:
    with pytest.raises(Unproven, match="no proof"):
        Proof.read(text)


def test_what_is_not_sealed_or_not_there_is_not_proven(ledger: Sealed) -> None:
    ledger.write("lead/a")
    for number in (0, -1, 601, 10_000):
        with pytest.raises(Unproven, match="600 are sealed"):
            prove(ledger.own, EVENTS, number, SIGNER.verifier)


def test_for_what_was_changed_there_is_no_proof(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.stored_events SET actor_id = 'mallory' WHERE notification_id = 300")
    with pytest.raises(Broken, match="events 300 is not what was signed"):
        prove(ledger.own, EVENTS, 300, SIGNER.verifier)
    prove(ledger.own, EVENTS, 301, SIGNER.verifier)
    ledger.do("DELETE FROM ledger.commands WHERE number = 7")
    with pytest.raises(Broken, match="7 is missing"):
        prove(ledger.own, COMMANDS, 7, SIGNER.verifier)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"other",
        EVENTS.format + b"\2" + bytes(8),
        EVENTS.format + b"\1" + b"\0" * 7 + b"\5ab",
        EVENTS.format + b"\0" + b"\0" * 7 + b"\1a",
    ],
)
def test_what_is_no_leaf_is_not_read(raw: bytes) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        columns_in(raw, EVENTS.format)
