"""Arguments and options that several commands take."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.  [LIFELEDGER_HOST]", show_default=False)]
View = Annotated[str, typer.Argument(help="The view, as `views status` names it.", show_default=False)]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.  [LIFELEDGER_PORT]", show_default=False),
]
