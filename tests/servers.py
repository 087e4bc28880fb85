"""The PostgreSQL that the tests run against: one of their own, or the one that they are told of."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ledger.admission import POWERS, create_database, drop_database
from ledger.embedded import EmbeddedPostgres

PREFIX = "lifeledger-test-"
DISK, MEMORY = Path("/tmp"), Path("/dev/shm")  # noqa: S108
PLENTY = 10 * 2**30  # Bytes; all servers of a run together take a fifth of it.


class Server(Protocol):
    def url(self, database: str = ...) -> str: ...

    def admin_url(self, database: str = ...) -> str: ...

    def create_database(self, name: str, template: str = ...) -> None: ...

    def drop_database(self, name: str) -> None: ...


class GivenServer:
    """Somebody's server; the tests have a role of their own there, which is gone when they are."""

    def __init__(self, admin: str) -> None:
        self._admin = conninfo_to_dict(admin)
        self._role = f"lifeledger_test_{os.getpid()}"

    def __enter__(self) -> Self:
        create = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
        with self._connection() as admin:
            admin.execute(create.format(sql.Identifier(self._role), POWERS, sql.Literal(self._role)))
        return self

    def __exit__(self, *_: object) -> None:
        with self._connection() as admin:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(self._role)))

    def url(self, database: str = "postgres") -> str:
        return uri(**self._admin | {"user": self._role, "password": self._role, "dbname": database})

    def admin_url(self, database: str = "postgres") -> str:
        return uri(**self._admin | {"dbname": database})

    def create_database(self, name: str, template: str = "template1") -> None:
        with self._connection() as admin:
            create_database(admin, name, template, owner=self._role)

    def drop_database(self, name: str) -> None:
        with self._connection() as admin:
            drop_database(admin, name)

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(self.admin_url(), autocommit=True)


def uri(*, dbname: object, **parts: object) -> str:
    written = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parts.items())
    return f"postgresql:///{quote(str(dbname), safe='')}?{written}"


@contextmanager
def mighty(server: Server, url: str, power: str) -> Iterator[str]:
    """A database for a role to which row security means nothing: SUPERUSER, or BYPASSRLS."""
    name = f"mighty_{os.getpid()}"
    role, service = sql.Identifier(name), sql.Identifier(str(conninfo_to_dict(url)["user"]))
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD 'x'").format(role, sql.SQL(power)))
        admin.execute(sql.SQL("GRANT {} TO {}").format(service, role))
        try:
            yield uri(**conninfo_to_dict(url) | {"user": name, "password": "x"})
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(role))


@cache
def place() -> Path:
    """Where homes are made. No test switches the machine off, so that memory keeps as much as a disk does, and in half
    the time; but there must be plenty of it, and programs may be copied there and started.
    """
    if not os.access(MEMORY, os.W_OK | os.X_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return DISK
    free = min(psutil.virtual_memory().available, shutil.disk_usage(MEMORY).free)
    return MEMORY if free >= PLENTY else DISK


@contextmanager
def new_home(within: Path | None = None) -> Iterator[Path]:
    """A home that the server's account can enter, and whose name is short enough for a socket."""
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=within or place()))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def end_leftovers() -> None:
    """Servers of test runs that were killed would run for ever: join, and leave as the last one.

    One process does it at a time, and who finds another one at it leaves it to that.
    """
    own = os.geteuid()
    with Path(f"/tmp/lifeledger-leftovers-{own}").open("w") as lock, suppress(BlockingIOError):  # noqa: S108
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for home in (*DISK.glob(f"{PREFIX}*"), *MEMORY.glob(f"{PREFIX}*")):
            with suppress(FileNotFoundError):  # Its own run has ended meanwhile.
                if home.stat().st_uid == own and time.time() - home.stat().st_mtime >= 3600:
                    end(home)


def end(home: Path) -> None:
    data = home / "postgres" / "data"
    if not data.exists() or (data / "PG_VERSION").exists():
        server = EmbeddedPostgres.start(home)
        server.stop()
        if server.runs():
            return
    shutil.rmtree(home)  # Where the cluster is half removed already, nothing can run.
