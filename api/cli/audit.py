"""lifeledger audit: what those need who prove what the ledger says, or check it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from api.cli.house import database, master_key, must_be_prepared
from api.cli.say import Failure, Misuse, document, records
from commands.service import codec
from ledger.checkpoint import Checkpoint
from ledger.growth import HEAD as GROWTH
from ledger.growth import Growth, checkpoint_in, grown, notes_in
from ledger.logs import COMMANDS, EVENTS, LOGS, Log
from ledger.merkle import Unproven
from ledger.note import Verifier
from ledger.proof import Proof, prove, row_in
from ledger.receipt import HEAD as RECEIPT
from ledger.receipt import receipts_in, receipts_of, write_receipts
from ledger.seal import Connection, last_note, seal, signer
from settings import Settings

MOST = 10_000  # Rows that are sealed in one transaction.


@contextmanager
def opened() -> Iterator[tuple[Connection, bytes]]:
    """The ledger, and the key by which it is signed."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            yield connection, master_key(settings, url)


def checkpoint(*, json: bool) -> None:
    """Seal what is new, and show the signed checkpoints, to be kept where nobody has this database in his hand."""
    with opened() as (connection, master):
        signs = signer(connection, master)
        for log in LOGS:
            while seal(connection, log, signs, MOST) is not None:
                pass
        notes = {log.name: last_note(connection, log) for log in LOGS}
    if json:
        document(notes)
    else:
        print("\n".join(note for note in notes.values() if note is not None), end="")


def key(*, json: bool) -> None:
    """The line by which others check what this ledger has signed; there is nothing secret in it."""
    with opened() as (connection, master):
        line = str(signer(connection, master).verifier)
    document({"key": line}) if json else print(line)


def proven(place: int, *, command: bool) -> None:
    """The text by which anybody can check that an event, or a command, is in the ledger."""
    with opened() as (connection, master):
        try:
            found = prove(connection, COMMANDS if command else EVENTS, place, signer(connection, master).verifier)
        except Unproven as no:
            raise Failure(str(no)) from None
    print(found.text(), end="")


def grown_since(kept: Path) -> None:
    """The text by which who has kept a checkpoint can check that nothing of what it stands for was changed."""
    with opened() as (connection, master):
        verifier = signer(connection, master).verifier
        try:
            since = {log_of(each.origin, verifier): each for each in checkpoints_in(kept, verifier)}
            found = [grown(connection, log, each, verifier) for log, each in since.items()]
        except Unproven as no:
            raise Failure(f"{kept}: {no}") from None
    print("".join(each.text() for each in found), end="")


def receipt(subject: str) -> None:
    """The receipts of an erasure, as they were written; what is not sealed yet is sealed now."""
    if "/" not in subject:
        raise Misuse(f"{subject!r} is no subject: say customer/<id>")
    with opened() as (connection, master):
        signs = signer(connection, master)
        while seal(connection, EVENTS, signs, MOST) is not None:
            pass
        write_receipts(connection, signs, codec())
        found = [*receipts_of(connection, subject)]
    if not found:
        raise Failure(f"{subject} has not been erased: there is no receipt")
    print("".join(found), end="")


# To check a proof: without a ledger, and without a key of ours


def check(file: Path, line: str, kept: Path | None = None, *, json: bool) -> None:
    """What a proof proves, if it does."""
    try:
        verifier = Verifier.read(line)
    except ValueError as wrong:
        raise Misuse(f"--key: {wrong}") from None
    try:
        text = file.read_text(encoding="utf-8")
        if text.startswith(RECEIPT):
            tell_receipts(text, verifier, json=json)
            return
        if text.startswith(GROWTH):
            tell_growth(text, kept, verifier, json=json)
            return
        proof = Proof.read(text)
        found = proof.check(verifier)
        log = log_of(found.origin, verifier)
        row = row_in(proof.leaf, log)
    except (Unproven, ValueError) as no:
        raise Failure(f"{file}: {no}") from None
    if row[log.number] != proof.index + 1:
        raise Failure(f"{file}: the row says that it is {row[log.number]}, and stands at {proof.index + 1}")
    if json:
        document({"origin": found.origin, "size": found.size, "row": row})
    else:
        print(f"{found.origin}, of {found.size:,} rows, has this one:")
        records(["column", "value"], [[name, each] for name, each in row.items()])


def tell_receipts(text: str, verifier: Verifier, *, json: bool) -> None:
    """Each has to be good. Raises Unproven."""
    found = [each.check(verifier, codec()) for each in receipts_in(text)]
    if json:
        document({"receipts": found})
    else:
        print("\n".join(found), end="")


def tell_growth(text: str, kept: Path | None, verifier: Verifier, *, json: bool) -> None:
    """Of each log. Raises Unproven."""
    if kept is None:
        raise Misuse("--kept: since which checkpoint the ledger has only grown is not said")
    since = {each.origin: each for each in checkpoints_in(kept, verifier)}
    told: list[dict[str, str | int]] = []
    for each in map(Growth.read, notes_in(text)):
        now = checkpoint_in(each.note, verifier)
        if now.origin not in since:
            raise Unproven(f"{kept} has no checkpoint of {now.origin}")
        each.check(since[now.origin], verifier)
        told.append({"origin": now.origin, "old": each.old, "size": now.size})
    if json:
        document({"grown": told})
    else:
        for line in told:
            print(f"{line['origin']}: the {line['old']:,} rows of then are the first of the {line['size']:,} of now")


def checkpoints_in(file: Path, verifier: Verifier) -> list[Checkpoint]:
    """Raises Unproven for what is no such file, or signed by somebody else."""
    try:
        text = file.read_text(encoding="utf-8")
    except ValueError:
        raise Unproven(f"{file} has no checkpoint") from None
    return [checkpoint_in(each, verifier) for each in notes_in(text)]


def log_of(origin: str, verifier: Verifier) -> Log:
    for log in LOGS:
        if origin == f"{verifier.name}/{log.name}":
            return log
    raise Unproven(f"this is a proof of {origin}, and not of a log of {verifier.name}")
