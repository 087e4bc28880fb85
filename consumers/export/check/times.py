"""What is wrong with a time: no zone, before there were any, or still to come."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.values import Instant

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Times:
    """The times of a log: those of its events, and those of changes, which come with events and so lie among them."""

    now: Instant
    first_event: Instant | None = None
    last_event: Instant | None = None
    first_change: tuple[Instant, str] | None = None
    last_change: tuple[Instant, str] | None = None

    def event(self, what: str, text: object) -> Iterator[str]:
        found = yield from self.read(what, text)
        if found is not None:
            self.first_event = found if self.first_event is None else min(self.first_event, found)
            self.last_event = found if self.last_event is None else max(self.last_event, found)

    def change(self, what: str, text: object) -> Iterator[str]:
        found = yield from self.read(what, text)
        if found is not None:
            self.first_change = min(self.first_change or (found, what), (found, what))
            self.last_change = max(self.last_change or (found, what), (found, what))

    def read(self, what: str, text: object) -> Generator[str, None, Instant | None]:
        try:
            found = instant(text)
        except ValueError as wrong:
            yield f"{what}: {text!r} {wrong}"
            return None
        if found < EARLIEST:
            yield f"{what}: {text!r} is before {EARLIEST.date()}"
        elif found > self.now:
            yield f"{what}: {text!r} is still to come"
        return found

    def at_the_end(self) -> Iterator[str]:
        for each, late in ((self.first_change, False), (self.last_change, True)):
            bound = self.last_event if late else self.first_event
            if each is not None and (bound is None or (each[0] > bound if late else each[0] < bound)):
                yield f"{each[1]}: it is {'after the last' if late else 'before the first'} event"


def instant(text: object) -> Instant:
    """Raises ValueError, which says what the text is not."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) and len(text) > len("2026-03-01") else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError("is no time")
    if found.tzinfo is None:
        raise ValueError("has no time zone")
    return found
