"""What acts beside the API: the policies when something has happened, the clock when something is due, and what
operators have asked for.
"""

from dataclasses import dataclass
from threading import Event

import structlog

from consumers.clock import Clock
from consumers.groups import Groups
from consumers.operating import Operating
from consumers.reactor import Reactor
from consumers.session import ReadsUnavailable
from ledger.feed import Waker
from ledger.store import Busy, Unavailable

REST_SECONDS = 0.5  # After a server was lost.

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Acting:
    reactor: Reactor
    clock: Clock
    groups: Groups
    operating: Operating
    waker: Waker

    def run(self, stop: Event) -> None:
        """Returns soon after `stop` is set, with what is under way finished. Raises what is nobody's fault but ours."""
        try:
            while not stop.is_set():
                try:
                    busy = self.reactor.round() or bool(self.clock.round()) or bool(self.groups.round())
                    busy |= self.operating.round()
                except (ReadsUnavailable, Unavailable, Busy) as gone:
                    log.warning("the policies wait for their servers", error=type(gone).__name__)
                    self.close()
                    stop.wait(REST_SECONDS)
                else:
                    if not busy:
                        self.waker.wait(stop)
        finally:
            stop.set()
            self.operating.end()
            self.close()
            self.waker.close()

    def close(self) -> None:
        self.reactor.close()
        self.clock.close()
        self.groups.close()
        self.operating.close()
