"""What is done from time to time, however often there is a turn."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Now:
    """Due at once, and then after so many seconds again."""

    seconds: float
    at: float = 0.0

    def is_due(self) -> bool:
        if self.at > time.monotonic():
            return False
        self.at = time.monotonic() + self.seconds
        return True
