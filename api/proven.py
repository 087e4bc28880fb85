"""How it is told what was signed, and what that proves: hashes in hexadecimal, texts as they are checked elsewhere."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ledger.checkpoint import Checkpoint
from ledger.evidence import Continued, Evidence, Noted
from ledger.logs import COMMANDS, EVENTS, LOGS
from ledger.merkle import of_leaf
from ledger.note import Verifier
from ledger.proof import row_in

STREAM = {EVENTS.name: "originator_id", COMMANDS.name: "stream"}
"""The column that says of whom a row of a log is."""


def key(verifier: Verifier) -> dict[str, str]:
    return {
        "name": verifier.name,
        "id": verifier.id.hex(),
        "fingerprint": sha256(verifier.public).hexdigest(),
        "line": str(verifier),
    }


def checkpoint(noted: Noted) -> dict[str, Any]:
    said = noted.checkpoint or Checkpoint("", noted.size, b"")
    return {
        "size": noted.size,
        "root": said.root.hex() or None,
        "origin": said.origin or None,
        "signed_at": noted.signed_at,
        "verified": noted.wrong is None,
        "wrong": noted.wrong,
        "note": noted.note,
    }


def proven(found: Evidence, verifier: Verifier) -> dict[str, Any]:
    row = None if found.leaf is None else row_in(found.leaf, found.log)
    proof = found.proof
    return {
        "log": found.log.name,
        "number": found.number,
        "subject": None if row is None else row[STREAM[found.log.name]],
        "verified": not found.wrong,
        "wrong": found.wrong,
        "leaf": None if found.leaf is None else b64encode(found.leaf).decode(),
        "leaf_hash": None if found.leaf is None else of_leaf(found.leaf).hex(),
        "row": row,
        "path": [{"side": step.side, "hash": step.hash.hex()} for step in found.steps],
        "checkpoint": checkpoint(found.by),
        "key": key(verifier),
        "text": None if proof is None or found.wrong else proof.text(),
    }


def grown(found: Continued, verifier: Verifier) -> dict[str, Any]:
    return {
        "log": found.log.name,
        "from": checkpoint(found.old),
        "to": checkpoint(found.new),
        "verified": not found.wrong,
        "wrong": found.wrong,
        "path": [each.hex() for each in found.path],
        "key": key(verifier),
        "text": None if found.wrong else found.growth.text(),
    }


# How it is documented

TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MAYBE = {"type": ["string", "null"]}
HEX = {"type": "string", "pattern": "^[0-9a-f]*$"}
TEXTS = {"type": "array", "items": TEXT}


def an_object(title: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "title": title, "properties": dict(properties), "required": [*properties]}


KEY = an_object("Key", {"name": TEXT, "id": HEX, "fingerprint": HEX, "line": TEXT})
CHECKPOINT = an_object(
    "Checkpoint",
    {
        "size": NUMBER,
        "root": {"type": ["string", "null"]},
        "origin": MAYBE,
        "signed_at": {"type": "string", "format": "date-time"},
        "verified": TRUTH,
        "wrong": MAYBE,
        "note": TEXT,
    },
)
OF_LOG = {
    "log": {"enum": [log.name for log in LOGS]},
    "unsealed": NUMBER,
    "checkpoints": {"type": "array", "items": CHECKPOINT},
    "next": MAYBE,
}
CHECKPOINTS = an_object("Checkpoints", {"key": KEY, "logs": {"type": "array", "items": an_object("Log", OF_LOG)}})
STEP = an_object("Step", {"side": {"enum": ["left", "right"]}, "hash": HEX})
PROOF = an_object(
    "Proof",
    {
        "log": {"enum": [log.name for log in LOGS]},
        "number": NUMBER,
        "subject": MAYBE,
        "verified": TRUTH,
        "wrong": TEXTS,
        "leaf": MAYBE,
        "leaf_hash": MAYBE,
        "row": {"type": ["object", "null"]},
        "path": {"type": "array", "items": STEP},
        "checkpoint": CHECKPOINT,
        "key": KEY,
        "text": MAYBE,
    },
)
CONSISTENCY = an_object(
    "Consistency",
    {
        "log": {"enum": [log.name for log in LOGS]},
        "from": CHECKPOINT,
        "to": CHECKPOINT,
        "verified": TRUTH,
        "wrong": TEXTS,
        "path": {"type": "array", "items": HEX},
        "key": KEY,
        "text": MAYBE,
    },
)
