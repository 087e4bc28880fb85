"""The sealer: takes what is new in a log into its tree, and signs how long the log is by then and what stands for it.

From then on nothing of it can be changed, left out or put in between without the signature, or a copy of it, telling.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from ledger.checkpoint import Checkpoint
from ledger.keys import signing_seed
from ledger.logs import Log, leaf_hashes
from ledger.master import root_of
from ledger.merkle import HASH_BYTES, Node
from ledger.note import NotSigned, Signer, Verifier
from ledger.tiles import WIDTH, Tile, Tiled, node_in

LOCK = 0x7365616C  # "seal": one at a time in one database.

UPSERT = """
INSERT INTO ledger.tiles (log, level, place, hashes) VALUES (%s, %s, %s, %s)
ON CONFLICT (log, level, place) DO UPDATE SET hashes = EXCLUDED.hashes
"""

Connection = psycopg.Connection[tuple[Any, ...]]


class Broken(Exception):
    """What has been sealed does not agree with what is there: nothing more is sealed on top of it."""


def signer_name(connection: Connection) -> str:
    """Under which name checkpoints of this ledger are signed, and receipts."""
    return f"lifeledger/{ledger_id(connection)}"


def ledger_id(connection: Connection) -> UUID:
    (found,) = connection.execute("SELECT id FROM ledger.itself").fetchone() or (None,)
    assert isinstance(found, UUID), "a migration has written it"
    return found


def signer(connection: Connection, master: bytes) -> Signer:
    """Whoever has the master key signs for this ledger."""
    return Signer(signer_name(connection), signing_seed(root_of(connection, master)))


def unsealed(connection: Connection, log: Log) -> int:
    """How many rows of a log are not sealed yet."""
    statement = "SELECT coalesce(max(size), 0) FROM ledger.checkpoints WHERE log = %s"
    (sealed,) = connection.execute(statement, (log.name,)).fetchone() or (0,)
    return last_number(connection, log) - int(sealed)


def last_number(connection: Connection, log: Log) -> int:
    statement = f"SELECT coalesce(max({log.number}), 0) FROM {log.table}"  # noqa: S608 - names of our own.
    (found,) = connection.execute(statement.encode()).fetchone() or (0,)
    return int(found)


def origin(connection: Connection, log: Log) -> str:
    return f"{signer_name(connection)}/{log.name}"


def seal(connection: Connection, log: Log, signer: Signer, most: int) -> Checkpoint | None:
    """Take in at most so many rows and sign; the new checkpoint, or None where nothing is new.

    Raises Broken where the last checkpoint is not signed by the same key, or not of the tree that is there.
    """
    with connection.transaction(), alone(connection):
        found = last_checkpoint(connection, log, signer.verifier)
        size = 0 if found is None else found.size
        tree = Tiled(size, edge(connection, log, size))
        if found is not None and tree.root() != found.root:
            raise Broken(f"the tree of {log.name} is not the one that was signed when it had {size} leaves")
        whole: list[Tile] = []
        for number, leaf_hash in leaf_hashes(connection, log, size, size + most):
            if number != tree.size + 1:
                raise Broken(f"after {tree.size} of {log.name} comes {number}")
            whole += tree.add(leaf_hash)
        if tree.size == size:
            return None
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT, [(log.name, *tile) for tile in (*whole, *tree.growing())])
        made = Checkpoint(origin(connection, log), tree.size, tree.root())
        connection.execute(
            "INSERT INTO ledger.checkpoints (log, size, note) VALUES (%s, %s, %s)",
            (log.name, made.size, signer.note(made.text())),
        )
    return made


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Until the end of the transaction; who comes second goes on from where the first one has come to."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    yield


def last_note(connection: Connection, log: Log) -> str | None:
    """The last checkpoint as it was signed."""
    statement = "SELECT note FROM ledger.checkpoints WHERE log = %s ORDER BY size DESC LIMIT 1"
    found = connection.execute(statement, (log.name,)).fetchone()
    return None if found is None else str(found[0])


def last_checkpoint(connection: Connection, log: Log, verifier: Verifier) -> Checkpoint | None:
    """Raises Broken where it is not signed by who is asked for."""
    found = last_note(connection, log)
    if found is None:
        return None
    try:
        return Checkpoint.read(verifier.text_of(found))
    except NotSigned as wrong:
        raise Broken(f"the last checkpoint of {log.name}: {wrong}") from None


# Tiles


def edge(connection: Connection, log: Log, size: int) -> list[bytes]:
    """The tiles that are not whole when the log has so many leaves, of each level from 0 up."""
    found, level = [], 0
    while size:
        place, count = divmod(size, WIDTH)
        found.append(tile(connection, log, level, place)[: count * HASH_BYTES] if count else b"")
        size, level = place, level + 1
    return found


def tile(connection: Connection, log: Log, level: int, place: int) -> bytes:
    statement = "SELECT hashes FROM ledger.tiles WHERE log = %s AND level = %s AND place = %s"
    found = connection.execute(statement, (log.name, level, place)).fetchone()
    if found is None:
        raise Broken(f"of the tree of {log.name} a tile is missing: level {level}, place {place}")
    return bytes(found[0])


def nodes(connection: Connection, log: Log) -> Node:
    """How proofs about a log find a hash; each tile is fetched once."""
    known: dict[tuple[int, int], bytes] = {}

    def fetched(level: int, place: int) -> bytes:
        if (level, place) not in known:
            known[level, place] = tile(connection, log, level, place)
        return known[level, place]

    return node_in(fetched)
