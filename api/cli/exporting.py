"""lifeledger export, as it is called: what a command needs is imported when it is called."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json


class Kind(StrEnum):
    """Of which objects the cases are."""

    LEAD = "lead"
    CUSTOMER = "customer"
    CONTACT = "contact"
    TICKET = "ticket"
    CALL = "call"
    ORDER = "order"
    STAFF = "staff"
    REVIEW = "review"
    CALIBRATION = "calibration"


export = typer.Typer(help="Events for analysis and process mining, without personal data.", no_args_is_help=True)
OfKind = Annotated[Kind, typer.Argument(help="Of which objects the cases are.", show_default=False)]
Into = Annotated[Path, typer.Argument(help="The file; it is there when it is whole.", dir_okay=False)]
Until = Annotated[
    str | None,
    typer.Option(
        help="A position of the ledger, or a time by which events were recorded: 2026-03-01T09:00:00+08:00.",
        show_default="the end of the ledger",
    ),
]


@export.command("ocel")
def ocel(file: Into, *, until: Until = None, json: Json = False) -> None:
    """Write an object-centric log (OCEL 2.0): FILE.sqlite or FILE.json."""
    from api.cli.export import ocel

    ocel(file, until, json=json)


@export.command("xes")
def xes(kind: OfKind, file: Into, *, until: Until = None, json: Json = False) -> None:
    """Write a log with a trace for each object of a kind (XES, IEEE 1849-2016)."""
    from api.cli.export import xes

    xes(kind.value, file, until, json=json)


@export.command("csv")
def csv(kind: OfKind, file: Into, *, until: Until = None, json: Json = False) -> None:
    """Write a flat log: a row for each event and object of a kind that it concerns."""
    from api.cli.export import csv

    csv(kind.value, file, until, json=json)


@export.command("check")
def check(
    file: Annotated[
        Path, typer.Argument(help="A .sqlite, .json or .xes.", exists=True, dir_okay=False, show_default=False)
    ],
    *,
    json: Json = False,
) -> None:
    """Say everything that is wrong with a log; no ledger is needed."""
    from api.cli.export import check

    check(file, json=json)


@export.command("events")
def events(
    folder: Annotated[
        Path, typer.Argument(help="Gets month=2026-03/part-….parquet.", file_okay=False, show_default=False)
    ],
    *,
    only: Annotated[
        str | None,
        typer.Option("--type", help="Events of this type only, with typed columns.", show_default=False),
    ] = None,
    part: Annotated[int, typer.Option(min=1, help="Events in a file, at most.")] = 100_000,
    json: Json = False,
) -> None:
    """Write all events as Parquet, or add what is new; personal values are closed."""
    from api.cli.export_events import events

    events(folder, only=only, part=part, json=json)
