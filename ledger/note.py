"""Signed notes: a few lines of text, and below them who has signed them (c2sp.org/signed-note).

A signer has a name and an Ed25519 key (RFC 8032). Who wants to check notes needs one line, `name+id+key`, in which
there is nothing secret.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\1"
ID_BYTES = 4
KEY_BYTES = 32
SIGNED_BY = "\u2014 "  # How a line begins that bears a signature: an em dash.


class NotSigned(Exception):
    """A note is none, or nobody has signed it who is known."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who checks notes of one signer."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(each.isspace() for each in self.name):
            raise ValueError(f"a signer's name has no spaces and no +: {self.name!r}")
        if len(self.public) != KEY_BYTES:
            raise ValueError(f"an Ed25519 key has {KEY_BYTES} bytes, and not {len(self.public)}")

    @property
    def id(self) -> bytes:
        """It tells apart keys of one name; it proves nothing."""
        return sha256(f"{self.name}\n".encode() + ED25519 + self.public).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def read(cls, line: str) -> "Verifier":
        """From its line. Raises ValueError, which says what is wrong with it."""
        name, _, rest = line.strip().partition("+")
        told, _, key = rest.partition("+")
        raw = b64decode(key, validate=True)
        if raw[:1] != ED25519:
            raise ValueError("the key is not one for Ed25519")
        found = cls(name, raw[1:])
        if found.id.hex() != told:
            raise ValueError(f"the key of {name} is not the one with the id {told}")
        return found

    def text_of(self, note: str) -> str:
        """What the signer has signed, up to the empty line. Raises NotSigned."""
        head, parted, below = note.rpartition("\n\n")
        if not parted or not below.endswith("\n") or any(below_space(each) for each in note):
            raise NotSigned("this is no signed note")
        text = head + "\n"
        signatures = [self.signature_in(line) for line in below.removesuffix("\n").split("\n")]
        for signature in filter(None, signatures):
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
            except InvalidSignature:
                raise NotSigned(f"the signature of {self.name} is not one of this text") from None
            return text
        raise NotSigned(f"{self.name} has not signed this")

    def signature_in(self, line: str) -> bytes | None:
        """The signature in a line, if it is one by this key. Raises NotSigned for what is no line of signatures."""
        name, _, encoded = line.removeprefix(SIGNED_BY).partition(" ")
        try:
            raw = b64decode(encoded, validate=True)
        except ValueError:
            raw = b""
        if not line.startswith(SIGNED_BY) or not name or len(raw) <= ID_BYTES:
            raise NotSigned(f"this is no signature: {line[:100]}")
        return raw[ID_BYTES:] if (name, raw[:ID_BYTES]) == (self.name, self.id) else None


def below_space(character: str) -> bool:
    return character < " " and character != "\n"


class Signer:
    """Who signs notes."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self.key.public_key().public_bytes_raw())

    def note(self, text: str) -> str:
        """The text with this signature below it."""
        assert text.endswith("\n"), "a note is made of lines"
        signature = b64encode(self.verifier.id + self.key.sign(text.encode())).decode()
        return f"{text}\n{SIGNED_BY}{self.verifier.name} {signature}\n"
