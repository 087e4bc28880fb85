"""One step of a view through the ledger: rows and position move together, or not at all."""

from collections.abc import Collection, Iterator, Sequence

from consumers.dead_letters import keys_aside, log_parked, put_aside
from consumers.gone import keep_what_left
from consumers.session import Cursor, RowRefused, Session, apart, load, write
from consumers.tracking import Place, move
from domain.values import FACT_NAMES
from ledger.ledger import Ledger
from ledger.scan import AHEAD, WHOLE, Part, Scan, Wire
from projections.folding import Aside, Key, Parked, Table, Told
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

    Raises FoldFailed, or Fenced where the view is not where it was left; nothing has changed then. Where a row is
    refused, whoever does not park has RowRefused.
    """
    try:
        with session.transaction() as cursor:
            parked = step(cursor, place, told, until)
    except RowRefused:
        if not place.parks:
            raise
        with session.transaction() as cursor:
            parked = step(cursor, place, told, until, singly=True)
    place.position = until
    log_parked(place.view, parked)


def step(cursor: Cursor, place: Place, told: Sequence[Told], until: int, *, singly: bool = False) -> Sequence[Parked]:
    """The position is moved first: that locks the view for this transaction, and all that is put aside of it.

    Only who keeps the view up puts aside: where it knows of nothing, there is nothing, and nobody is asked.
    """
    move(cursor, place, until)
    if not told:
        return ()
    aside = Aside(keys_aside(cursor, place) if place.parked else set(), place.skipped)
    if singly:
        fold_singly(cursor, place, told, aside)
    else:
        fold(cursor, place, told, until, aside)
    place.parked = bool(aside.keys)
    if aside.parked:
        put_aside(cursor, place, aside.parked)
    return aside.parked


def step_within(cursor: Cursor, place: Place, told: Sequence[Told], until: int) -> Sequence[Parked]:
    """A step in a transaction that is not to be begun anew where a row is refused."""
    try:
        with apart(cursor):
            return step(cursor, place, told, until)
    except RowRefused:
        if not place.parks:
            raise
        return step(cursor, place, told, until, singly=True)


def fold(cursor: Cursor, place: Place, told: Sequence[Told], until: int, aside: Aside) -> None:
    """All in one go. Raises RowRefused."""
    table = Table(place.view, load(cursor, place.view, place.build, [event for _, _, event in told]))
    if place.parks:
        table.fold_aside(told, aside)
    else:
        table.fold(told)
    write(cursor, place.view, place.build, table)
    keep(cursor, place, table, until)


def fold_singly(
    cursor: Cursor, place: Place, told: Sequence[Told], aside: Aside, only: Collection[Key] | None = None
) -> None:
    """Event by event, and each key for itself, so that one whose row is refused is parked as if the fold had raised. Of
    all keys, or as if there were only some.
    """
    view, build = place.view, place.build
    for each in told:
        known = load(cursor, view, build, [each[2]])
        table = Table(view, known if only is None else [row for row in known if view.key_of(row) in only])
        table.fold_aside([each], aside)
        for key in list(table.before or ()):
            try:
                with apart(cursor):
                    write(cursor, view, build, table, key)
            except RowRefused as no:
                table.take_back(key)
                aside.park(view.name, key, each, no.__cause__ or no)
        keep(cursor, place, table, each[0])


def keep(cursor: Cursor, place: Place, table: Table, until: int) -> None:
    if not (place.of_build or place.view.inward):
        keep_what_left(cursor, place.view, table, until)
