"""The command line: one program for whoever runs the house. What a command needs is imported when it is called."""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api.cli.auditing import audit
from api.cli.backing import backup, restore
from api.cli.churning import churn
from api.cli.exporting import export
from api.cli.kafka import kafka
from api.cli.keyring import keys
from api.cli.options import Host, Json, Port
from api.cli.replaying import replay
from api.cli.say import failed, wants_json
from api.cli.viewing import views


class What(StrEnum):
    """What can be reassigned in bulk."""

    LEADS = "leads"
    TICKETS = "tickets"


app = typer.Typer(
    name="lifeledger",
    help="One ordered ledger of everything that happened to every lead, and the views built from it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(views, name="views")
policies = typer.Typer(help="What the service does by itself, and whether it does.", no_args_is_help=True)
app.add_typer(policies, name="policies")
app.add_typer(audit, name="audit")
app.add_typer(export, name="export")
app.add_typer(replay, name="replay")
app.add_typer(churn, name="churn")
app.add_typer(backup, name="backup")
app.command("restore")(restore)
app.add_typer(keys, name="keys")
app.add_typer(kafka, name="kafka")


def tell_version(*, wanted: bool) -> None:
    if wanted:
        print(f"lifeledger {version('lifeledger')}")
        raise typer.Exit


@app.callback()
def lifeledger(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=tell_version, is_eager=True)
    ] = False,
) -> None:
    """What all commands share."""


@app.command()
def demo(
    *,
    port: Port = None,
    weeks: Annotated[int, typer.Option(min=2, max=52, help="How long its history is, at the first start.")] = 52,
    json: Json = False,
) -> None:
    """Start everything on this machine with a year of history, and say where; Ctrl-C ends all of it."""
    from api.cli.demo import demo

    demo(port=port, weeks=weeks, json=json)


@app.command()
def serve(
    *,
    host: Host = None,
    port: Port = None,
    insecure_headers: Annotated[
        bool, typer.Option(help="Listen beyond this machine, although callers are whoever their headers say.")
    ] = False,
    json: Json = False,
) -> None:
    """Answer HTTP requests."""
    from api.cli.serve import serve

    serve(host=host, port=port, insecure_headers=insecure_headers, json=json)


@app.command()
def verify(
    *,
    key: Annotated[
        str | None,
        typer.Option(help="The line of who is believed, as `audit key` shows it.", show_default="by the master key"),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which it is kept what was verified, and found again.",
            file_okay=False,
            show_default="verified, in LIFELEDGER_HOME",
        ),
    ] = None,
    against_topic: Annotated[
        bool,
        typer.Option("--against-topic", help="It must have all that was published to LIFELEDGER_KAFKA, too."),
    ] = False,
    json: Json = False,
) -> None:
    """Say whether the ledger is what was signed, row by row, and has all that was verified before."""
    from api.cli.verify import verify

    verify(key=key, kept=kept, against_topic=against_topic, json=json)


@app.command()
def worker(*, json: Json = False) -> None:
    """Keep the views up to date, until stopped."""
    from api.cli.worker import worker

    worker(json=json)


