"""lifeledger policies: what the service does by itself, and whether it does."""

from dataclasses import asdict, dataclass
from datetime import datetime

from api.cli.house import database, must_be_prepared
from api.cli.say import document, table
from api.cli.worker import reading
from commands import DECIDERS
from commands.execute import Executor
from commands.service import server_clock
from consumers import projector
from consumers.policies import POLICIES
from domain.policy import Paused, paused_at
from settings import Settings


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """A policy: whether it runs, how far behind the ledger it is, and what it answers when its time has come.

    `timed` is one that reacts to no event: the clock alone acts for it.
    """

    name: str
    state: str
    paused_until: datetime | None
    position: int
    lag_events: int
    lag_seconds: float
    reacts_to: tuple[str, ...]
    when_due: tuple[str, ...]
    error: str | None


def status(*, json: bool) -> None:
    """A line for each policy."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with reading(settings, url) as ledger:
            executor = Executor(DECIDERS, ledger, clock=server_clock)
            now = server_clock()
            views = projector.status([process.memory for process in POLICIES], ledger, url)
            found = []
            for process, view in zip(POLICIES, views, strict=True):
                policy = executor.state(f"policy/{process.name}").state
                until = policy.until if isinstance(policy, Paused) and paused_at(policy, now) else None
                told = PolicyStatus(
                    name=process.name,
                    state="paused" if until else view.state if process.reactions else "timed",
                    paused_until=until,
                    position=view.position,
                    lag_events=view.lag_events if process.reactions else 0,
                    lag_seconds=view.lag_seconds if process.reactions else 0.0,
                    reacts_to=tuple(sorted(kind.__name__ for kind in process.reactions)),
                    when_due=tuple(process.timers),
                    error=view.error,
                )
                found.append(told)
    if json:
        document({"policies": [asdict(each) for each in found]})
    else:
        columns = ["policy", "state", "paused until", "events behind", "reacts to", "when due", "error"]
        table(columns, map(cells, found))


def cells(found: PolicyStatus) -> list[str]:
    until = "" if found.paused_until is None else found.paused_until.isoformat(timespec="minutes")
    return [
        found.name,
        found.state,
        until,
        f"{found.lag_events:,}",
        ", ".join(found.reacts_to),
        ", ".join(found.when_due),
        found.error or "",
    ]
