"""The demo's history: told from a seed, by people and by the policies themselves, and told to its end in every case."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.demo.examples import examples
from api.demo.history import write
from api.demo.life import Life
from api.demo.overheard import Clock, Interference, Storyteller
from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from commands.pool import PublishPool
from commands.service import open_ledger
from consumers.policies import POLICIES
from consumers.reactor import Reactor
from consumers.session import Session
from consumers.tracking import enrol, prepare
from domain.actor import Actor
from domain.values import OrgPath, PoolId
from ledger.ledger import Ledger
from tests.conftest import Databases
from tests.memory import MASTER, memory_ledger
from tests.servers import Server

pytestmark = pytest.mark.slow  # It waits for what takes its time.

ROOT = Path(__file__).parent.parent.parent
NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
WEEKS = 3
MEANT = {
    "AlreadyHeld",
    "AlreadyKnown",
    "BookFull",
    "ClaimsSpent",
    "ClosedByItself",
    "FullyRefunded",
    "HasLeft",
    "HasBeenMerged",
    "Hidden",
    "NotAllowed",
    "NotAvailable",
    "NotIndependent",
    "NotNow",
    "NotYetClaimable",
    "OnLegalHold",
}
"""What people may be refused when they come too late, ask for too much, or ask for what only others may do."""


ADMIN = Actor(kind="service", id="setup", role="administrator")


def publish(pool: str) -> Ask:
    return Ask(PublishPool(pool_id=PoolId(pool), name=pool.title(), members=(OrgPath("north"),)), uuid4(), ADMIN)


def told(ledger: Ledger) -> Life:
    return write(ledger, NOON, WEEKS)


def everything(ledger: Ledger) -> list[tuple[str, datetime]]:
    return [(each.type, each.occurred_at) for each in ledger.events(0, 100_000)]


def ids(ledger: Ledger) -> list[UUID]:
    return [each.event_id for each in ledger.events(0, 100_000)]


@pytest.fixture(scope="module")
def written() -> Ledger:
    ledger = memory_ledger()
    told(ledger)
    return ledger


def test_people_are_refused_what_they_should_be_and_little_of_what_they_ask() -> None:
    life = told(memory_ledger())
    assert {name.partition(": ")[2] for name in life.refused} <= MEANT
    assert life.refused.total() < life.told / 50


def test_it_is_told_from_a_seed(written: Ledger) -> None:
    again = memory_ledger()
    told(again)
    assert everything(written) == everything(again)
    assert [each.event_id for each in written.events(0, 100_000)] == [
        each.event_id for each in again.events(0, 100_000)
    ]


def test_it_is_no_import_and_keeps_the_order_of_time(written: Ledger) -> None:
    events = written.events(0, 100_000)
    assert not any(each.imported for each in events)
    assert all(NOON - timedelta(weeks=WEEKS + 1) <= each.occurred_at < NOON for each in events[:-1])
    assert [each.recorded_at for each in events] == sorted(each.recorded_at for each in events)


def test_a_second_telling_writes_nothing(written: Ledger) -> None:
    position = written.last_position()
    write(written, NOON, WEEKS, begun=True)
    assert written.last_position() == position


class BrokenOff(Exception):
    pass


@pytest.mark.parametrize("batches", [1, 4, 11])
def test_a_start_that_was_broken_off_is_gone_on_with(
    written: Ledger, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = memory_ledger()
    whole, left = ledger.rows.locked, iter(range(batches))

    def locked_for_a_while() -> object:
        if next(left, None) is None:
            raise BrokenOff
        return whole()

    monkeypatch.setattr(ledger.rows, "locked", locked_for_a_while)
    with pytest.raises(BrokenOff):
        told(ledger)
    monkeypatch.undo()
    write(ledger, NOON, WEEKS, begun=True)
    assert everything(ledger) == everything(written)


def test_nobody_else_writes_meanwhile_without_its_being_noticed() -> None:
    ledger = memory_ledger()
    clock = Clock(NOON)
    teller, other = Storyteller(ledger, clock, 1, begun=False), Executor(DECIDERS, ledger, clock=clock)
    teller([publish("north")])
    teller.ledger.settle()
    other([publish("south")])
    teller([publish("west")])
    with pytest.raises(Interference):
        teller.ledger.settle()


def test_whoever_tells_sees_what_he_has_not_written_yet() -> None:
    ledger = memory_ledger()
    teller = Storyteller(ledger, Clock(NOON), 1, begun=False)
    [answer] = teller([publish("pool")])
    assert isinstance(answer, Outcome)
    assert answer.position == 1
    assert ledger.last_position() == 0, "it is kept, and written with what comes next"
    assert [each.position for each in teller.news()] == [1]
    assert [each.position for each in teller.ledger.history("pool/pool")] == [1]
    assert ledger.last_position() == 1


def test_the_readme_says_what_the_demo_prints(written: Ledger) -> None:
    readme = (ROOT / "README.md").read_text()
    shown = examples(written, "http://127.0.0.1:8080")
    assert len(shown) == 5
    for each in shown:
        assert each.command in readme


# A whole year, in PostgreSQL


@pytest.fixture(scope="module")
def url(postgres: Server, databases: Databases) -> Iterator[str]:
    name = databases.take()
    yield postgres.url(name)
    databases.drop(name)


@pytest.fixture(scope="module")
def year(url: str) -> Iterator[Ledger]:
    with closing(open_ledger(url, MASTER)) as ledger:
        write(ledger, NOON)
        yield ledger


WANTED = {
    "lead.captured": 2_000,
    "lead.converted": 200,
    "lead.recycled": 500,
    "lead.dispatch-decided": 500,
    "lead.transferred": 5,
    "lead.reopened": 10,
    "customer.approached": 50,
    "customer.status-changed": 500,
    "customer.revenue-standing-changed": 50,
    "customer.credit-hold-placed": 1,
    "customer.credit-refused": 1,
    "customer.merged": 1,
    "customer.unmerged": 1,
    "customer.personal-data-erased": 1,
    "order.refunded": 10,
    "order.paid": 500,
    "ticket.opened": 200,
    "ticket.sla-breached": 20,
    "ticket.escalated": 20,
    "ticket.reopened": 5,
    "call.ended": 1_000,
    "review.published": 50,
    "review.appealed": 3,
    "review.score-adjusted": 1,
    "review.coaching-assigned": 1,
    "calibration.consensus-set": 1,
    "policy.paused": 1,
    "staff.departed": 1,
}


def test_a_year_has_a_bit_of_everything(year: Ledger) -> None:
    counts = Counter(each.type for each in year.events(0, 1_000_000))
    assert {name: counts[name] for name, least in WANTED.items() if counts[name] < least} == {}
    kinds = Counter(each.event.kind for each in year.events(0, 1_000_000, types=["lead.captured"]))
    assert kinds["winback"] > 20
    assert kinds["upsell"] > 20
    assert {each.actor.role for each in year.events(0, 1_000_000, types=["lead.captured"])} >= {"partner", "policy"}


def test_every_policy_has_acted(year: Ledger) -> None:
    acted = {each.actor.id for each in year.events(0, 1_000_000) if each.actor.kind == "policy"}
    assert {process.name for process in POLICIES} - acted == set()


def test_at_work_the_same_policies_would_have_sent_the_same(year: Ledger, url: str) -> None:
    """Those that need no views to look at, run anew over all that happened: all that they send has been done before."""
    processes = [each for each in POLICIES if not each.looks_at and each.reactions]
    with closing(Session(url, "spec")) as session:
        prepare(session)
        for each in processes:
            enrol(session, each.memory, 0)
    last, executor = year.last_position(), Executor(DECIDERS, year, clock=lambda: NOON)
    with closing(Reactor(processes, year, executor, url, url)) as reactor:
        while reactor.round():
            pass
        assert {each.place.position for each in reactor.following.values()} == {last}
        assert len(reactor.following) == len(processes)
    assert [each.type for each in year.events(last, 100)] == []
