"""lifeledger kafka: what goes to Kafka and comes from it."""

from typing import Annotated

import typer

from api.cli.options import Json

kafka = typer.Typer(help="What goes to Kafka and comes from it, and how far it is.", no_args_is_help=True)
letters = typer.Typer(
    help="Messages of other systems that do not go on, and what waits behind them.", no_args_is_help=True
)
kafka.add_typer(letters, name="dead-letters")

Topic = Annotated[str | None, typer.Argument(help="Of this topic, as shop.orders.v1; else of all.", show_default=False)]
Letter = Annotated[str, typer.Argument(help="The letter, as the list names it.", show_default=False)]
By = Annotated[str | None, typer.Option(help="Who decides it; else who is logged in here.", show_default=False)]


@kafka.command()
def status(*, json: Json = False) -> None:
    """How far each topic is behind the ledger; exit code 1 where nobody relays, or the relay waits for something."""
    from api.cli.relaying import status

    status(json=json)


@kafka.command()
def inbox(
    topic: Topic = None,
    *,
    message: Annotated[str | None, typer.Option(help="Only the message of this id.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="So many, the last first.", min=1)] = 20,
    json: Json = False,
) -> None:
    """What has come from other systems, to which commands, and what of that was refused; with figures of each topic."""
    from api.cli.taken_in import inbox

    inbox(topic, message, limit, json=json)


@letters.command("list")
def letters_list(topic: Topic = None, *, json: Json = False) -> None:
    """Which messages do not go on and why, how many wait behind each, when it is tried again; and what was skipped."""
    from api.cli.taken_in import tell

    tell(topic, json=json)


@letters.command("show")
def letters_show(
    letter: Letter,
    *,
    purpose: Annotated[
        str | None,
        typer.Option(help="What for: then all that the message says is shown, and that is logged.", show_default=False),
    ] = None,
    by: By = None,
    json: Json = False,
) -> None:
    """One of them. What it says may be somebody's, so it is shown for a purpose only."""
    from api.cli.taken_in import show

    show(letter, purpose=purpose, by=by, json=json)


@letters.command("retry")
def letters_retry(
    topic: Topic = None,
    *,
    letter: Annotated[str | None, typer.Option(help="Only this one, and what waits behind it.")] = None,
    json: Json = False,
) -> None:
    """Read them again, with the code of today; what waits behind each follows in its order. What still fails stays."""
    from api.cli.taken_in import retry

    retry(topic, letter, json=json)


@letters.command("skip")
def letters_skip(
    letter: Letter,
    *,
    reason: Annotated[
        str, typer.Option(help="Why, for whoever asks later; it stays on record, and names nobody.", show_default=False)
    ],
    by: By = None,
    json: Json = False,
) -> None:
    """Leave a message out for good; what waits behind it follows."""
    from api.cli.taken_in import skip

    skip(letter, reason=reason, by=by, json=json)
