"""What operators ask of views, as a worker does it: with the same functions as whoever keeps them up."""

from contextlib import closing
from decimal import Decimal
from threading import Event
from typing import Any

from commands.read_model import RecordRebuilt, RecordRetried, RecordSkipped
from consumers.asked import done_before
from consumers.dead_letters import key_named, skipped_by
from consumers.hands import Hands
from consumers.kept import is_given_up
from consumers.operating_words import CannotBeDone
from consumers.rebuild import Rebuild
from consumers.retry import NotParked, place_of, retry_to_the_end, skip
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import Place, prepare, tracked
from domain.read_model import RebuildRequested, RetryRequested, SkipRequested
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import VIEWS
from projections.folding import Key
from projections.projection import Projection

ANOTHER = "another version of the service keeps this view"


class OnViews:
    """For one thread, but for `rebuild`, which has connections of its own."""

    def __init__(
        self,
        ledger: Ledger,
        ledger_url: str,
        database_url: str,
        hands: Hands | None = None,
        views: tuple[Projection, ...] = VIEWS,
    ) -> None:
        self.ledger = ledger
        self.ledger_url = ledger_url
        self.database_url = database_url
        self.hands = hands
        self.known = {view.name: view for view in views}
        self.session = Session(database_url, "operations on views", wait_for_disk=True)
        self.wire = Wire(ledger_url)

    def close(self) -> None:
        self.session.close()
        self.wire.close()

    def view(self, name: str) -> Projection:
        """Raises CannotBeDone."""
        if name not in self.known:
            raise CannotBeDone(f"this version of the service knows no view {name}")
        return self.known[name]

    def rebuild(self, recorded: Recorded, stop: Event) -> RecordRebuilt:
        """Raises CannotBeDone, and what Rebuild.run does."""
        event: RebuildRequested = recorded.event
        view = self.view(event.view_name)
        with closing(Session(self.database_url, f"asked rebuild of {view.name}")) as session:
            must_be_ours(session, view)
            asked = recorded.event_id
            with session.transaction() as cursor:
                done = done_before(cursor, asked)
            if done is None:
                try:
                    urls = self.ledger_url, self.database_url
                    Rebuild(view, self.ledger, *urls, stop=stop, hands=self.hands, asked=asked).run()
                finally:
                    if self.hands is not None:
                        self.hands.close()
                with session.transaction() as cursor:
                    done = done_before(cursor, asked)
        assert done is not None, "that it is done is kept with the swap"
        seconds = Decimal(f"{done.seconds:.3f}")
        return RecordRebuilt(view_name=event.view_name, number=event.number, position=done.position, seconds=seconds)

    def retry(self, recorded: Recorded) -> RecordRetried:
        """Raises CannotBeDone, or Fenced."""
        event: RetryRequested = recorded.event
        place, key = self.place(event)
        came = retry_to_the_end(self.session, place, Source(self.ledger, self.wire, place.view), key)
        return RecordRetried(
            view_name=event.view_name,
            number=event.number,
            folded=came.folded,
            stands_at=came.stands_at,
            because=came.error,
        )

    def skip(self, recorded: Recorded) -> RecordSkipped:
        """Raises CannotBeDone, AlreadyRebuilding or Fenced."""
        event: SkipRequested = recorded.event
        place, key = self.place(event)
        with self.session.transaction() as cursor:
            left_out = skipped_by(cursor, place.view, event.stands_at - 1)
        if (event.stands_at, key) not in left_out:  # Else somebody died who had got that far.
            reason, by = recorded.reason, f"{recorded.actor.kind}:{recorded.actor.id}"
            why = "" if reason is None else reason.code  # What else there is to say stays in the ledger, sealed.
            try:
                skip(self.session, place, key, reason=why, by=by, position=event.stands_at)
            except NotParked:
                raise CannotBeDone(f"{event.key} does not stand at position {event.stands_at}") from None
        came = retry_to_the_end(self.session, place, Source(self.ledger, self.wire, place.view), key)
        return RecordSkipped(
            view_name=event.view_name,
            number=event.number,
            folded=came.folded,
            stands_at=came.stands_at,
            because=came.error,
        )

    def place(self, event: Any) -> tuple[Place, Key]:
        """Where the view is, and the key as its fold knows it. Raises CannotBeDone, or Fenced."""
        view = self.view(event.view_name)
        prepare(self.session)
        try:
            key = key_named(view, event.key)
        except ValueError:
            raise CannotBeDone(f"this is no key of {view.name}, as the list of dead letters has it") from None
        return place_of(self.session, view), key


def must_be_ours(session: Session, view: Projection) -> None:
    """Raises CannotBeDone where a worker of our version would leave the view alone."""
    prepare(session)
    with session.transaction() as cursor:
        found = tracked(cursor, view)
    if found is not None and (found.version > view.version or is_given_up(session, view)):
        raise CannotBeDone(ANOTHER)
