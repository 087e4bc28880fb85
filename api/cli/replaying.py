"""lifeledger replay, as it is called: what a command needs is imported when it is called."""

from typing import Annotated

import typer

from api.cli.options import Json

replay = typer.Typer(help="What would be, from the same facts; nothing of it is a fact.", no_args_is_help=True)
Days = Annotated[int | None, typer.Option(min=1, show_default="as published")]


@replay.command("what-if")
def what_if(
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The terms that were published with this number.", show_default="the last ones"),
    ] = None,
    new_days: Days = None,
    dormant_days: Days = None,
    churned_days: Days = None,
    as_of: Annotated[
        str | None, typer.Option(help="Up to a position or a time: 812, or 2026-03-01T09:00:00+08:00.")
    ] = None,
    into: Annotated[
        str | None, typer.Option(help="Keep the rows as the table whatif.NAME.", metavar="NAME", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Say where customers would be under other terms of the lifecycle, beside where they are."""
    from api.cli.what_if import what_if

    what_if(
        version=version, new=new_days, dormant=dormant_days, churned=churned_days, as_of=as_of, into=into, json=json
    )
