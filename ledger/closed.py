"""The keys of who has no master key: all that is personal stays closed, and what was erased says so."""

import os
from datetime import UTC, datetime

from domain.values import Erased
from ledger.keys import Chest, Keys
from ledger.master import KEY_BYTES

CLOSED = Erased(on=datetime(1970, 1, 1, tzinfo=UTC), by="nobody: closed without the master key")
"""In the place of a personal value that is there and was not opened: folds and rules cope with what is erased."""


class ClosedKeys(Keys):
    """They open nothing."""

    def __init__(self, chest: Chest) -> None:
        super().__init__(os.urandom(KEY_BYTES), chest)

    def opened_root(self) -> bytes:
        return self.master.key

    def unwrap(self, subject: str, wrapped: bytes) -> Erased:
        del subject, wrapped
        return CLOSED