@app.command()
def setup(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="YAML; docs/setup.md says what stands in it.", exists=True, dir_okay=False, show_default=False
        ),
    ] = None,
    *,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would be done, and do nothing.")] = False,
    describe: Annotated[bool, typer.Option("--describe", help="Say what may stand in a file, and end.")] = False,
    json: Json = False,
) -> None:
    """Bring staff, and all that is published, to what a file says; what is so already is left alone."""
    from api.cli.setup import describe as tell
    from api.cli.setup import setup

    if describe:
        tell(json=json)
    elif file is None:
        raise typer.BadParameter("name a file, or ask with --describe what may stand in one", param_hint="FILE")
    else:
        setup(file, preview=preview, json=json)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="NDJSON, a command a line (- is the standard input), or a table of leads: .csv, .tsv.",
            show_default=False,
        ),
    ],
    *,
    columns: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="YAML: which columns of a table say what, where its header does not; docs/import.md has all of it.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Country of a table's phone numbers that are written without one: CN.", show_default=False),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what a table's rows would become, and write nothing.")
    ] = False,
    adopt_at: Annotated[
        str | None,
        typer.Option(
            help="Make what is imported and not over live from then on: now, or 2026-03-01T09:00:00+08:00.",
            show_default=False,
        ),
    ] = None,
    rejects: Annotated[
        Path, typer.Option(help="Where refused and invalid lines and refused adoptions go, with the problem.")
    ] = Path("rejects.ndjson"),
    json: Json = False,
) -> None:
    """Record history, or take in new leads, line by line in the file's order; a repetition changes nothing."""
    from api.cli.bring import bring

    bring(file, rejects=rejects, columns=columns, region=region, adopt_at=adopt_at, preview=preview, json=json)


@app.command()
def reassign(
    what: Annotated[What, typer.Argument(help="Which of his.")],
    *,
    from_: Annotated[str, typer.Option("--from", help="Who has them.", show_default=False)],
    to: Annotated[list[str], typer.Option(help="Who gets them; several take turns.", show_default=False)],
    by: Annotated[str, typer.Option(help="The manager who decides it.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why: one reason for all of them.", show_default=False)],
    only: Annotated[
        Path | None,
        typer.Option(help="A file with the ids of those that are meant, one in a line.", exists=True, dir_okay=False),
    ] = None,
    report: Annotated[Path, typer.Option(help="Where what came of each is written.")] = Path("reassigned.ndjson"),
    json: Json = False,
) -> None:
    """Hand everything that somebody holds, or some of it, to colleagues; the rules decide on each."""
    from api.cli.reassign import reassign

    reassign(what=what, from_=from_, to=to, by=by, reason=reason, only=only, report=report, json=json)


@app.command()
def config(*, json: Json = False) -> None:
    """Show every setting, and where it comes from; secrets are masked."""
    from api.cli.config import config

    config(json=json)


@app.command()
def state(
    subject: Annotated[str, typer.Argument(help="Its kind and its id: ticket/<id>.", show_default=False)],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="After the event at a position, or after what was recorded by a time, which names its zone.",
            show_default="now",
        ),
    ] = None,
    as_of_occurred: Annotated[
        str | None,
        typer.Option(
            help="Of what is recorded, only what had happened by a time, whenever it was recorded.", show_default=False
        ),
    ] = None,
    compared_with: Annotated[
        str | None,
        typer.Option(help="A second moment, told like the first: in what does it differ?", show_default=False),
    ] = None,
    compared_with_occurred: Annotated[
        str | None,
        typer.Option(
            help="The same of what had happened; what is not said of the second moment is as with the first.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show how a subject stood at any moment, or in what it differs between two, and the events that lie between."""
    from api.cli.state import state

    state(subject, (as_of, as_of_occurred), (compared_with, compared_with_occurred), json=json)


@policies.command("status")
def policies_status(*, json: Json = False) -> None:
    """Whether each policy runs, rests or stands still, and how far behind it is."""
    from api.cli.policies import status

    status(json=json)


def ended(number: int, _: object) -> NoReturn:
    """A signal to end is a normal exit: whatever is open is closed, the embedded PostgreSQL too."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> None:
    """What can be expected to go wrong ends in a line that names it and exit code 1; wrong usage in 2."""
    signal.signal(signal.SIGTERM, ended)
    gc.set_threshold(100_000, 50, 50)  # A fifth of the start goes by in looking for cycles among what is imported,
    atexit.register(gc.freeze)  # and at the end once more.
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        try:
            app(args=given, prog_name="lifeledger")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # Whoever was reading has read enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        code = failed(error, json=wants_json(given))
        if code is None:
            raise
        sys.exit(code)
