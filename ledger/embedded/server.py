"""A PostgreSQL of our own: it starts and ends with those who use it, and is taken over after a crash."""

import atexit
import fcntl
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from ledger.admission import ROLE, admit_service, create_database, drop_database
from ledger.embedded.account import Account, PostgresUnavailable
from ledger.embedded.programs import RELEASE, installed, programs_for

try:
    import psutil
except ModuleNotFoundError as missing:
    told = "an embedded PostgreSQL comes with lifeledger[embedded]; DATABASE_URL names another one"
    raise ModuleNotFoundError(told, name=missing.name) from missing

PORT = 5432  # only a part of the socket's name: the server listens on no network
LONGEST_SOCKET = 103  # bytes; what macOS allows, Linux has four more
PATIENCE = 120.0  # seconds; recovery after a crash may replay a gigabyte
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # What cannot be written is somebody's data, and neither the row nor the statement goes into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
DURABILITY = {"fsync", "full_page_writes", "synchronous_commit"}


class EmbeddedPostgres:
    """One server per home, shared by all who start it; the last of them to stop shuts it down.

    Who is killed counts as stopped, but the server runs on, and the next start takes it over with the
    settings that it has. Who is to end by SIGTERM must turn that into a normal exit, or counts as killed.
    """

    def __init__(self, home: Path, settings: Mapping[str, str]) -> None:
        assert not DURABILITY & settings.keys(), "what was acknowledged must be on disk"
        self._account = Account.here()
        self._place = self._account.folder(home / "postgres")
        self._data = self._place / "data"
        self._socket = self._place / "socket"
        self._settings = {**SETTINGS, **settings}
        self._share: int | None = None
        self._starter = os.getpid()

    @classmethod
    def start(cls, home: Path, settings: Mapping[str, str] | None = None) -> Self:
        """Ready for connections when this returns; cluster, role and database are made if need be."""
        server = cls(home, settings or {})
        with server._alone():
            server._share = os.open(server._place / "users", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(server._share, fcntl.LOCK_SH)
                server._run()
            except BaseException:
                os.close(server._share)
                raise
        atexit.register(server.stop)
        return server

    def stop(self) -> None:
        """Leave; the last to leave shuts the server down and waits until it is gone. Twice is once."""
        if self._share is None or os.getpid() != self._starter:  # A forked child has not started anything.
            return
        atexit.unregister(self.stop)
        with self._alone():
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # Others still use it.
            else:
                self._shut_down()
            finally:
                os.close(self._share)
                self._share = None

    def restart(self) -> None:
        """Run again, whether it was killed or still runs, and whoever else uses it."""
        with self._alone():
            self._shut_down()
            self._run()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def runs(self) -> bool:
        return self._postmaster() is not None

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if (postmaster := self._postmaster()) is None:
            raise PostgresUnavailable(f"no PostgreSQL runs on {self._data}")
        return postmaster.pid

    def url(self, database: str = ROLE) -> str:
        """For the service: a role that is neither superuser nor allowed past row-level security."""
        return self._url(ROLE, database)

    def admin_url(self, database: str = "postgres") -> str:
        """For the superuser: set-up and tests only."""
        return self._url("postgres", database)

    def create_database(self, name: str, template: str = "template1") -> None:
        """Owned by the service's role; a copy of the template, to which nobody may be connected meanwhile."""
        with psycopg.connect(self.admin_url(), autocommit=True) as admin:
            create_database(admin, name, template)

    def drop_database(self, name: str) -> None:
        """Gone, whoever is connected to it."""
        with psycopg.connect(self.admin_url(), autocommit=True) as admin:
            drop_database(admin, name)

    def _url(self, user: str, database: str) -> str:
        name, folder = (quote(part, safe="") for part in (database, str(self._socket)))
        return f"postgresql://{user}@/{name}?host={folder}&port={PORT}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start or stop at a time on this home, among all processes."""
        lock = os.open(self._place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _run(self) -> None:
        running = self._postmaster()
        if running is not None:
            self._socket = socket_named_in(self._lock_file()) or self._socket_folder()
            if self._answers(running):
                return
        self._clear_remains()
        if not self._answers(self._launch()):
            raise PostgresUnavailable(f"PostgreSQL ended while it started:\n{self._last_words()}")

    def _postmaster(self) -> psutil.Process | None:
        """The running server; a file left behind may name a process that is somebody else's by now."""
        try:
            process = psutil.Process(int(self._lock_file()[0]))
        except (IndexError, ValueError, psutil.Error):
            return None
        return process if self._is_ours(process) else None

    def _lock_file(self) -> Sequence[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _is_ours(self, process: psutil.Process) -> bool:
        """PostgreSQL's processes live in their data folder, even after somebody removed it."""
        try:
            lives_in = process.cwd().removesuffix(" (deleted)")
            return process.name() == "postgres" and lives_in == str(self._data) and not is_gone(process)
        except psutil.Error:
            return False

    def _clear_remains(self) -> None:
        """After a kill -9 of the postmaster its children end, by themselves or not, and its locks are void.

        PostgreSQL believes in a lock while any process has that id, be it a zombie or another program.
        """
        children = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in alive_after(5.0, children):
            process.kill()
        if stuck := alive_after(5.0, children):
            raise PostgresUnavailable(f"processes of an earlier PostgreSQL will not end: {stuck}")
        for void in (self._data / "postmaster.pid", *self._socket_folder().glob(".s.PGSQL.*")):
            void.unlink(missing_ok=True)
        for half in self._place.glob("new-*"):
            shutil.rmtree(half, ignore_errors=True)

    def _launch(self) -> psutil.Process:
        programs = programs_for(self._account, installed(), self._place)
        if not (self._data / "PG_VERSION").exists():
            self._create_cluster(programs)
        self._check_cluster()
        self._socket = self._socket_folder()
        settings = self._settings | {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._socket),
            "unix_socket_permissions": "0700",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # Detached by a shell, in a session of its own: Ctrl-C is for us, and we say when it is time.
        detach = [
            "/bin/sh",
            "-c",
            '"$@" >&2 & echo $!',
            "sh",
            str(programs / "postgres"),
            "-D",
            str(self._data),
        ]
        with self._log().open("ab") as log:
            started = self._account.runs([*detach, *options], at=self._place, errors=log)
        try:
            return psutil.Process(int(started.stdout))
        except psutil.NoSuchProcess:
            raise PostgresUnavailable(f"PostgreSQL ended at once:\n{self._last_words()}") from None

    def _create_cluster(self, programs: Path) -> None:
        """Made beside its place and then moved, so that half a cluster is never taken for one."""
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self._place))
        self._account.owns(new)
        # One order of text on every machine, whatever is installed there.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
        command = [str(programs / "initdb"), f"--pgdata={new}", *locale, *access]
        made = self._account.runs(command, at=self._place)
        if made.returncode != 0:
            raise PostgresUnavailable(f"no cluster could be made in {self._place}:\n{made.stdout.decode()}")
        new.rename(self._data)

    def _check_cluster(self) -> None:
        release = (self._data / "PG_VERSION").read_text().strip()
        if release != str(RELEASE):
            raise PostgresUnavailable(f"{self._data} was made by PostgreSQL {release}, and this is {RELEASE}")
        owner, runs_as = self._data.stat().st_uid, self._account.uid
        if owner != runs_as:
            raise PostgresUnavailable(
                f"{self._data} belongs to user {owner}, and PostgreSQL would run as user {runs_as}: "
                "start it as whoever started it first, or set LIFELEDGER_HOME"
            )

    def _socket_folder(self) -> Path:
        """Open to the server's account only; in /tmp where the home's name is too long for a socket's."""
        folder = self._place / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > LONGEST_SOCKET:
            name = blake2b(os.fsencode(self._place), digest_size=8).hexdigest()
            folder = Path(f"/tmp/lifeledger-{self._account.uid}-{name}")  # noqa: S108 - owner and mode are checked
        try:
            folder.mkdir(mode=0o700)
            self._account.owns(folder)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._account.uid or found.st_mode & 0o077:
                raise PostgresUnavailable(f"{folder} is not a folder for PostgreSQL only: remove it") from None
        return folder

    def _answers(self, process: psutil.Process) -> bool:
        """True when it is ready for the service; False when it ends instead, as one on its way down does."""
        deadline = time.monotonic() + PATIENCE
        while not is_gone(process):
            try:
                with psycopg.connect(self.admin_url(), autocommit=True) as admin:
                    admit_service(admin)
            except psycopg.OperationalError as reason:
                if time.monotonic() > deadline:
                    raise PostgresUnavailable(f"PostgreSQL runs and does not answer: {reason}") from reason
                time.sleep(0.02)
            else:
                return True
        return False

    def _shut_down(self) -> None:
        if (postmaster := self._postmaster()) is None:
            return
        postmaster.send_signal(signal.SIGINT)  # "fast": ends sessions, writes a checkpoint
        if alive_after(PATIENCE, [postmaster]):
            postmaster.send_signal(signal.SIGQUIT)  # "immediate": recovery at the next start
            if alive_after(10.0, [postmaster]):
                raise PostgresUnavailable(f"PostgreSQL, process {postmaster.pid}, will not end")

    def _log(self) -> Path:
        log = self._place / "log"
        if log.exists() and log.stat().st_size > 16 * 2**20:
            log.replace(self._place / "log.1")
        return log

    def _last_words(self) -> str:
        return "\n".join((self._place / "log").read_text(errors="replace").splitlines()[-10:])


def is_gone(process: psutil.Process) -> bool:
    """Ended, even where nobody has asked for its exit status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def alive_after(seconds: float, processes: Sequence[psutil.Process]) -> Sequence[psutil.Process]:
    """Those that still run when all have had the time to end; at once when none does."""
    deadline = time.monotonic() + seconds
    while (alive := [each for each in processes if not is_gone(each)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive


def socket_named_in(lock_file: Sequence[str]) -> Path | None:
    """Line five of postmaster.pid; it is missing while the server is only just starting."""
    return Path(lock_file[4]) if len(lock_file) > 4 and lock_file[4] else None
