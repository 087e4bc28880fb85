"""lifeledger audit, as it is called: what a command needs is imported when it is called."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.options import Json

audit = typer.Typer(
    help="Tell what has changed and why, prove what the ledger says, and let others check it.", no_args_is_help=True
)


class Form(StrEnum):
    """How a trace is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def option(name: str, told: str) -> Any:
    return typer.Option(name, help=told, show_default=False)


Text = str | None


@audit.command("trace")
def trace(
    subject: Annotated[Text, typer.Argument(help="Of what: lead/<id>, staff/<id>; else of all.")] = None,
    *,
    actor: Annotated[Text, option("--actor", "By whom: an id, or a kind and an id as in user:ann.")] = None,
    kind: Annotated[Text, option("--type", "Events and commands, with commas: lead.claimed,ClaimLead.")] = None,
    field: Annotated[Text, option("--field", "Only events that have changed this field.")] = None,
    reason: Annotated[Text, option("--reason", "Only events for this reason.")] = None,
    command: Annotated[Text, option("--command", "The id of a command.")] = None,
    correlation: Annotated[Text, option("--correlation", "The id of what events belong to.")] = None,
    recorded_from: Annotated[Text, option("--recorded-from", "2026-03-03T00:00:00+08:00, or later.")] = None,
    recorded_until: Annotated[Text, option("--recorded-until", "Before this time.")] = None,
    occurred_from: Annotated[Text, option("--occurred-from", "The same of when it happened.")] = None,
    occurred_until: Annotated[Text, option("--occurred-until", "Before this time.")] = None,
    refused: Annotated[
        bool | None, typer.Option("--refused/--no-refused", help="Only refused commands, or none.", show_default="both")
    ] = None,
    after: Annotated[str, typer.Option(help="A position, or the place of an entry: only what stands behind it.")] = "0",
    limit: Annotated[int | None, typer.Option(min=1, help="The first so many entries.", show_default="all")] = None,
    form: Annotated[Form, typer.Option("--format", help="How they are written.")] = Form.TABLE,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show every change, field by field, and every refused command, in the order of the ledger."""
    from api.cli.trace import trace

    given = {
        "subject": subject,
        "actor": actor,
        "type": kind,
        "field": field,
        "reason": reason,
        "command": command,
        "correlation": correlation,
        "recorded_from": recorded_from,
        "recorded_until": recorded_until,
        "occurred_from": occurred_from,
        "occurred_until": occurred_until,
        "refused": None if refused is None else str(refused).lower(),
    }
    trace(given, after, limit, Form.JSON if json else form)


@audit.command("why")
def why(
    event: Annotated[
        str, typer.Argument(help="The position or the id of an event, or the id of a command.", show_default=False)
    ],
    *,
    json: Json = False,
) -> None:
    """Say why something has happened: step by step from an event to what came from outside."""
    from api.cli.trace import why

    why(event, json=json)


@audit.command("checkpoint")
def checkpoint(*, json: Json = False) -> None:
    """Seal what is new, and show the signed checkpoints, to be kept elsewhere."""
    from api.cli.audit import checkpoint

    checkpoint(json=json)


@audit.command("key")
def key(*, json: Json = False) -> None:
    """Show the line by which others verify what this ledger has signed."""
    from api.cli.audit import key

    key(json=json)


@audit.command("prove")
def prove(
    position: Annotated[int, typer.Argument(min=1, help="Of an event that is sealed.", show_default=False)],
    *,
    command: Annotated[bool, typer.Option("--command", help="Of a command, by its number in the command log.")] = False,
) -> None:
    """Write a proof that an event is in the ledger, which anybody can check."""
    from api.cli.audit import proven

    proven(position, command=command)


@audit.command("grown")
def grown(
    kept: Annotated[
        Path,
        typer.Argument(help="What `audit checkpoint` showed then.", exists=True, dir_okay=False, show_default=False),
    ],
) -> None:
    """Write a proof that the ledger has only grown since a checkpoint, which anybody who has kept it can check."""
    from api.cli.audit import grown_since

    grown_since(kept)


@audit.command("check")
def check(
    file: Annotated[
        Path, typer.Argument(help="A proof, or receipts.", exists=True, dir_okay=False, show_default=False)
    ],
    *,
    key: Annotated[str, typer.Option(help="The line of who is believed, as `audit key` shows it.", show_default=False)],
    kept: Annotated[
        Path | None,
        typer.Option(
            help="For a proof by `audit grown`: the checkpoint from before.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a proof, or a receipt, proves; no ledger is needed."""
    from api.cli.audit import check

    check(file, key, kept, json=json)


By = Annotated[str | None, typer.Option(help="Who asks; else who is logged in here.", show_default=False)]
Csv = Annotated[bool, typer.Option("--csv", help="As comma-separated values.")]


@audit.command("looks")
def looks(
    subject: Annotated[
        str | None, typer.Argument(help="Who was looked at: lead/<id>, customer/<id>.", show_default="everybody")
    ] = None,
    *,
    viewer: Annotated[str | None, typer.Option(help="Who looked: user:ann.", show_default=False)] = None,
    since: Annotated[str | None, typer.Option(help="2026-03-01T09:00:00+08:00.", show_default=False)] = None,
    until: Annotated[str | None, typer.Option(help="Before this.", show_default=False)] = None,
    purpose: Annotated[str | None, typer.Option(help="What for.", show_default=False)] = None,
    field: Annotated[
        str | None, typer.Option(help="What was shown unmasked: contacts.name.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The last so many.", show_default="all")] = None,
    by: By = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """Who looked at whom, what he saw unmasked, what for and when; the last first."""
    from api.cli.looks import tell

    given = {"viewer": viewer, "since": since, "until": until, "purpose": purpose, "field": field}
    tell(subject, given, limit, csv=csv, json=json, by=by)


@audit.command("reading")
def reading(
    *,
    day: Annotated[str | None, typer.Option(help="In UTC: 2026-11-27.", show_default="today")] = None,
    by: By = None,
    csv: Csv = False,
    json: Json = False,
) -> None:
    """How many subjects everybody looked at on a day, how many not his own, and what of it is odd."""
    from api.cli.looks import reading

    reading(day, csv=csv, json=json, by=by)


@audit.command("forget-looks")
def forget_looks(*, by: By = None, json: Json = False) -> None:
    """Let go of looks older than LIFELEDGER_LOOKS_DAYS; nothing younger than half a year can be."""
    from api.cli.looks import forget

    forget(json=json, by=by)


@audit.command("receipt")
def receipt(
    subject: Annotated[str, typer.Argument(help="Who was forgotten: customer/…", show_default=False)],
) -> None:
    """Show the signed receipts of an erasure, each with the proof of its event; `audit check` checks them anywhere."""
    from api.cli.audit import receipt

    receipt(subject)
