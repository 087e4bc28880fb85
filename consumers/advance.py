"""One step of a view through the ledger: rows and position move together, or not at all."""

from collections.abc import Iterator, Sequence

from consumers.dead_letters import keys_aside, log_parked, put_aside
from consumers.gone import keep_what_left
from consumers.session import Cursor, Session, load, write
from consumers.tracking import Place, move
from domain.values import FACT_NAMES
from ledger.ledger import Ledger
from ledger.scan import AHEAD, WHOLE, Part, Scan, Wire
from projections.folding import Aside, Parked, Table, Told
from projections.projection import Projection


class Source:
    """The events that a view reads, with what its fold is told beside each."""

    def __init__(self, ledger: Ledger, wire: Wire, view: Projection) -> None:
        self.ledger = ledger
        self.types = [FACT_NAMES[kind] for kind in view.reads]
        self.scan = None if view.tells == "all" else Scan(wire, ledger.codec, ledger.keys, view.reads, view.opens)

    def read(self, after: int, until: int, limit: int) -> Sequence[Told]:
        """The next events after a position, up to another one."""
        if self.scan is not None:
            return self.scan.read(after, until, limit)
        found = self.ledger.events(after, limit, types=self.types, until=until)
        return [(each.position, each, each.event) for each in found]

    def batches(self, after: int, until: int, part: Part = WHOLE) -> Iterator[Sequence[Told]]:
        """All events after a position, up to another one; or those of a part of the streams."""
        if self.scan is not None:
            yield from self.scan.batches(after, until, part=part)
            return
        assert part == WHOLE, "a view that is told everything is not folded in parts"
        while told := self.read(after, until, AHEAD):
            yield told
            after = told[-1][0]


def advance(session: Session, place: Place, told: Sequence[Told], until: int) -> None:
    """Fold these events, which are all that the view reads up to a position, and move it there.

    Raises FoldFailed, or Fenced where the view is not where it was left; nothing has changed then.
    """
    with session.transaction() as cursor:
        parked = step(cursor, place, told, until)
    place.position = until
    log_parked(place.view, parked)


def step(cursor: Cursor, place: Place, told: Sequence[Told], until: int) -> Sequence[Parked]:
    """The position is moved first: that locks the view for this transaction, and all that is put aside of it.

    Only who keeps the view up puts aside: where it knows of nothing, there is nothing, and nobody is asked.
    """
    move(cursor, place, until)
    if not told:
        return ()
    aside = Aside(keys_aside(cursor, place) if place.parked else set(), place.skipped)
    table = Table(place.view, load(cursor, place.view, place.build, [event for _, _, event in told]))
    if place.parks:
        table.fold_aside(told, aside)
    else:
        table.fold(told)
    write(cursor, place.view, place.build, table)
    if not (place.of_build or place.view.inward):
        keep_what_left(cursor, place.view, table, until)
    place.parked = bool(aside.keys)
    if aside.parked:
        put_aside(cursor, place, aside.parked)
    return aside.parked
