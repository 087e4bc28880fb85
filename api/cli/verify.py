"""lifeledger verify: whether the ledger is what was signed, row by row. No other process of ours is needed for it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

from api.cli.house import database, master_key, must_be_prepared
from api.cli.say import Failure, Misuse, console, document
from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.logs import LOGS, Log
from ledger.note import NotSigned, Verifier
from ledger.seal import Connection, last_number, origin, signer
from ledger.verify import Known, Verdict
from ledger.verify import verify as verified
from settings import Settings


def verify(*, key: str | None, kept: Path | None, against_topic: bool, json: bool) -> None:
    """What is verified is kept, and the next time it has to be in there still."""
    settings = Settings.from_environment()
    folder = kept or settings.home / "verified"
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            verifier = verifier_of(settings, url, connection, key)
            origins = [origin(connection, log) for log in LOGS]
            topic = published(settings, origins, verifier) if against_topic else None
            found = [look(connection, log, verifier, folder, topic, json=json) for log in LOGS]
    if json:
        sizes = [None if topic is None else len(topic[of]) for of in origins]
        document([told(*each) | {"published": size} for each, size in zip(found, sizes, strict=True)])
    else:
        print("\n".join(line for verdict, before in found for line in lines(verdict, before)), flush=True)
    if not all(verdict.good for verdict, _ in found):
        raise Failure("the ledger is not what was signed, or what proves it is damaged")
    for verdict, _ in found:
        keep(folder, verdict)


def verifier_of(settings: Settings, url: str, connection: Connection, key: str | None) -> Verifier:
    """Who is believed: the line that is given, or else whoever signs with our master key."""
    if key is None:
        return signer(connection, master_key(settings, url)).verifier
    try:
        return Verifier.read(key)
    except ValueError as wrong:
        raise Misuse(f"--key: {wrong}") from None


def look(
    connection: Connection,
    log: Log,
    verifier: Verifier,
    folder: Path,
    topic: Mapping[str, Sequence[Known]] | None,
    *,
    json: bool,
) -> tuple[Verdict, Known | None]:
    """The verdict, and what was known before."""
    of = origin(connection, log)
    before = kept_in(folder, of, verifier)
    with reporting(connection, log, json=json) as report:
        known = [] if before is None else [before]
        if topic is not None:
            known += topic[of]
        verdict = verified(connection, log, of, verifier, kept=known, report=report)
    if topic is not None and verdict.size and not topic[of]:
        verdict.damaged.append(f"of the {log.name} nothing was published")
    return verdict, before


@contextmanager
def reporting(connection: Connection, log: Log, *, json: bool) -> Iterator[Callable[[int], None]]:
    errors = console(errors=True)
    if json or not errors.is_terminal:
        yield lambda _: None
        return
    with Progress(BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=errors, transient=True) as bar:
        task = bar.add_task(log.name, total=last_number(connection, log))
        yield lambda done: bar.update(task, completed=done)


# What was published


def published(settings: Settings, origins: Sequence[str], verifier: Verifier) -> Mapping[str, Sequence[Known]]:
    """What the topic has of each log. Others may write to it: what is not signed proves nothing, and is told."""
    if not settings.kafka:
        raise Misuse("--against-topic: LIFELEDGER_KAFKA, where the topic is, is not set")
    from consumers.brokers import Brokers
    from consumers.bus import Bus, BusRefused, BusUnavailable
    from consumers.publisher import TOPIC

    found: dict[str, dict[Checkpoint, Known]] = {of: {} for of in origins}
    strange = 0
    try:
        for each in Bus(Brokers.of(settings)).read(TOPIC):
            try:
                note = (each.value or b"").decode()
                checkpoint = Checkpoint.read(verifier.text_of(note))
                found[checkpoint.origin][checkpoint] = Known(checkpoint, f"the topic {TOPIC}", note)
            except (NotSigned, NoCheckpoint, UnicodeDecodeError, KeyError):
                strange += each.key.decode(errors="replace") in found
    except (BusUnavailable, BusRefused) as wrong:
        raise Failure(str(wrong)) from None
    if strange:
        told = f"of what the topic {TOPIC} has of this ledger, {strange:,} are not signed by {verifier.name}"
        print(told, file=sys.stderr)
    return {of: [*known.values()] for of, known in found.items()}


# What was verified before


def place(folder: Path, of: str) -> Path:
    return folder / f"{of.replace('/', '.')}.checkpoint"


def kept_in(folder: Path, of: str, verifier: Verifier) -> Known | None:
    path = place(folder, of)
    try:
        note = path.read_text(encoding="utf-8")
        found = Checkpoint.read(verifier.text_of(note))
    except FileNotFoundError:
        return None
    except (NotSigned, NoCheckpoint, UnicodeDecodeError) as wrong:
        raise Failure(f"{path}: {wrong}") from None
    if found.origin != of:
        raise Failure(f"{path}: this is a checkpoint of {found.origin}")
    return Known(found, f"what was verified before ({path})", note)


def keep(folder: Path, verdict: Verdict) -> None:
    """Whole, or as it was."""
    if verdict.last is None:
        return
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = place(folder, verdict.last.checkpoint.origin)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(verdict.last.note, encoding="utf-8")
    new.replace(path)


# What is said


def told(verdict: Verdict, before: Known | None) -> dict[str, Any]:
    wrong = verdict.wrong
    return {
        "log": verdict.log,
        "good": verdict.good,
        "size": verdict.size,
        "sealed": verdict.sealed,
        "verified_before": None if before is None else before.checkpoint.size,
        "wrong": None if wrong is None else {"first": wrong.first, "last": wrong.last, "because": wrong.said},
        "damaged": verdict.damaged,
    }


def lines(verdict: Verdict, before: Known | None) -> Iterator[str]:
    if verdict.wrong is not None:
        yield f"{verdict.log}: {verdict.wrong.said}"
        if verdict.sealed:
            yield f"  the first {verdict.sealed:,} are as they were signed"
    else:
        rest = verdict.size - verdict.sealed
        sealed = f"{verdict.log}: {verdict.sealed:,} are as they were signed"
        yield sealed + (f"; {rest:,} after them are not sealed yet" if rest else "")
    if before is None:
        yield "  nothing of them was verified here before"
    for each in verdict.damaged:
        yield f"  {each}"
