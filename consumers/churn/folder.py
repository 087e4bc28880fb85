"""Facts of churn as a folder of Parquet: for another day, another machine, or Spark."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from shutil import copyfile

from pydantic import TypeAdapter, ValidationError

from consumers.churn.reading import SHAPES, Extract
from consumers.churn.stored import GROUP, Groups, Stored, Table, opened
from consumers.replay.parquet import put
from domain.values import value
from ledger.disk import on_disk

MANIFEST = "_manifest.json"  # What begins with an underscore is no data to those who read the folder.
FORMAT = 1


class NoFacts(Exception):
    """The folder holds no facts of churn, or others than its manifest says."""


@value
class Manifest:
    """Where and as of when the facts of a folder were read, and what they are: how many rows, and which, by table."""

    format: int
    position: int
    occurred: datetime | None
    day: date
    zone: str
    rows: Mapping[str, int]
    fingerprints: Mapping[str, str]


MANIFESTS = TypeAdapter(Manifest)


def parquet_of(folder: Path, table: str) -> Path:
    return folder / f"{table}.parquet"


def write(extract: Extract, folder: Path) -> Manifest:
    """Put facts into a folder, instead of what was there: each table whole, and the manifest last. Whoever reads in
    between finds no manifest, and so no facts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name, table in extract.tables.items():
        aside = folder / f".{name}.parquet"
        put_table(table, aside)
        on_disk(aside)
        aside.replace(parquet_of(folder, name))
    manifest = Manifest(
        format=FORMAT,
        position=extract.position,
        occurred=extract.occurred,
        day=extract.day,
        zone=extract.zone,
        rows={name: table.num_rows for name, table in extract.tables.items()},
        fingerprints=extract.fingerprints,
    )
    put(folder / MANIFEST, MANIFESTS.dump_json(manifest, indent=1))
    return manifest


def put_table(table: Table, path: Path) -> None:
    if isinstance(table, Stored):
        copyfile(table.path, path)
    else:
        with Groups(path, table.schema) as file:
            file.add(table.to_batches(max_chunksize=GROUP))


def manifest_of(folder: Path) -> Manifest:
    """Raises NoFacts."""
    try:
        found = MANIFESTS.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise NoFacts(f"{folder} holds no facts of churn: there is no {MANIFEST} that could be read") from None
    missing = [name for name in SHAPES if not parquet_of(folder, name).is_file()]
    if found.format != FORMAT or missing:
        raise NoFacts(f"{folder} holds facts of format {found.format}, without {', '.join(missing) or 'any missing'}")
    return found


def read(folder: Path) -> Extract:
    """The facts of a folder, compared with what its manifest says. Raises NoFacts."""
    manifest = manifest_of(folder)
    tables: dict[str, Table] = {name: opened(parquet_of(folder, name)) for name in SHAPES}
    found = Extract(
        position=manifest.position, occurred=manifest.occurred, day=manifest.day, zone=manifest.zone, tables=tables
    )
    changed = [name for name, each in found.fingerprints.items() if each != manifest.fingerprints.get(name)]
    if changed:
        raise NoFacts(f"{folder} holds others than were written: {', '.join(changed)}")
    return found
