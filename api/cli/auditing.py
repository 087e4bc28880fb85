"""lifeledger audit, as it is called: what a command needs is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json

audit = typer.Typer(help="Prove what the ledger says, and let others check it.", no_args_is_help=True)


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


@audit.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A proof.", exists=True, dir_okay=False, show_default=False)],
    *,
    key: Annotated[str, typer.Option(help="The line of who is believed, as `audit key` shows it.", show_default=False)],
    json: Json = False,
) -> None:
    """Say what a proof proves; no ledger is needed."""
    from api.cli.audit import check

    check(file, key, json=json)
