"""lifeledger views, as it is called: what a command needs is imported when it is called."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json, View


class Form(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


views = typer.Typer(
    help="The views: how far they are, one built anew, the former one put back, and each as it stood at any moment.",
    no_args_is_help=True,
)
dead_letters = typer.Typer(
    help="The events at which keys of a view do not go on: its fold does not take them.", no_args_is_help=True
)
views.add_typer(dead_letters, name="dead-letters")


@views.command()
def status(*, json: Json = False) -> None:
    """How far each view is behind the ledger."""
    from api.cli.views import status

    status(json=json)


@views.command()
def rebuild(
    name: View,
    *,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare it first, row for row, with the one that answers, and swap it only if all is the same.",
        ),
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept-differences",
            help="With --verify: say what differs, and swap it all the same. Of one version a difference means that the"
            " view was wrong; another version may well differ, and asks for this too.",
        ),
    ] = False,
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Compare it, throw it away, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Fold a view anew from the first event, while the old one still answers; that one is kept, to roll back to."""
    from api.cli.views import rebuild

    rebuild(name, verify=verify, verify_only=verify_only, accept=accept, json=json)


@views.command()
def rollback(
    name: View,
    *,
    drop: Annotated[bool, typer.Option("--drop", help="Drop what is kept instead, to have the disk back.")] = False,
    json: Json = False,
) -> None:
    """Put the build that answered before the last swap back, at once; it catches up from where it was. The service is
    to be rolled back with it: workers of the version that is given up leave the view alone, until they are asked to
    rebuild it.
    """
    from api.cli.views import rollback

    rollback(name, drop=drop, json=json)


SomeView = Annotated[
    str | None, typer.Argument(help="Of this view, as `views status` names it; else of all.", show_default=False)
]


@dead_letters.command("list")
def dead_letters_list(view: SomeView = None, *, json: Json = False) -> None:
    """Which keys do not go on, at which event and why, how many wait behind, and when each is tried again."""
    from api.cli.dead_letters import tell

    tell(view, json=json)


@dead_letters.command("retry")
def dead_letters_retry(
    view: SomeView = None,
    key: Annotated[str | None, typer.Argument(help="Of this key, as the list names it.", show_default=False)] = None,
    *,
    json: Json = False,
) -> None:
    """Fold what waits again, in its order; what still fails stays. A worker does so too, from time to time."""
    from api.cli.dead_letters import retry

    retry(view, key, json=json)


@dead_letters.command("skip")
def dead_letters_skip(
    view: Annotated[str, typer.Argument(help="The view, as `views status` names it.", show_default=False)],
    key: Annotated[str, typer.Argument(help="The key, as the list names it.", show_default=False)],
    *,
    reason: Annotated[
        str, typer.Option(help="Why, for whoever asks later; it stays on record, and names nobody.", show_default=False)
    ],
    position: Annotated[
        int | None, typer.Option(help="Only if it is this event that is at the head.", show_default=False)
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who decides it; else who is logged in here.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Leave out the event at which a key does not go on, and go on with those behind it.

    It is left out as long as the view's fold is of this version; one of a higher version folds it after all.
    """
    from api.cli.dead_letters import skip

    skip(view, key, reason=reason, position=position, by=by, json=json)


@views.command()
def at(
    name: View,
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="A position of the ledger, or a time by which events were recorded: 2026-03-01T09:00:00+08:00.",
            show_default="the end of the ledger",
        ),
    ] = None,
    as_of_occurred: Annotated[
        str | None,
        typer.Option(help="Only what had happened by then, whenever it was recorded.", show_default=False),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="status=new, amount.ge=1000, status.in=new,lost; all of several.", show_default=False),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="A column, or the other way round with a - before it.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first so many rows.", show_default="all")] = None,
    form: Annotated[Form, typer.Option("--format", help="How they are written.")] = Form.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Into which file; Parquet needs one.", show_default="standard output"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show a view as it stood at any moment: the ledger is folded anew up to there, and nothing is changed."""
    from api.cli.at import at

    asked = [each.partition("=")[::2] for each in where or ()]
    at(name, as_of, as_of_occurred, asked, sort, limit, Form.JSON if json else form, output)
