"""lifeledger kafka: what goes to Kafka and comes from it."""

import typer

from api.cli.options import Json

kafka = typer.Typer(help="What goes to Kafka and comes from it, and how far it is.", no_args_is_help=True)


@kafka.command()
def status(*, json: Json = False) -> None:
    """How far each topic is behind the ledger; exit code 1 where nobody relays, or the relay waits for something."""
    from api.cli.relaying import status

    status(json=json)
