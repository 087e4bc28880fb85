"""lifeledger export: event logs for process mining, and what is wrong with one."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse, document, visible
from api.cli.views import bar
from api.cli.worker import reading
from consumers.at import NoSuchMoment, moment, understood
from consumers.export import write
from consumers.export.check import READERS, faults
from consumers.export.pseudonyms import Pseudonyms
from consumers.export.told import History
from consumers.export.write import Tell, Written
from consumers.rebuild import Progress
from ledger.ledger import Ledger
from ledger.scan import Wire
from settings import Settings

MOST_FAULTS = 100  # That are shown.


def ocel(file: Path, until: str | None, *, json: bool) -> None:
    must_be_called(file, ".sqlite", ".json")
    done = exported(until, lambda history, tell: write.ocel(history, file, tell))
    tell_written(file, done, f"{done.events:,} events about {done.objects:,} objects", json=json)


def xes(kind: str, file: Path, until: str | None, *, json: bool) -> None:
    must_be_called(file, ".xes")
    done = exported(until, lambda history, tell: write.in_xes(history, kind, file, tell))
    tell_written(file, done, f"{done.events:,} events in {done.objects:,} traces", json=json)


def csv(kind: str, file: Path, until: str | None, *, json: bool) -> None:
    must_be_called(file, ".csv")
    done = exported(until, lambda history, tell: write.in_csv(history, kind, file, tell))
    tell_written(file, done, f"{done.events:,} rows", json=json)


def must_be_called(file: Path, *suffixes: str) -> None:
    if file.suffix not in suffixes:
        raise Misuse(f"{file}: the file's name ends in {' or '.join(suffixes)}")
    if not file.parent.is_dir():
        raise Failure(f"there is no folder {file.parent} for {file.name}")


def exported(until: str | None, written: Callable[[History, Tell], Written]) -> Written:
    settings = Settings.from_environment()
    warn_only()
    with ExitStack() as end:
        url = end.enter_context(database(settings))
        must_be_prepared(url)
        ledger = end.enter_context(reading(settings, url))
        last = meant(ledger, until)
        wire = end.enter_context(closing(Wire(url)))
        history = History(ledger, wire, Pseudonyms(ledger.keys.root), last)
        report = end.enter_context(bar())
        started = time.monotonic()
        return written(
            history, lambda what, position: report(Progress(what, position, last, time.monotonic() - started))
        )


def meant(ledger: Ledger, until: str | None) -> int:
    try:
        as_of = None if until is None else understood(until)
        return moment(ledger, as_of, None, datetime.now(UTC)).position
    except NoSuchMoment as wrong:
        raise Misuse(f"--until: {wrong}") from None


def tell_written(file: Path, done: Written, said: str, *, json: bool) -> None:
    if json:
        document({"file": file, "events": done.events, "objects": done.objects, "position": done.until})
    else:
        print(f"{file}: {said}, up to position {done.until:,}")


# To check a log: without a ledger, and without a key of ours


def check(file: Path, *, json: bool) -> None:
    if file.suffix not in READERS:
        raise Misuse(f"{file}: only {', '.join(READERS)} can be checked")
    found = faults(file, datetime.now(UTC))
    shown = [visible(each) for each in islice(found, MOST_FAULTS)]
    more = sum(1 for _ in found)
    if json:
        document({"file": file, "good": not shown, "faults": shown, "more": more})
    else:
        print("\n".join(shown) if shown else f"{file}: nothing is wrong with it")
    if shown:
        count = "1 fault" if len(shown) + more == 1 else f"{len(shown) + more:,} faults"
        raise Failure(f"{file}: {count}" + (f", of which {MOST_FAULTS} are shown" if more else ""))
