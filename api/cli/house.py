"""What most commands need first: the settings, the database, the master key, and the two fitting together."""

import logging
import os
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from api.cli.say import Failure
from commands.service import WriteSide
from ledger.master import ROOT, MasterKey, wrapped_root
from ledger.migrations import WrongDatabase, migrate, must_be_plain_role, steps
from settings import KEY_BYTES, Settings


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The database of DATABASE_URL, or of the embedded PostgreSQL, which runs as long as somebody uses it."""
    if settings.database_url:
        yield settings.database_url
        return
    from ledger.embedded import EmbeddedPostgres

    with EmbeddedPostgres.start(settings.home) as server:
        yield server.url()


def must_be_prepared(url: str) -> None:
    """The role is a plain one, and the ledger's tables are there, as this version of the service knows them."""
    known = {step.number: step.digest for step in steps()}
    with psycopg.connect(url, autocommit=True) as connection:
        must_be_plain_role(connection)
        try:
            applied: dict[int, str] = dict(
                connection.execute("SELECT number, digest FROM ledger.migrations").fetchall()
            )
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            applied = {}
    if ahead := applied.keys() - known.keys():
        raise WrongDatabase(f"the database has migration {max(ahead)}, which this version does not know")
    if missing := known.keys() - applied.keys():
        raise WrongDatabase(
            f"the database lacks migration {min(missing)}: prepare it with `lifeledger setup` or `lifeledger demo`, "
            "or with DATABASE_URL=… python -m ledger.migrations"
        )


def master_key(settings: Settings, url: str, *, make: bool = False) -> bytes:
    """The master key, which opens what the ledger holds.

    Where none is named, a new one is made for an embedded ledger without personal data, or where that is wanted: for
    a database of which others know the key it would be the wrong one.
    """
    wanted = make or not settings.database_url
    if not wanted or settings.master_key_text.get_secret_value() or settings.key_file.exists():
        return must_fit(settings.master_key(), url)
    if wrapped_there(url):
        raise Failure(
            f"the ledger is under a master key, and there is none in {settings.key_file}: "
            "bring it back, or name it by LIFELEDGER_MASTER_KEY or LIFELEDGER_MASTER_KEY_FILE"
        )
    settings.key_file.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    try:
        file = os.open(settings.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return settings.master_key()  # Another start has made it meanwhile.
    with os.fdopen(file, "wb") as key:
        key.write(b64encode(os.urandom(KEY_BYTES)) + b"\n")
        key.flush()
        os.fsync(key.fileno())
    return settings.master_key()


def must_fit(key: bytes, url: str) -> bytes:
    """The master key opens what the ledger holds; raises Corrupt, which names a subject, where it does not."""
    wraps = MasterKey(key)
    for subject, wrapped in wrapped_there(url):
        wraps.unwrap(subject, wrapped)
    return key


def wrapped_there(url: str) -> list[tuple[str, bytes]]:
    """The root secret, and the key of some subject, where there are any."""
    with psycopg.connect(url, autocommit=True) as connection:
        root = wrapped_root(connection)
        some = connection.execute("SELECT subject, wrapped FROM ledger.subject_keys WHERE wrapped IS NOT NULL LIMIT 1")
        found = [(str(subject), bytes(wrapped)) for subject, wrapped in some.fetchall()]
    return found if root is None else [(ROOT, root), *found]


def prepare(settings: Settings, url: str) -> None:
    """A database of our own is brought up to date; one that is given must be so."""
    if settings.database_url:
        must_be_prepared(url)
    else:
        migrate(url)


@contextmanager
def write_side(settings: Settings, url: str, key: bytes, *, patience: float = 10.0) -> Iterator[WriteSide]:
    """What takes commands in this process; what is waiting at the end is finished."""
    side = WriteSide.open(
        url,
        key,
        queue=settings.queue,
        cache=settings.cache,
        keys=settings.key_cache,
        pool_size=settings.ledger_pool,
        patience=patience,
    )
    try:
        yield side
    finally:
        side.close()


def warn_only() -> None:
    """Log to the error output, and only what somebody should look at."""
    log_to_errors(logging.WARNING)


def log_to_errors(least: int = logging.INFO) -> None:
    """What is logged goes to the error output, a line of JSON each; the output is for what was asked."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
