"""The month written into a ledger, through the one write path, under the company's own clock."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from itertools import dropwhile, groupby
from uuid import uuid5

from api.cli.company import parts_of
from api.cli.setup import plan
from api.demo.month import Month, steps
from api.demo.tales import EVER, NAMESPACE
from commands import DECIDERS
from commands.ask import Answer
from commands.execute import Executor
from ledger.envelope import SideRow
from ledger.ledger import Ledger

MARK = "demo/now"  # The side row that keeps when the history ends, in seconds since 1970.


class WallClock:
    """The time of the demo's company, which is put forward as its history is told."""

    def __init__(self) -> None:
        self.now = EVER

    def __call__(self) -> datetime:
        return self.now


def write(ledger: Ledger, now: datetime, *, begun: bool) -> int:
    """Write what is missing of the history that ends at `now`, and say how many commands that took.

    `begun` where an earlier start has written some of it; the first command of all leaves word of `now`.
    """
    clock = WallClock()
    executor = Executor(DECIDERS, ledger, clock=clock)
    with as_file(files("api.demo") / "setup.yaml") as file:
        company = parts_of(file)
    month = Month(now, {pool.id: pool.terms for pool in company.value.of("pools")})
    clock.now = month.begin - timedelta(hours=1)
    setting_up, _ = plan(company, executor)
    asks = [replace(step.ask, command_id=uuid5(NAMESPACE, step.text)) for step in setting_up]
    if not begun:
        asks[0] = replace(asks[0], side=(SideRow(MARK, None, int(now.timestamp())),))
    told = steps(month)
    known = ledger.outcomes([ask.command_id for ask in (*asks, *(step.ask for step in told))])
    asks = [ask for ask in asks if ask.command_id not in known]
    must_all_be_answered(executor(asks))
    missing = list(dropwhile(lambda step: step.ask.command_id in known, told))
    for at, together in groupby(missing, key=lambda step: step.at):
        clock.now = at
        must_all_be_answered(executor([step.ask for step in together]))
    return len(asks) + len(missing)


def must_all_be_answered(answers: Iterable[Answer]) -> None:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
