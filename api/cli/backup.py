"""lifeledger backup and restore: for the day on which a database is lost."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.cli.audit import MOST
from api.cli.house import database, master_key, must_be_prepared
from api.cli.say import Misuse, console, document
from commands.service import codec
from ledger.backup import erasures as gone
from ledger.backup.erasures import Erasures
from ledger.backup.manifest import Manifest
from ledger.backup.restore import Restored, restore
from ledger.backup.write import Made, Report, backup, silent
from ledger.logs import LOGS
from ledger.note import Signer
from ledger.receipt import write_receipts
from ledger.seal import Connection, seal, signer
from settings import Settings


def into(folder: Path, *, keys: Path | None, until: int | None, json: bool) -> None:
    """What is new is sealed first, so that all of it can be checked."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            signs = sealed(connection, master_key(settings, url))
            write_receipts(connection, signs, codec())
            with reporting(json=json) as report:
                made = backup(
                    connection,
                    folder,
                    signs.verifier,
                    version=version("lifeledger"),
                    keys=keys,
                    until=until,
                    report=report,
                )
    if json:
        document(told(made))
        return
    whole = made.manifest
    print(f"{folder}: the ledger up to position {whole.position:,} and command {whole.command:,}")
    print(f"  added: {made.events:,} events, {made.commands:,} commands, {made.size / 1e6:,.1f} MB")
    if made.keys is None:
        print("  the keys are not backed up (--keys), and nothing personal can be read without them")
    else:
        print(f"  {made.keys:,} keys in {keys}: keep them apart from {folder}")


def sealed(connection: Connection, master: bytes) -> Signer:
    """All of it; who has signed it."""
    signs = signer(connection, master)
    for log in LOGS:
        while seal(connection, log, signs, MOST) is not None:
            pass
    return signs


def told(made: Made) -> dict[str, Any]:
    whole = made.manifest
    return {
        "ledger": whole.ledger,
        "position": whole.position,
        "command": whole.command,
        "generation": whole.generation,
        "added": {"events": made.events, "commands": made.commands, "bytes": made.size},
        "keys": made.keys,
        "checkpoints": {name: tree.note for name, tree in whole.trees.items()},
    }


def erasures(file: Path, *, json: bool) -> None:
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            new, there = gone.write(connection, file)
    if json:
        document({"new": new, "erased": there})
    else:
        print(f"{file}: {there:,} have been erased, {new:,} of them are new on the list")


def restored(
    folder: Path,
    *,
    keys: Path,
    erasures: Path | None,
    erasures_from: str | None,
    none_later: bool,
    until: int | None,
    json: bool,
) -> None:
    """Raises Misuse where it is not said who has been erased since."""
    if [erasures is not None, erasures_from is not None, none_later].count(True) != 1:
        raise Misuse(
            "whoever was erased after the backup must not come back: name the list (--erasures), or a database that"
            " knows (--erasures-from), or say that there is nobody (--no-later-erasures)"
        )
    settings = Settings.from_environment()
    master = settings.master_key()
    manifest = Manifest.read(folder)
    since = known_erasures(manifest, erasures, erasures_from)
    with database(settings) as url:
        with closing(psycopg.connect(url, autocommit=True)) as connection, reporting(json=json) as report:
            found = restore(connection, folder, master, keys, since, until=until, report=report)
            sealed(connection, master)  # Up to an earlier position there may be no checkpoint yet.
        take_up(url, found)
    if json:
        document(summary(found))
    else:
        print("\n".join(lines(folder, found)))


def known_erasures(manifest: Manifest, file: Path | None, url: str | None) -> Erasures:
    if file is not None:
        return gone.listed(file, manifest.ledger)
    if url is None:
        return {}
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        return gone.found_in_ledger(connection, manifest.ledger)


def take_up(url: str, found: Restored) -> None:
    """Policies go on from where they had come, and do what they had not done yet; otherwise they would begin anew, at
    the end. What they have sent before is answered again, by its id.
    """
    from consumers.policies import POLICIES
    from consumers.session import Session
    from consumers.tracking import enrol, prepare

    session = Session(url, "restore", wait_for_disk=True)
    prepare(session)
    had = found.manifest.policies
    for process in POLICIES:
        if (position := had.get(process.memory.name)) is not None:
            enrol(session, process.memory, min(position, found.position))
    session.close()


def summary(found: Restored) -> dict[str, Any]:
    return {
        "ledger": found.manifest.ledger,
        "position": found.position,
        "command": found.command,
        "keys": found.keys,
        "erased": found.erased,
        "erase_again": found.again,
        "begin_again": found.dropped,
    }


def lines(folder: Path, found: Restored) -> Iterator[str]:
    yield f"the ledger of {folder} is restored up to position {found.position:,} and command {found.command:,}"
    yield "  every row is what it was, and what was signed"
    yield f"  {found.keys:,} keys are there, and those of {found.erased:,} who were erased are not"
    if found.again:
        yield "  erased after this position; their keys are gone, and the ledger does not say so yet. Erase them again:"
        yield from (f"    {each}" for each in found.again)
    if found.dropped:
        yield "  how far others' streams had been taken in is not known as of this position; they are taken in again:"
        yield from (f"    {name}, which had come to {value:,}" for name, value in found.dropped.items())
    yield "the views are not in a backup: a worker makes them anew"
    yield "what a relay has sent to Kafka after this position is there still, and a new event of the same version would"
    yield "  pass for its copy: delete the topics (lifeledger.*.v1) before a worker relays; their readers begin anew"


@contextmanager
def reporting(*, json: bool) -> Iterator[Report]:
    """A bar for each part, for people on a terminal."""
    errors = console(errors=True)
    if json or not errors.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def report(what: str, done: int, of: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=of)
            progress.update(bars[what], completed=done)

        yield report
