"""lifeledger kafka status: whether anybody relays the ledger to Kafka, and how far each topic is."""

from dataclasses import asdict

import psycopg
import typer

from api.cli.house import database, must_be_prepared
from api.cli.say import document, table
from ledger.relayed import Relayed, Relaying, relaying
from settings import Settings


def status(*, json: bool) -> None:
    """A line for each topic."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            found = relaying(cursor)
    if json:
        document(None if found is None else {"state": found.state, **asdict(found)})
    elif found is None:
        print("nobody has ever relayed anything: LIFELEDGER_RELAY says what a worker is to relay")
    else:
        print(told(found))
        columns = ["topic", "partitions", "position", "events", "events behind", "seconds behind"]
        table(columns, [cells(each) for each in found.topics])
    if found is None or found.state != "live":
        raise typer.Exit(1)


def told(found: Relaying) -> str:
    if found.waits_for is not None and found.active:
        return f"the relay waits: {found.waits_for}"
    if found.active:
        return f"the relay was heard of {found.age_seconds:,.1f} s ago, in epoch {found.epoch}"
    return f"nobody relays; the relay was last heard of {found.age_seconds:,.0f} s ago"


def cells(found: Relayed) -> list[str]:
    counts = (found.partitions, found.position, found.events, found.lag_events)
    return [found.topic, *(f"{each:,}" for each in counts), f"{found.lag_seconds:,.1f}"]
