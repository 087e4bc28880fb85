"""A key for each person: to destroy the key is to erase the person, and the log stays whole.

Personal values are encrypted with AES-256-GCM under the key of their subject, and authenticated by the event's id and
the field's path, so that a value cannot be moved elsewhere. Subject keys are kept wrapped by the master key. From the
root secret, which it wraps as well, come by HKDF (RFC 5869) the keys under which identities and command bodies get
their fingerprints, by keyed BLAKE2b (RFC 7693): as unguessable as an HMAC, at a third of its time.
"""

import os
import time
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Collection, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_json

from domain.identity import Identifier
from domain.values import Erased
from ledger.envelope import Corrupt
from ledger.master import KEY_BYTES, NONCE_BYTES, MasterKey, derived

LOOK_SECONDS = 1.0  # Between looks whether somebody has been erased: so long may a key that is destroyed be at hand.
DIGEST_BYTES = 32


class NoKey(Exception):
    """A personal value has no key, and no record of an erasure either."""


@dataclass(slots=True)
class Key:
    """A subject's key, ready for use."""

    cipher: AESGCM


@dataclass(slots=True)
class NewKey:
    """A key that is not yet kept anywhere, and the form in which it will be."""

    key: Key
    wrapped: bytes


class Chest(Protocol):
    """Where wrapped keys are kept."""

    def root(self) -> bytes | None:
        """The wrapped root secret; None where the master key is itself the root secret."""

    def wrapped_keys(self, subjects: Collection[str]) -> Mapping[str, bytes | Erased]:
        """The wrapped key of each subject that has one, or what is left of it."""

    def last_erasure(self) -> int:
        """The position of the last event with which keys were destroyed; 0 where there is none."""


class Keys:
    """The keys of this process: the master key, and those of the subjects used last."""

    def __init__(self, master: bytes, chest: Chest, *, size: int = 50_000) -> None:
        self.chest = chest
        self.size = size
        self.master = MasterKey(master)
        self.root = self.opened_root()
        self.identity_key = derived(self.root, b"lifeledger identity lookup 1")
        self.digest_key = derived(self.root, b"lifeledger command digest 1")
        self.known: OrderedDict[str, Key | Erased] = OrderedDict()
        self.erasures: int | None = None  # The position of the last one, when it was looked for.
        self.looks_at = 0.0

    def look(self) -> None:
        """Whoever opens values looks, now and then, whether somebody was erased meanwhile, by whichever process."""
        if self.looks_at <= time.monotonic():
            self.catch_up()

    def catch_up(self) -> int:
        """Where somebody has been erased, let go of all that is at hand; the position of the last erasure.

        Whoever is fetching keys at that moment puts them where nobody looks any more.
        """
        last = self.chest.last_erasure()
        self.looks_at = time.monotonic() + LOOK_SECONDS
        if last != self.erasures:
            self.known = OrderedDict()
            self.erasures = last
        return last

    def fetch(self, subjects: Collection[str]) -> Mapping[str, Key | Erased]:
        """The keys of these subjects, or what is left of them; those that never had one are left out.

        What is not in the cache is brought there in one read.
        """
        known = self.known
        found = {subject: key for subject in subjects if (key := known.get(subject)) is not None}
        if len(found) < len(subjects):
            lacking = [subject for subject in subjects if subject not in found]
            for subject, wrapped in self.chest.wrapped_keys(lacking).items():
                found[subject] = wrapped if isinstance(wrapped, Erased) else self.unwrap(subject, wrapped)
                self.keep(subject, found[subject], known)
        return found

    def get(self, subject: str) -> Key | Erased | None:
        """The subject's key, what is left of it, or None where it never had one."""
        known = self.known
        found = known.get(subject)
        if found is None:
            return self.fetch([subject]).get(subject)
        with suppress(KeyError):  # Another thread may have let it go meanwhile.
            known.move_to_end(subject)
        return found

    def forget(self, subjects: Collection[str]) -> None:
        for subject in subjects:
            self.known.pop(subject, None)

    def keep(self, subject: str, key: Key | Erased, known: OrderedDict[str, Key | Erased] | None = None) -> None:
        known = self.known if known is None else known
        known[subject] = key
        while len(known) > self.size:
            known.popitem(last=False)

    def afresh(self) -> "Keys":
        """The same master key, and nothing at hand: who was erased meanwhile, by whichever process, is closed."""
        found = copy(self)
        found.known = OrderedDict()
        found.erasures, found.looks_at = None, 0.0
        return found

    # Making keys

    def create(self, subject: str) -> NewKey:
        """A new key and its wrapped form; it counts once the wrapped form has been committed."""
        raw = os.urandom(KEY_BYTES)
        return NewKey(Key(AESGCM(raw)), self.master.wrap(subject, raw))

    def unwrap(self, subject: str, wrapped: bytes) -> Key | Erased:
        return Key(AESGCM(self.master.unwrap(subject, wrapped)))

    def opened_root(self) -> bytes:
        """Raises Corrupt where this is not the master key of the ledger."""
        return self.master.root(self.chest.root())

    # Values

    def open(self, subject: str, event_id: UUID, where: str, found: Any) -> bytes | Erased:
        """The plaintext of a stored value, or that it was erased. Raises Corrupt for what was tampered with."""
        key = self.get(subject)
        if isinstance(key, Erased):
            return key
        if key is None:
            raise NoKey(f"{subject} has no key for {where} of event {event_id}")
        try:
            return unseal(key, event_id.bytes, where, found)
        except (InvalidTag, KeyError, TypeError, ValueError) as wrong:
            raise Corrupt(f"{where} of event {event_id} does not open with the key of {subject}") from wrong

    # Fingerprints

    def identity_digest(self, identifier: Identifier) -> bytes:
        """A fingerprint that finds a value's identity stream, and from which the value cannot be guessed."""
        return identity_digest(self.identity_key, identifier)

    def command_digest(self, kind: str, body: bytes) -> bytes:
        return blake2b(kind.encode() + b"\0" + body, key=self.digest_key, digest_size=DIGEST_BYTES).digest()


@lru_cache(maxsize=10_000)
def identity_digest(key: bytes, identifier: Identifier) -> bytes:
    """Kept, because a value is looked up, guarded and written within one batch."""
    told = to_json([identifier.kind, identifier.system, identifier.value])
    return blake2b(told, key=key, digest_size=DIGEST_BYTES).digest()


def seal(key: Key, event_id: UUID, where: str, plaintext: bytes) -> dict[str, str]:
    """A value as it is stored: nonce, ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return {"sealed": b64encode(nonce + key.cipher.encrypt(nonce, plaintext, event_id.bytes + where.encode())).decode()}


def unseal(key: Key, event_id: bytes, where: str, found: Any) -> bytes:
    """The plaintext of a stored value. Raises InvalidTag, KeyError, TypeError or ValueError for anything else."""
    raw = b64decode(found["sealed"], validate=True)
    return key.cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], event_id + where.encode())


def signing_seed(root: bytes) -> bytes:
    """Of the key by which checkpoints of the ledger are signed, and receipts (RFC 8032)."""
    return derived(root, b"lifeledger seal 1")
