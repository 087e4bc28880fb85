"""Folds what has come in a partition: each view by itself, its rows and its place in one transaction.

What a view has had is passed over: the offset is read again for another view's sake, or an event has come twice. Where
a fold fails, its key is parked as ever; where nobody knows whom an event concerns, the view waits in that partition.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from consumers.advance import follow
from consumers.dead_letters import log_parked
from consumers.message import Partition
from consumers.partitioned import move
from consumers.passing import At, new_to
from consumers.placing import Placing, Reader
from consumers.session import ReadsUnavailable, RowRefused, Session
from consumers.tracking import LONGEST_WAIT, Fenced, described, fail, goes_on
from consumers.unpacking import Unpacked
from ledger.store import Busy, Unavailable

PARTED = (ReadsUnavailable, Unavailable, Busy)

log = structlog.get_logger()


@dataclass
class Taking:
    session: Session
    placing: Placing
    again: Callable[[Sequence[Partition]], None]
    """Has partitions placed anew."""

    def take(self, partition: Partition, coming: Sequence[Unpacked]) -> None:
        """Each view that reads some of it in a transaction of its own, and all others in one."""
        idle: list[tuple[Reader, At, int]] = []
        for reader in self.placing.readers.get(partition, ()):
            if reader.waits:
                continue
            new, to, had = new_to(reader.standing.at, coming)
            if to == reader.standing.at:
                continue
            if mine := [each for each in new if each.kind in reader.place.view.reads]:
                self.fold(partition, reader, mine, to, had)
            else:
                idle.append((reader, to, had))
        if idle and not self.moved(partition, idle):
            for each in idle:
                self.moved(partition, [each])

    def fold(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        try:
            self.advance(partition, reader, mine, to, had)
        except Fenced as fenced:
            self.fenced(partition, reader, fenced)
        except PARTED:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one view, the others go on.
            if len(mine) > 1:
                self.fold_singly(partition, reader, mine, to, had)
            else:
                self.stands_still(partition, reader, mine[0], error)

    def fold_singly(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        """So that all before the one that fails are folded."""
        for each in mine:
            if not reader.waits:
                assert each.position is not None
                self.fold(partition, reader, [each], At(each.offset + 1, each.position), 0)
        if not reader.waits:
            self.moved(partition, [(reader, to, had)])

    def advance(self, partition: Partition, reader: Reader, mine: Sequence[Unpacked], to: At, had: int) -> None:
        """The place is moved first, as in a step through the ledger."""
        place, view = reader.place, reader.place.view
        told = [each.told(view) for each in mine]

        def step(*, singly: bool) -> None:
            with self.session.transaction() as cursor:
                move(cursor, partition, [(reader.standing, to, had)])
                if reader.standing.failed:
                    goes_on(cursor, view, [position for position, _, _ in told])
                parked.extend(follow(cursor, place, told, told[-1][0], singly=singly))

        parked: list[object] = []
        try:
            step(singly=False)
        except RowRefused:
            parked.clear()
            step(singly=True)
        arrived(reader, to)
        log_parked(view, parked)  # type: ignore[arg-type]

    def moved(self, partition: Partition, several: Sequence[tuple[Reader, At, int]]) -> bool:
        """Over what none of them reads; False where one of them is elsewhere, and none has moved."""
        try:
            with self.session.transaction() as cursor:
                move(cursor, partition, [(reader.standing, to, had) for reader, to, had in several])
        except Fenced as fenced:
            if len(several) == 1:
                self.fenced(partition, several[0][0], fenced)
            return False
        for reader, to, _ in several:
            arrived(reader, to)
        return True

    def fenced(self, partition: Partition, reader: Reader, fenced: Fenced) -> None:
        """Another member is further, or another build answers: it is seen anew where everything is."""
        log.info("a view has been moved by another process", view=reader.place.view.name, because=str(fenced))
        reader.waits = True
        self.again([partition])

    def stands_still(self, partition: Partition, reader: Reader, at: Unpacked, error: Exception) -> None:
        view = reader.place.view
        failures = fail(self.session, view, at.position, error)
        self.placing.rests[view.name, partition] = time.monotonic() + min(2**failures, LONGEST_WAIT)
        reader.waits = True
        log.error("a view stands still", view=view.name, partition=str(partition), error=described(error, at.position))


def arrived(reader: Reader, to: At) -> None:
    reader.standing.at, reader.standing.written = to, (to.offset, to.position)
    reader.place.position = to.position
