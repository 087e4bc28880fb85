"""A history written into a ledger, through the one write path: what people did, and what the policies made of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from uuid import uuid5

from api.cli.company import parts_of
from api.cli.setup import plan
from api.demo.advertising import Advertising
from api.demo.calls import Calls
from api.demo.life import NAMESPACE, Life
from api.demo.office import Office
from api.demo.overheard import Blank
from api.demo.quality import Quality
from api.demo.sales import Sales
from api.demo.service import Service
from api.demo.shop import Shop
from commands import DECIDERS
from commands.execute import Executor
from ledger.envelope import SideRow
from ledger.ledger import Ledger

# The side rows that keep of a history when it ends, in seconds since 1970, how long it is, and that all of it is told.
ENDS, LENGTH, TOLD = "demo/ends", "demo/weeks", "demo/told"
SEED = 2012
WEEKS = 52


def write(ledger: Ledger, now: datetime, weeks: int = WEEKS, *, begun: bool = False) -> Life:
    """Tell the history that ends at `now`, and answer how it was told.

    `begun` where an earlier start has told some of it. What was done then is done the same, and answered as it was; so
    it goes on where that was broken off.
    """
    life = Life(ledger, monday(now, weeks), now, SEED, begun)
    set_up(life, () if begun else (SideRow(ENDS, None, int(now.timestamp())), SideRow(LENGTH, None, weeks)))
    calls, shop = Calls(life), Shop(life)
    sales = Sales(life, calls, shop)
    Service(life, calls, shop)
    quality, office = Quality(life), Office(life, sales.staff, shop)
    for each in (sales, shop, quality, office, Advertising(life)):
        each.begin()
    life.run()
    office.looks_ahead(SideRow(TOLD, None, 1))
    life.send()
    life.executor.ledger.settle()
    return life


def monday(now: datetime, weeks: int) -> datetime:
    """The beginning of a week, as UTC has it, so many weeks ago: half an hour before anybody comes to work."""
    begin = now.astimezone(UTC) - timedelta(weeks=weeks, days=now.weekday())
    return begin.replace(hour=0, minute=30, second=0, microsecond=0)


def set_up(life: Life, marks: tuple[SideRow, ...]) -> None:
    """As where there is nothing yet, so that whoever goes on begins in the same way."""
    with as_file(files("api.demo") / "setup.yaml") as file:
        steps, _ = plan(parts_of(file), Executor(DECIDERS, Blank(life.ledger), clock=life.clock))
    asks = [replace(step.ask, command_id=uuid5(NAMESPACE, step.text)) for step in steps]
    life.asks += [replace(ask, side=marks if nth == 0 else ()) for nth, ask in enumerate(asks)]
    life.send()
