"""lifeledger backup and restore, as they are called: what a command needs is imported when it is called."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli.options import Json

Until = Annotated[
    int | None,
    typer.Option(min=0, help="Only what is there up to this position; no command by halves.", show_default="all"),
]


class IntoFolder(TyperGroup):
    """What is no command of its own is a folder, into which a backup is made."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        asks = not args or args[0] in {*self.commands, "-h", "--help"}
        found: list[str] = super().parse_args(ctx, args if asks else ["into", *args])
        return found


backup = typer.Typer(
    cls=IntoFolder,
    help="Back up the ledger into a folder (lifeledger backup FOLDER --keys FILE), and list who has been erased.",
    no_args_is_help=True,
)


@backup.command("into")
def into(
    folder: Annotated[
        Path, typer.Argument(help="A new one, or that of an earlier backup.", file_okay=False, show_default=False)
    ],
    *,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="Where the wrapped keys go, apart from the data, which cannot be read without them.",
            dir_okay=False,
            show_default="they are not backed up",
        ),
    ] = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Back up the ledger into a folder, while it is in use; to an earlier backup there, only what is new is added."""
    from api.cli.backup import into

    into(folder, keys=keys, until=until, json=json)


@backup.command("erasures")
def erasures(
    file: Annotated[
        Path, typer.Argument(help="The list; it is to be kept elsewhere.", dir_okay=False, show_default=False)
    ],
    *,
    json: Json = False,
) -> None:
    """Add to a list who has been erased, so that nobody comes back with an older backup. To be done often."""
    from api.cli.backup import erasures

    erasures(file, json=json)


def restore(
    folder: Annotated[Path, typer.Argument(help="Of a backup.", exists=True, file_okay=False, show_default=False)],
    *,
    keys: Annotated[
        Path, typer.Option(help="The wrapped keys of that backup.", exists=True, dir_okay=False, show_default=False)
    ],
    erasures: Annotated[
        Path | None,
        typer.Option(
            help="Who has been erased, as `backup erasures` writes it.", exists=True, dir_okay=False, show_default=False
        ),
    ] = None,
    erasures_from: Annotated[
        str | None,
        typer.Option(help="postgresql://…: a database of the ledger that knows who has been.", show_default=False),
    ] = None,
    no_later_erasures: Annotated[
        bool, typer.Option("--no-later-erasures", help="Nobody has been erased since the backup.")
    ] = False,
    until: Until = None,
    json: Json = False,
) -> None:
    """Make an empty database the ledger of a backup, and check every row. Nobody comes back who was erased since."""
    from api.cli.backup import restored

    restored(
        folder,
        keys=keys,
        erasures=erasures,
        erasures_from=erasures_from,
        none_later=no_later_erasures,
        until=until,
        json=json,
    )
