"""The master key: it wraps the key of every subject, and the root secret behind fingerprints and signatures.

The root secret stays what it is when another master key takes its place; so a phone number is still found, a command
recognised, and what was signed is signed by whoever signs today. In a ledger from before there was one, the first
master key is itself the root secret.
"""

import os
from contextlib import suppress
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.envelope import Corrupt

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
ID_BYTES = 4
SEALED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
ROOT = "the whole ledger"  # Of which the root secret is the key; no subject is called so.

Connection = psycopg.Connection[tuple[Any, ...]]


class MasterKeyChanged(Exception):
    """Another master key has taken the place of the one that this process has: it is to be started with that."""


class MasterKey:
    """Wraps keys, and opens those that it has wrapped."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == KEY_BYTES, f"a master key has {KEY_BYTES} bytes"
        self.key = key
        self.id = derived(key, b"lifeledger master key id 1")[:ID_BYTES]
        self.cipher = AESGCM(derived(key, b"lifeledger subject key wrapping 1"))

    def wrap(self, subject: str, raw: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self.id + nonce + self.cipher.encrypt(nonce, raw, subject.encode())

    def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        """Raises Corrupt for what another master key has wrapped, or nobody."""
        told, sealed = wrapped[:-SEALED_BYTES], wrapped[-SEALED_BYTES:]
        if told in (self.id, b""):  # None: from before there were ids.
            with suppress(InvalidTag, ValueError):
                return self.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subject.encode())
        raise Corrupt(f"the key of {subject} was not wrapped by this master key")

    def wrapped_anew(self, subject: str, wrapped: bytes) -> bytes:
        """With its id before it, as what was wrapped before there were ids has not. Raises Corrupt."""
        return wrapped if wrapped.startswith(self.id) else self.wrap(subject, self.unwrap(subject, wrapped))

    def root(self, wrapped: bytes | None) -> bytes:
        """The root secret; where none is noted, it is the master key itself."""
        return self.key if wrapped is None else self.unwrap(ROOT, wrapped)


def derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(secret)


def wrapped_root(connection: Connection) -> bytes | None:
    found = connection.execute("SELECT root FROM ledger.master_key").fetchone()
    return None if found is None else bytes(found[0])


def root_of(connection: Connection, master: bytes) -> bytes:
    return MasterKey(master).root(wrapped_root(connection))


EMPTY = (
    "SELECT NOT EXISTS (SELECT FROM ledger.stored_events) AND NOT EXISTS (SELECT FROM ledger.commands)"
    " AND NOT EXISTS (SELECT FROM ledger.subject_keys) AND NOT EXISTS (SELECT FROM ledger.checkpoints)"
)


def note_root(connection: Connection, master: bytes) -> None:
    """Before anything is written to a ledger, it gets a root secret, which nobody chooses. One that has none and is not
    empty has been using its master key, and goes on with it. Raises Corrupt where this is not the ledger's.
    """
    wraps = MasterKey(master)
    if (kept := wrapped_root(connection)) is not None:
        wraps.root(kept)
        return
    with connection.transaction():
        connection.execute("LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE")
        if wrapped_root(connection) is not None:
            return
        some = connection.execute("SELECT subject, wrapped FROM ledger.subject_keys WHERE wrapped IS NOT NULL LIMIT 1")
        for subject, wrapped in some.fetchall():
            wraps.unwrap(subject, wrapped)
        (empty,) = connection.execute(EMPTY).fetchone() or (False,)
        root = os.urandom(KEY_BYTES) if empty else master
        connection.execute(
            "INSERT INTO ledger.master_key (id, root) VALUES (%s, %s)", (wraps.id, wraps.wrap(ROOT, root))
        )
