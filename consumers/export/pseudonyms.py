"""Who and what an export is about, by names that say nothing: the same in every export of one ledger, and in no other.

They are keyed (BLAKE2b, RFC 7693, by a key that comes from the root secret, so that another master key changes none):
who does not have it can neither find out nor try out whose they are, although he may know every phone number, order
number and employee there is.
"""

from functools import lru_cache
from hashlib import blake2b

from ledger.master import derived

PURPOSE = b"lifeledger export pseudonyms 1"
BYTES = 16  # Two of a thousand million objects meet once in 10²⁰ ledgers.
AT_HAND = 50_000  # Of about 200 bytes each.


class Pseudonyms:
    def __init__(self, root: bytes) -> None:
        key = derived(root, PURPOSE)

        @lru_cache(AT_HAND)
        def of(kind: str, name: object) -> str:
            return f"{kind}-{blake2b(f'{kind}/{name}'.encode(), key=key, digest_size=BYTES).hexdigest()}"

        self.of = of
