"""lifeledger views: how far each view is behind the ledger, and one folded anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import consumers.rebuild
from api.cli.house import database, log_to_errors, must_be_prepared
from api.cli.say import Misuse, console, document, table
from api.cli.worker import hands, reading, told_to_stop
from consumers import projector
from consumers.rebuild import Report
from consumers.status import ViewStatus
from projections import VIEWS
from projections.projection import Projection
from settings import Settings


def status(*, json: bool) -> None:
    """A line for each view."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with reading(settings, url) as ledger:
            position = ledger.last_position()
            found = projector.status(VIEWS, ledger, url)
    if json:
        document({"position": position, "views": [asdict(each) for each in found]})
    else:
        print(f"the ledger is at position {position:,}")
        columns = ["view", "version", "state", "position", "events behind", "seconds behind", "error", "rebuild"]
        table(columns, map(cells, found))


def cells(found: ViewStatus) -> list[str]:
    error = found.error or ""
    if found.retry_at is not None:
        error += f" (tried again at {found.retry_at.isoformat(timespec='seconds')})"
    behind = [f"{found.position:,}", f"{found.lag_events:,}", f"{found.lag_seconds:,.1f}"]
    return [found.name, str(found.version), found.state, *behind, error, rebuilding(found)]


def rebuilding(found: ViewStatus) -> str:
    if (under_way := found.rebuild) is None:
        return ""
    done = under_way.position / under_way.until if under_way.until else 1.0
    eta = "" if under_way.eta_seconds is None else f", {under_way.eta_seconds:,.0f} s left"
    return f"{done:.0%} at {under_way.rate:,.0f}/s{eta}"


def rebuild(name: str, *, json: bool) -> None:
    """Fold a view anew, and put it in the place of the one that answers until then."""
    view = view_of(name)
    settings = Settings.from_environment()
    log_to_errors()
    with database(settings) as url:
        must_be_prepared(url)
        with (
            reading(settings, url) as ledger,
            hands(settings, url) as others,
            told_to_stop() as stop,
            shown(json=json) as report,
        ):
            projector.rebuild(view, ledger, url, url, report=report, stop=stop, hands=others)


def view_of(name: str) -> Projection:
    known = {view.name: view for view in VIEWS}
    if name not in known:
        close = get_close_matches(name, known, 1) or list(known)
        raise Misuse(f"there is no view {name}; there is {', '.join(close)}")
    return known[name]


@contextmanager
def shown(*, json: bool) -> Iterator[Report]:
    """A bar on a terminal, a line at the end elsewhere, or for machines a line each time."""
    if json:
        yield lambda progress: document(told(progress), lines=True)
        return
    last: list[consumers.rebuild.Progress] = []
    with bar() as drawn:

        def report(progress: consumers.rebuild.Progress) -> None:
            last[:] = [progress]
            drawn(progress)

        yield report
    for progress in last:
        print(f"rebuilt up to position {progress.done:,} in {progress.seconds:,.1f} s, {progress.rate:,.0f} events/s")


@contextmanager
def bar() -> Iterator[Report]:
    """A bar on a terminal, and nothing elsewhere."""
    errors = console(errors=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=errors, disable=not errors.is_terminal) as drawn:
        task = drawn.add_task("", total=None, rate="")

        def report(progress: consumers.rebuild.Progress) -> None:
            rate = f"{progress.rate:,.0f} events/s, {progress.lag:,} behind"
            drawn.update(task, description=progress.phase, completed=progress.done, total=progress.total, rate=rate)

        yield report


def told(progress: consumers.rebuild.Progress) -> dict[str, Any]:
    return asdict(progress) | {"rate": progress.rate, "eta_seconds": progress.eta, "lag_events": progress.lag}
