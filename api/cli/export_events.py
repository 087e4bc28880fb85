"""lifeledger export events: the ledger as Parquet files, by month of recording."""

import time
from pathlib import Path

from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse, document
from api.cli.views import bar
from consumers.rebuild import Progress
from consumers.replay import NoSuchKind, Replay
from consumers.replay.columns import arrow_is_there
from consumers.replay.parquet import PART, Busy, NotThisLedger, export
from settings import Settings


def events(folder: Path, *, only: str | None, part: int = PART, json: bool) -> None:
    """Nothing personal is opened, so no master key is needed."""
    arrow_is_there()
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with Replay(url) as replay:
            try:
                kind = None if only is None else replay.named(only)
            except NoSuchKind as wrong:
                raise Misuse(f"--type: {wrong}") from None
            started = time.monotonic()
            with bar() as report:
                try:
                    found = export(
                        replay.ledger,
                        folder,
                        only=kind,
                        part=part,
                        tell=lambda done, total: report(Progress("writing", done, total, time.monotonic() - started)),
                    )
                except (NotThisLedger, Busy) as no:
                    raise Failure(str(no)) from None
    if json:
        document({"folder": str(folder), **{name: found[name] for name in ("position", "events", "parts")}})
    else:
        parts, position = len(found["parts"]), found["position"]
        print(f"{folder}: {found['events']:,} events in {parts:,} files, up to position {position:,}")
