"""Five things to try with curl, with leads that are there to be tried on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from api.demo.enquiries import INTAKE, NORTH
from commands import DECIDERS
from commands.execute import Executor
from domain.lead.states import Open, Pooled
from ledger.envelope import Recorded
from ledger.ledger import Ledger

FIRST, SECOND, MANAGER = "chen.wei", "sun.jie", "li.na"
PAGE = 10_000  # Events.


@dataclass(frozen=True)
class Example:
    title: str
    command: str


def examples(ledger: Ledger, where: str) -> Sequence[Example]:
    """Where the ledger holds the demo's history: five examples, the first on a lead that can be claimed."""
    executor = Executor(DECIDERS, ledger, clock=lambda: datetime.now(UTC))
    free = next(claimable(ledger, executor), None)
    if free is None:
        return ()
    as_first, as_second, as_manager = (f"-H 'X-Actor: user:{who}'" for who in (FIRST, SECOND, MANAGER))
    claim = f"curl -s -X POST {where}/leads/{free}/claim"
    return (
        Example(
            "Claim a lead from the pool. Send it twice: the key is the same, and so is the answer.",
            f"{claim} {as_first} -H 'Idempotency-Key: claim-{str(free)[:8]}'",
        ),
        Example("Come too late, and be told who holds it and until when.", f"{claim} {as_second}"),
        Example(
            "Read what has happened to it: who, when, why, and on which command.",
            f"curl -s {where}/leads/{free}/events {as_manager}",
        ),
        Example(
            "See the open leads of your people, the most urgent first.",
            f"curl -s '{where}/views/sales_worklist?sort=rank&limit=5' {as_manager}",
        ),
        Example(
            "See how far the leads of each source have come.",
            f"curl -s '{where}/views/funnel/stages?by=source' {as_manager}",
        ),
    )


def claimable(ledger: Ledger, executor: Executor) -> Iterator[UUID]:
    """Leads of the history that lie in the northern pool, and that both may claim: those first that came last, of which
    no rule would make another's before.
    """
    now = executor.clock()
    for pooled in pooled_last(ledger):
        match executor.state(pooled.stream).state:
            case Open(custody=Pooled(pool_id=pool_id, claimable_from=since), cooling=cooling) if pool_id == NORTH:
                if pooled.actor.id == INTAKE.id and since <= now and not {FIRST, SECOND} & (cooling or {}).keys():
                    yield pooled.event.lead_id


def pooled_last(ledger: Ledger) -> Iterator[Recorded]:
    """Backwards, for who has worked with it longer: the services write as well."""
    for until in range(ledger.last_position(), 0, -PAGE):
        yield from reversed(ledger.events(max(0, until - PAGE), PAGE, types=["lead.pooled"], until=until))
