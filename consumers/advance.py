"""One step of a view through the ledger: rows and position move together, or not at all."""

from collections.abc import Collection, Sequence

from consumers.dead_letters import keys_aside, log_parked, put_aside
from consumers.forgetting import forget, subjects_of
from consumers.gone import keep_what_left
from consumers.session import Cursor, RowRefused, Session, apart, load, write
from consumers.source import Source
from consumers.tracking import Place, move
from projections.folding import Aside, Key, Parked, Table, Told


def advance(session: Session, place: Place, source: Source, told: Sequence[Told], until: int) -> None:
    """Fold these events, which are all that its source reads up to a position, and move the view there.

    Raises FoldFailed, or Fenced where the view is not where it was left; nothing has changed then. Where a row is
    refused, whoever does not park has RowRefused.
    """
    try:
        with session.transaction() as cursor:
            parked = step(cursor, place, source, told, until)
    except RowRefused:
        if not place.parks:
            raise
        with session.transaction() as cursor:
            parked = step(cursor, place, source, told, until, singly=True)
    place.position = until
    log_parked(place.view, parked)


def step(
    cursor: Cursor, place: Place, source: Source, told: Sequence[Told], until: int, *, singly: bool = False
) -> Sequence[Parked]:
    """The position is moved first: that locks the view for this transaction, and all that is put aside of it. Who is
    forgotten by then is so in all rows of the view when it is committed.

    Only who keeps the view up puts aside: where it knows of nothing, there is nothing, and nobody is asked.
    """
    move(cursor, place, until)
    parked = follow(cursor, place, [each for each in told if type(each[2]) in place.view.reads], until, singly=singly)
    if subjects := subjects_of(told) if place.view.opens else None:
        parked = (*parked, *forget(cursor, place, source, subjects, until))
        place.parked = bool(keys_aside(cursor, place))
    return parked


def follow(cursor: Cursor, place: Place, told: Sequence[Told], until: int, *, singly: bool) -> Sequence[Parked]:
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


def step_within(cursor: Cursor, place: Place, source: Source, told: Sequence[Told], until: int) -> Sequence[Parked]:
    """A step in a transaction that is not to be begun anew where a row is refused."""
    try:
        with apart(cursor):
            return step(cursor, place, source, told, until)
    except RowRefused:
        if not place.parks:
            raise
        return step(cursor, place, source, told, until, singly=True)


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
