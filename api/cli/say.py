"""How the command line speaks: to people in lines and tables, to machines in JSON, of failure on the error output."""

import json as json_
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


class Failure(Exception):
    """What was asked cannot be done; the message names the thing."""


class Misuse(Failure):
    """The command was called in a way that makes no sense."""


# What else can be expected to go wrong, by name: nothing is imported only to be recognised here.
EXPECTED = {
    "consumers.rebuild.AlreadyRebuilding",
    "consumers.rebuild.Stopped",
    "consumers.rollback.NothingKept",
    "consumers.at.TooManyRows",
    "consumers.session.ReadsUnavailable",
    "projections.folding.FoldFailed",
    "ledger.backup.manifest.BadBackup",
    "ledger.backup.restore.NotEmpty",
    "ledger.embedded.account.PostgresUnavailable",
    "ledger.envelope.Corrupt",
    "ledger.master.MasterKeyChanged",
    "ledger.migrations.WrongDatabase",
    "ledger.seal.Broken",
    "ledger.store.Busy",
    "ledger.store.Unavailable",
    "psycopg.OperationalError",
    "psycopg2.OperationalError",
    "builtins.OSError",
}
WRONG_USE = {"settings.SettingsError"}


def failed(error: Exception, *, json: bool) -> int | None:
    """Tell an expected error and answer the exit code; None for a bug, which keeps its traceback."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    wrong_use = isinstance(error, Misuse) or bool(names & WRONG_USE)
    if not (wrong_use or isinstance(error, Failure) or names & EXPECTED or is_missing_extra(error)):
        return None
    told = str(error).strip() or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename:
        told = f"{error.filename}: {error.strerror}"
    text = json_.dumps({"error": told}) if json else f"lifeledger: {told}"
    print(text, file=sys.stderr)
    return 2 if wrong_use else 1


def is_missing_extra(error: Exception) -> bool:
    """An optional part is not installed, and the message says which."""
    return isinstance(error, ModuleNotFoundError) and "lifeledger[" in str(error)


def wants_json(arguments: Sequence[str]) -> bool:
    return "--json" in arguments


def document(found: Any, *, lines: bool = False) -> None:
    """For machines: one document, indented for those who read it anyway, or one line of several."""
    print(json_.dumps(found, default=plain, ensure_ascii=False, indent=None if lines else 2), flush=True)


def plain(found: object) -> Any:
    match found:
        case date():
            return found.isoformat()
        case UUID() | Path():
            return str(found)
        case Mapping():
            return dict(found)
        case Iterable():
            return list(found)
        case _:
            raise TypeError(f"{type(found).__name__} has no JSON")


@cache
def console(*, errors: bool = False) -> "Console":
    """For people: colours and bars on a terminal only, and lines that nobody cuts off elsewhere."""
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    found = Pipe(stderr=errors, highlight=False, markup=False, emoji=False)
    if not found.is_terminal:
        found.width = 400
    return found


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings, for people."""
    console().print(tabled(columns, rows))


def tabled(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column)
    for row in rows:
        shown.add_row(*("" if each is None else str(each) for each in row))
    return shown


WIDEST = 1_000_000


def records(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows with all that is in them: as a table where that is no wider than the terminal, else one after the other."""
    rows = [[None if each is None else visible(str(each)) for each in row] for row in rows]
    shown = tabled(columns, rows)
    unbounded = console().options.update(max_width=WIDEST)
    if console().measure(shown, options=unbounded).maximum <= console().width:
        console().print(shown)
        return
    width = max(map(len, columns))
    for row in rows:
        told = [f"{name:<{width}}  {each}" for name, each in zip(columns, row, strict=True) if each is not None]
        print("\n".join(["", *told]))


def visible(text: str) -> str:
    """What would move the cursor or change colours is written out; others wrote it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
