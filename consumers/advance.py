"""One step of a view through the ledger: rows and position move together, or not at all."""

from collections.abc import Sequence

from consumers.dead_letters import keys_aside, log_parked, put_aside
from consumers.forgetting import forget, subjects_of
from consumers.gone import keep_what_left
from consumers.session import Cursor, Session, load, write
from consumers.source import Source
from consumers.tracking import Place, move
from projections.folding import Aside, Parked, Table, Told


def advance(session: Session, place: Place, source: Source, told: Sequence[Told], until: int) -> None:
    """Fold these events, which are all that its source reads up to a position, and move the view there.

    Raises FoldFailed, or Fenced where the view is not where it was left; nothing has changed then.
    """
    with session.transaction() as cursor:
        parked = step(cursor, place, source, told, until)
    place.position = until
    log_parked(place.view, parked)


def step(cursor: Cursor, place: Place, source: Source, told: Sequence[Told], until: int) -> Sequence[Parked]:
    """The position is moved first: that locks the view for this transaction, and all that is put aside of it. Who is
    forgotten by then is so in all rows of the view when it is committed.

    Only who keeps the view up puts aside: where it knows of nothing, there is nothing, and nobody is asked.
    """
    move(cursor, place, until)
    parked = follow(cursor, place, [each for each in told if type(each[2]) in place.view.reads], until)
    if subjects := subjects_of(told) if place.view.opens else None:
        parked = (*parked, *forget(cursor, place, source, subjects, until))
        place.parked = bool(keys_aside(cursor, place))
    return parked


def follow(cursor: Cursor, place: Place, told: Sequence[Told], until: int) -> Sequence[Parked]:
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
