"""Who has been erased: a small list that is kept elsewhere and goes before every backup that is older."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.backup import lists
from ledger.backup.manifest import BadBackup
from ledger.seal import Connection, ledger_id

WHAT = "erasures"


@dataclass(frozen=True, slots=True)
class Gone:
    """`position` is that of the event that erased the subject."""

    subject: str
    on: datetime
    by: str
    position: int


Erasures = Mapping[str, Gone]


def found_in(connection: Connection) -> Erasures:
    statement = (
        "SELECT subject, erased_on, erased_by, erased_at FROM ledger.subject_keys WHERE erased_on IS NOT NULL"
        " ORDER BY erased_at, subject"
    )
    return {subject: Gone(subject, on, by, position) for subject, on, by, position in connection.execute(statement)}


def found_in_ledger(connection: Connection, ledger: str) -> Erasures:
    """The same, of a database that must be one of that ledger. Raises BadBackup."""
    if (found := str(ledger_id(connection))) != ledger:
        raise BadBackup(f"who was erased is asked of the ledger {found}, and the backup is of {ledger}")
    return found_in(connection)


def listed(path: Path, ledger: str) -> Erasures:
    """Raises BadBackup."""
    found = lists.read(path, WHAT, ledger)
    told = (
        Gone(str(line["subject"]), datetime.fromisoformat(line["on"]), str(line["by"]), int(line["position"]))
        for line in found
    )
    return {gone.subject: gone for gone in told}


def write(connection: Connection, path: Path) -> tuple[int, int]:
    """Add to the list who is not on it yet; how many are new, and how many there are. Who is on it stays."""
    ledger = str(ledger_id(connection))
    before = listed(path, ledger) if path.exists() else {}
    now = found_in(connection)
    found = {**now, **before}
    lines = ({**asdict(each), "on": each.on.astimezone(UTC).isoformat()} for each in found.values())
    lists.write(path, WHAT, {"ledger": ledger, "made_at": datetime.now(UTC).isoformat()}, lines)
    return len(now.keys() - before.keys()), len(found)
