"""The ledger as Parquet files, by month of recording: each run adds what is new, and a killed one is gone on with."""

import fcntl
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from consumers.replay.columns import Batches, arrow_is_there, chunks
from ledger.disk import on_disk
from ledger.ledger import Ledger

PART = 100_000  # Events that are written between two manifests; a part has no more.
BATCH = 2_000  # Events in memory at a time.
MANIFEST = "_manifest.json"  # What begins with an underscore is no data to those who read the folder.
PARTS = re.compile(r"month=\d{4}-\d{2}/\.?part-\d{12}-\d{12}\.parquet")


class NotThisLedger(Exception):
    """The folder holds what is not in this ledger, or not of what is asked; nothing was written."""


class Busy(Exception):
    """Another export is writing into the folder."""


def export(
    ledger: Ledger,
    folder: Path,
    *,
    only: str | None = None,
    part: int = PART,
    tell: Callable[[int, int], object] = lambda *_: None,
) -> Mapping[str, Any]:
    """Add what is new since the last run, and answer the manifest: up to which position, how many events, which parts.

    A part is written aside and renamed when it is whole, and counts once the manifest names it; what no manifest names
    was left by who was killed, and is taken away first. Raises NotThisLedger or Busy.
    """
    arrow_is_there()
    folder.mkdir(parents=True, exist_ok=True)
    columns = Batches(ledger.rows, ledger.codec, only)
    with alone(folder):
        manifest = begun(folder, ledger, only)
        until = ledger.last_position()
        clear(folder, {each["file"] for each in manifest["parts"]})
        while manifest["position"] < until:
            manifest = add(ledger, folder, columns, manifest, until, part)
            tell(manifest["position"], until)
        return manifest


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    with (folder / "_lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another export is writing into {folder}") from None
        yield


def begun(folder: Path, ledger: Ledger, only: str | None) -> dict[str, Any]:
    """The manifest of the last run, of this ledger and the same kind of events; an empty one, where there is none."""
    try:
        known: dict[str, Any] = from_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        if any(folder.glob("month=*/part-*.parquet")) and not all(
            PARTS.fullmatch(str(each.relative_to(folder))) for each in folder.glob("month=*/*.parquet")
        ):
            raise NotThisLedger(f"{folder} holds Parquet files of somebody else, and no {MANIFEST}") from None
        return {"format": 1, "only": only, "position": 0, "event_id": None, "events": 0, "parts": []}
    if known["only"] != only:
        raise NotThisLedger(f"{folder} holds {known['only'] or 'events of all kinds'}, and not {only or 'all kinds'}")
    if known["position"]:
        last = ledger.rows.select_rows(known["position"] - 1, 1)
        if not last or str(last[0].event_id) != known["event_id"]:
            raise NotThisLedger(
                f"{folder} goes up to event {known['event_id']} at position {known['position']}, and that is not there:"
                " it is of another ledger, or this one was restored to an earlier state"
            )
    return known


def clear(folder: Path, named: set[str]) -> None:
    for found in [*folder.glob("month=*/part-*.parquet"), *folder.glob("month=*/.part-*.parquet")]:
        relative = found.relative_to(folder).as_posix()
        if relative not in named and PARTS.fullmatch(relative):
            found.unlink()


def add(
    ledger: Ledger, folder: Path, columns: Batches, manifest: dict[str, Any], until: int, part: int
) -> dict[str, Any]:
    """Write the next parts, and then the manifest that names them."""
    after = manifest["position"]
    end = min(after + part, until)
    types = () if manifest["only"] is None else (manifest["only"],)
    writing = Writing(folder, columns, f"{after + 1:012}-{end:012}")
    try:
        position = after
        while rows := ledger.rows.select_rows(position, BATCH, types=types, until=end):
            for month, some in chunks(rows):
                writing.write(month, columns.batch(some))
            assert rows[-1].notification_id is not None
            position = rows[-1].notification_id
    finally:
        writing.close()
    parts = writing.done()
    (last,) = ledger.rows.select_rows(end - 1, 1)
    after_it = manifest | {
        "position": end,
        "event_id": str(last.event_id),
        "events": manifest["events"] + sum(each["events"] for each in parts),
        "parts": [*manifest["parts"], *parts],
    }
    put(folder / MANIFEST, to_json(after_it, indent=1))
    return after_it


class Writing:
    """The parts that are being written, one a month, each aside until it is whole."""

    def __init__(self, folder: Path, columns: Batches, name: str) -> None:
        self.folder = folder
        self.columns = columns
        self.name = name
        self.writers: dict[str, Any] = {}
        self.counts: dict[str, int] = {}

    def write(self, month: str, batch: Any) -> None:
        if month not in self.writers:
            aside = self.aside(month)
            aside.parent.mkdir(exist_ok=True)
            self.writers[month] = self.columns.arrow.parquet.ParquetWriter(aside, self.columns.schema)
            self.counts[month] = 0
        self.writers[month].write_batch(batch)
        self.counts[month] += batch.num_rows

    def aside(self, month: str) -> Path:
        return self.folder / f"month={month}" / f".part-{self.name}.parquet"

    def close(self) -> None:
        for each in self.writers.values():
            each.close()

    def done(self) -> list[dict[str, Any]]:
        """Each under its name, and on disk."""
        parts = []
        for month, events in sorted(self.counts.items()):
            aside = self.aside(month)
            whole = aside.with_name(aside.name.removeprefix("."))
            on_disk(aside)
            aside.replace(whole)
            on_disk(whole.parent)
            parts.append({"file": whole.relative_to(self.folder).as_posix(), "events": events})
        return parts


def put(path: Path, content: bytes) -> None:
    """Whole, or as it was, whenever the machine stops."""
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    on_disk(aside)
    aside.replace(path)
    on_disk(path.parent)
