"""Whom the embedded PostgreSQL runs as, and what that account can reach."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot run here; the message says what would help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Ourselves; but PostgreSQL refuses root, so for root a system user of its own."""

    uid: int
    gid: int
    is_root: bool

    @classmethod
    def here(cls, name: str = "pgserver") -> "Account":
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), is_root=False)
        try:
            known = pwd.getpwnam(name)
        except KeyError:
            known = create_system_user(name)
        return cls(uid=known.pw_uid, gid=known.pw_gid, is_root=True)

    def folder(self, path: Path) -> Path:
        """The folder, made if need be, if this account can enter it; what exists keeps its mode."""
        path = path.expanduser().absolute()
        for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
            missing.mkdir(exist_ok=True)
            missing.chmod(0o711 if self.is_root else 0o700)
        path = path.resolve()
        for each in (path, *path.parents) if self.is_root else ():
            if not each.stat().st_mode & stat.S_IXOTH:
                raise PostgresUnavailable(
                    f"for root PostgreSQL runs as another user, who cannot enter {each}: "
                    f"allow it (chmod o+x {each}), or set LIFELEDGER_HOME to a folder that all can reach"
                )
        return path

    def owns(self, path: Path) -> None:
        if self.is_root:
            os.chown(path, self.uid, self.gid)

    def runs(
        self, command: Sequence[str], *, at: Path = Path("/"), errors: IO[bytes] | int = subprocess.STDOUT
    ) -> subprocess.CompletedProcess[bytes]:
        """To its end, as this account, away from our terminal, our folder and our environment."""
        return subprocess.run(
            command,
            cwd=at,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            check=False,
            user=self.uid if self.is_root else None,
            group=self.gid if self.is_root else None,
            extra_groups=[] if self.is_root else None,
        )


def create_system_user(name: str) -> pwd.struct_passwd:
    options = [
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir=/nonexistent",
        "--shell=/bin/false",
    ]
    try:
        subprocess.run(["useradd", *options, name], check=False, capture_output=True)  # noqa: S607
        return pwd.getpwnam(name)  # made by us, or by another start meanwhile
    except (KeyError, FileNotFoundError):
        raise PostgresUnavailable(
            f"PostgreSQL refuses to run as root, and a system user {name} could not be made: "
            "make one, start lifeledger as another user, or set DATABASE_URL"
        ) from None
