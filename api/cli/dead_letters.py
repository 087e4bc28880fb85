"""lifeledger views dead-letters: what a view's fold does not take, tried again or skipped."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from getpass import getuser

from api.cli.house import database, log_to_errors, must_be_prepared
from api.cli.say import Failure, Misuse, document, table
from api.cli.views import view_of
from api.cli.worker import reading
from consumers import retry as again
from consumers.dead_letters import DeadLetter, Skipped, dead_letters, key_named, skipped
from consumers.rebuild import AlreadyRebuilding
from consumers.retry import NotParked, Retried
from consumers.session import Session
from consumers.source import Source
from consumers.tracking import Fenced, Place, prepare
from ledger.ledger import Ledger
from ledger.scan import Wire
from projections import VIEWS
from projections.projection import Projection
from settings import Settings


@dataclass(frozen=True, slots=True)
class Reads:
    """The views' database, and the ledger that they are folded from."""

    session: Session
    wire: Wire
    ledger: Ledger

    def letters(self, views: Sequence[Projection]) -> list[DeadLetter]:
        return dead_letters(self.session, views)

    def letter(self, view: Projection, key: str) -> DeadLetter:
        """Raises Misuse where the key goes on, or is none."""
        found = self.letters([view])
        for each in found:
            if each.key == key:
                return each
        others = f"; there is {', '.join(each.key for each in found[:3])}" if found else "; it has none"
        raise Misuse(f"{view.name} has no dead letter of {key}{others}")

    def place(self, view: Projection) -> Place:
        """Raises Failure where the view's table is of another version than this program."""
        try:
            return again.place_of(self.session, view)
        except Fenced as other:
            raise Failure(str(other)) from other

    def retried(self, letter: DeadLetter) -> Retried:
        view = view_of(letter.view)
        place, source = self.place(view), Source(self.ledger, self.wire, view)
        try:
            return again.retry_to_the_end(self.session, place, source, key_named(view, letter.key))
        except Fenced as moved:
            raise Failure(f"{moved}; it has just been rebuilt") from moved


@contextmanager
def reads() -> Iterator[Reads]:
    settings = Settings.from_environment()
    log_to_errors()
    with database(settings) as url:
        must_be_prepared(url)
        with (
            reading(settings, url) as ledger,
            closing(Session(url, "dead letters", wait_for_disk=True)) as session,
            closing(Wire(url)) as wire,
        ):
            prepare(session)
            yield Reads(session, wire, ledger)


def tell(name: str | None, *, json: bool) -> None:
    """A line for each key that does not go on, and for each event that was skipped."""
    views = VIEWS if name is None else (view_of(name),)
    with reads() as found:
        letters, left_out = found.letters(views), skipped(found.session, views)
    if json:
        document({"dead_letters": list(map(asdict, letters)), "skipped": list(map(asdict, left_out))})
        return
    if letters:
        columns = ["view", "key", "position", "type", "error", "behind it", "since", "attempts", "tried again at"]
        table(columns, map(cells, letters))
    else:
        print("every key goes on")
    if left_out:
        print("\nskipped:")
        columns = ["view", "version", "key", "position", "type", "by", "at", "reason"]
        table(columns, map(skipped_cells, left_out))


def cells(found: DeadLetter) -> list[str]:
    since, then = (at.isoformat(timespec="seconds") for at in (found.failed_at, found.retry_at))
    what = [found.view, found.key, f"{found.position:,}", found.type, found.error or ""]
    return [*what, f"{found.waiting:,}", since, str(found.attempts), then]


def skipped_cells(found: Skipped) -> list[str]:
    what = [found.view, str(found.version), found.key, f"{found.position:,}", found.type]
    return [*what, found.by, found.at.isoformat(timespec="seconds"), found.reason]


def retry(name: str | None, key: str | None, *, json: bool) -> None:
    """Fold again what waits. Raises Failure when something still does not go on."""
    views = VIEWS if name is None else (view_of(name),)
    with reads() as found:
        letters = found.letters(views) if key is None else [found.letter(views[0], key)]
        came = [(each, found.retried(each)) for each in letters]
    told = {
        "folded": sum(each.folded for _, each in came),
        "keys": len(came),
        "still_failing": [
            {"view": letter.view, "key": letter.key, "position": each.stands_at, "error": each.error}
            for letter, each in came
            if each.error is not None
        ],
    }
    say(told, f"{told['folded']:,} events of {told['keys']:,} keys folded", json=json)
    must_go_on([each for _, each in came])


def skip(name: str, key: str, *, reason: str, position: int | None, by: str | None, json: bool) -> None:
    """Leave out what is at the head, and fold what waits behind it. Raises Failure when that does not go on either."""
    view = view_of(name)
    if not reason.strip():
        raise Misuse("--reason says why, for whoever asks later")
    who = by or logged_in()
    with reads() as found:
        letter = found.letter(view, key)
        try:
            skipped_at = again.skip(
                found.session,
                found.place(view),
                key_named(view, letter.key),
                reason=reason,
                by=who,
                position=position,
            )
        except NotParked:
            raise Misuse(f"{name} stands at position {letter.position} of {key}, not at {position}") from None
        except AlreadyRebuilding as under_way:
            raise Failure(str(under_way)) from under_way
        came = found.retried(letter)
    told = {"view": name, "key": key, "skipped": skipped_at, "by": who, "folded": came.folded, "error": came.error}
    say(told, f"position {skipped_at:,} skipped by {who}; {came.folded:,} events behind it folded", json=json)
    must_go_on([came])


def logged_in() -> str:
    try:
        return getuser()
    except (OSError, KeyError):
        raise Misuse("--by says who decides it, where nobody is logged in") from None


def say(told: dict[str, object], line: str, *, json: bool) -> None:
    if json:
        document(told)
    else:
        print(line)


def must_go_on(came: Sequence[Retried]) -> None:
    failing = [each for each in came if each.error is not None]
    if failing:
        keys = "1 key does" if len(failing) == 1 else f"{len(failing):,} keys do"
        raise Failure(f"{keys} not go on: {failing[0].error} at position {failing[0].stands_at:,}")
