"""A receipt for each erasure: a signed note that says who was forgotten, on whose demand and when, and below it the
proof that the event says so and is in the ledger. There is no value in it of what was forgotten.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Never

from domain.values import FACT_NAMES, FORGETTING, forgotten_by
from ledger.codec import Codec
from ledger.logs import EVENTS
from ledger.merkle import Unproven
from ledger.note import NotSigned, Signer, Verifier
from ledger.proof import HEAD as PROOF
from ledger.proof import Proof, prove, row_in
from ledger.seal import Connection, last_checkpoint

HEAD = "lifeledger/erasure@v1"
DESTROYED = "keys destroyed "
NOT_COUNTED = "not counted"

# Commands with which keys were destroyed, by their last event, whose events that forget have no receipt.
UNWRITTEN = """
SELECT gone.erased_at, event.notification_id
FROM (SELECT DISTINCT erased_at FROM ledger.subject_keys WHERE erased_at BETWEEN 1 AND %s) AS gone
JOIN ledger.stored_events AS last ON last.notification_id = gone.erased_at
JOIN ledger.commands AS command ON command.command_id = last.command_id
JOIN ledger.stored_events AS event
    ON event.notification_id BETWEEN gone.erased_at - command.events + 1 AND gone.erased_at AND event.topic = ANY(%s)
WHERE NOT EXISTS (SELECT FROM ledger.receipts AS receipt WHERE receipt.erased_at = gone.erased_at)
ORDER BY event.notification_id
"""
# All that was destroyed with a command; null, where some of it was before it was noted what had a key.
COUNT = """
SELECT CASE WHEN bool_and(had_key IS NOT NULL) THEN count(*) FILTER (WHERE had_key) END
FROM ledger.subject_keys WHERE erased_at = %s
"""
WRITE = """
INSERT INTO ledger.receipts (position, erased_at, whose, receipt) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# What is forgotten because of somebody is told in his stream, or in one that bears his id: customer/…, erasure/…
RECEIPTS = """
SELECT receipt FROM ledger.receipts WHERE whose = (
    SELECT whose FROM ledger.receipts
    WHERE erased_at = (SELECT erased_at FROM ledger.subject_keys WHERE subject = %s) LIMIT 1)
ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`note` is what was signed; `row` is the event, as the proof has it."""

    note: str
    proof: Proof

    def text(self) -> str:
        return f"{self.note}\n{self.proof.text()}"

    @classmethod
    def read(cls, text: str) -> "Receipt":
        """Raises Unproven for what is no receipt."""
        note, parted, proof = text.partition(f"\n{PROOF}\n")
        if not parted or not note.startswith(f"{HEAD}\n"):
            raise Unproven("this is no receipt")
        return cls(note, Proof.read(f"{PROOF}\n{proof}"))

    def check(self, verifier: Verifier, codec: Codec) -> str:
        """What it says, if that is signed and what the event says, and the event is in the ledger. Raises Unproven."""
        try:
            told = verifier.text_of(self.note)
        except NotSigned as no:
            raise Unproven(str(no)) from None
        checkpoint = self.proof.check(verifier)
        row = row_in(self.proof.leaf, EVENTS)
        last = told.rstrip("\n").rpartition("\n")[2]
        if checkpoint.origin != f"{verifier.name}/{EVENTS.name}" or row["notification_id"] != self.proof.index + 1:
            raise Unproven("the proof is of something else")
        if not re.fullmatch(rf"{DESTROYED}(\d+|{NOT_COUNTED})", last):
            raise Unproven("this is no receipt")
        if told != said(verifier.name, row, codec, last):
            raise Unproven("the receipt does not say what the event says")
        return told


def said(ledger: str, row: dict[str, Any], codec: Codec, destroyed: str) -> str:
    """What is signed of an erasure, line by line."""
    behalf = "" if row["on_behalf_of"] is None else f" on behalf of {row['on_behalf_of']}"
    lines = [
        HEAD,
        f"ledger {ledger}",
        f"event {row['notification_id']} {row['topic']} of {row['originator_id']}",
        f"occurred {row['occurred_at'].isoformat()}",
        f"recorded {row['recorded_at'].isoformat()}",
        f"by {row['actor_kind']} {row['actor_id']} as {row['actor_role'] or 'nobody'}{behalf}",
        f"command {row['command_id']}",
        f"correlation {row['correlation_id']}",
        *(f"forgotten {subject}" for subject in forgotten(row, codec)),
        destroyed,
    ]
    return "".join(f"{plain(line)}\n" for line in lines)


def plain(line: str) -> str:
    """A note has no control characters but the ends of its lines."""
    return "".join(each if each >= " " else f"\\x{ord(each):02x}" for each in line)


def forgotten(row: dict[str, Any], codec: Codec) -> tuple[str, ...]:
    event = codec.decode(row["topic"], row["schema_version"], row["state"].encode(), sealed)
    return forgotten_by(event)


def sealed(where: str, _: object) -> Never:
    raise Unproven(f"whom an event forgets is not personal, and {where} is")


# In a ledger


def write_receipts(connection: Connection, signer: Signer, codec: Codec) -> int:
    """For each erasure that is sealed and has none yet; how many there were. Raises Broken."""
    checkpoint = last_checkpoint(connection, EVENTS, signer.verifier)
    if checkpoint is None:
        return 0
    types = [FACT_NAMES[kind] for kind in FORGETTING]
    found = connection.execute(UNWRITTEN, (checkpoint.size, types)).fetchall()
    made = [receipt_of(connection, position, erased_at, signer, codec) for erased_at, position in found]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(WRITE, made)
    return len(made)


def receipt_of(
    connection: Connection, position: int, erased_at: int, signer: Signer, codec: Codec
) -> tuple[int, int, str, str]:
    """The receipt as it is written, with the id of who was forgotten."""
    proof = prove(connection, EVENTS, position, signer.verifier)
    row = row_in(proof.leaf, EVENTS)
    (count,) = connection.execute(COUNT, (erased_at,)).fetchone() or (None,)
    destroyed = f"{DESTROYED}{NOT_COUNTED if count is None else count}"
    note = signer.note(said(signer.verifier.name, row, codec, destroyed))
    return position, erased_at, row["originator_id"].partition("/")[2], Receipt(note, proof).text()


def receipts_of(connection: Connection, subject: str) -> Iterator[str]:
    """Of all that was forgotten with a subject, in their order, as they were written."""
    for (text,) in connection.execute(RECEIPTS, (subject,)).fetchall():
        yield str(text)


def receipts_in(text: str) -> list[Receipt]:
    """Those that a file has, one after the other. Raises Unproven."""
    parts = re.split(rf"^(?={re.escape(HEAD)}$)", text, flags=re.MULTILINE)
    return [Receipt.read(each) for each in parts if each]
