"""lifeledger keys, as it is called: what a command needs is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json

keys = typer.Typer(help="The master key, and another one in its place.", no_args_is_help=True)


@keys.callback()
def only_one() -> None:
    """So that its commands are named, as long as there is one."""


@keys.command("rotate")
def rotate(
    *,
    new_key: Annotated[
        Path,
        typer.Option(
            help="File with the new master key: 32 bytes in base64.", exists=True, dir_okay=False, show_default=False
        ),
    ],
    json: Json = False,
) -> None:
    """Wrap every key by another master key, with the service stopped; no event is changed. The one that is set has to
    be the old one, and afterwards opens nothing.
    """
    from api.cli.keys import rotate

    rotate(new_key, json=json)
