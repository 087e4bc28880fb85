"""lifeledger views: how far each view is behind the ledger, one folded anew, and the former one put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

import consumers.rebuild
from api.cli.comparison import Comparison
from api.cli.house import database, log_to_errors, must_be_prepared
from api.cli.say import Misuse, console, document, table
from api.cli.worker import hands, reading, told_to_stop
from consumers import projector
from consumers.rebuild import Report
from consumers.rollback import drop_kept, roll_back
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
        columns = ["view", "version", "state", "position", "events behind", "seconds behind", "fed by", "dead letters"]
        table([*columns, "error", "rebuild"], map(cells, found))


def cells(found: ViewStatus) -> list[str]:
    error = found.error or found.amiss or ""
    if found.retry_at is not None:
        error += f" (tried again at {found.retry_at.isoformat(timespec='seconds')})"
    behind = [f"{found.position:,}", f"{found.lag_events:,}", f"{found.lag_seconds:,.1f}"]
    letters = f"{found.dead_letters:,}"
    return [found.name, str(found.version), found.state, *behind, found.fed_by, letters, error, rebuilding(found)]


def rebuilding(found: ViewStatus) -> str:
    if (under_way := found.rebuild) is None:
        return ""
    done = under_way.position / under_way.until if under_way.until else 1.0
    eta = "" if under_way.eta_seconds is None else f", {under_way.eta_seconds:,.0f} s left"
    return f"{done:.0%} at {under_way.rate:,.0f}/s{eta}"


def rebuild(name: str, *, verify: bool, verify_only: bool, accept: bool, json: bool) -> None:
    """Fold a view anew, and put it in the place of the one that answers until then."""
    view = view_of(name)
    if accept and (verify_only or not verify):
        raise Misuse("--accept-differences goes with --verify: what is not compared, or not swapped, needs no consent")
    comparison = Comparison(view, verify_only, accept, json) if verify or verify_only else None
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
            judge = None if comparison is None else comparison.judge
            projector.rebuild(view, ledger, url, url, report=report, stop=stop, hands=others, judge=judge)
    if comparison is not None:
        comparison.must_be_settled()


def rollback(name: str, *, drop: bool, json: bool) -> None:
    """Put the build that answered before back in its place, or drop it."""
    view = view_of(name)
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        if drop:
            dropped = drop_kept(view, url)
            said: dict[str, Any] = {"view": name, "dropped": {"version": dropped.version, "position": dropped.position}}
            line = f"dropped the build of version {dropped.version} at position {dropped.position:,}"
        else:
            done = roll_back(view, url)
            said = {"view": name, **asdict(done)}
            line = (
                f"{name} answers as version {done.version} did at position {done.position:,}, and catches up from"
                f" there; version {done.from_version} at position {done.from_position:,} is kept"
            )
    if json:
        document(said)
    else:
        print(line)


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
        if progress.phase != "done":
            return
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
