"""The ledger for analysts: slices, folds and columns are what it says, nothing is personal, and nothing is written."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.demo.history import write
from commands.service import open_ledger
from consumers.at import Moment, fold
from consumers.replay import CLOSED, NoLedgerHere, NoSuchKind, Replay
from consumers.replay.columns import Batches
from consumers.replay.keeping import NoSuchName, keep, table_of
from domain.customer.facts.lifecycle import CustomerOrderNoted
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import FollowUpLogged
from domain.lifecycle_policy import LifecyclePolicy, LifecycleTerms
from domain.values import FACT_NAMES, Erased
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Wire
from projections import VIEWS
from tests.cli.running import lifeledger, on
from tests.conftest import Databases
from tests.memory import MASTER
from tests.servers import Server, new_home

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
DOCS = Path(__file__).parent.parent.parent / "docs" / "replay.md"


@dataclass
class Past:
    url: str
    ledger: Ledger
    events: list[Recorded]


@pytest.fixture(scope="module")
def past(postgres: Server, databases: Databases) -> Iterator[Past]:
    """Three weeks of the demo's history."""
    name = databases.take()
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        write(ledger, NOON, 3)
        yield Past(postgres.url(name), ledger, list(ledger.events(0, 1_000_000)))
    databases.drop(name)


@pytest.fixture
def replay(past: Past) -> Iterator[Replay]:
    with Replay(past.url) as found:
        yield found


def test_a_slice_is_what_the_ledger_has_there(past: Past, replay: Replay) -> None:
    everything = past.events
    assert replay.last == len(everything)
    assert [each.event_id for each in replay.events()] == [each.event_id for each in everything]
    middle = everything[len(everything) // 2]
    kinds = (LeadCaptured, "lead.follow-up-logged")
    found = replay.events(kinds, after=100, until=middle.position)
    wanted = [
        each.position
        for each in everything
        if isinstance(each.event, LeadCaptured | FollowUpLogged) and 100 < each.position <= middle.position
    ]
    assert [each.position for each in found] == wanted
    assert [each.position for each in found] == wanted, "it can be gone through again"
    assert found.to_arrow()["position"].to_pylist() == wanted
    stream = next(each.stream for each in everything if isinstance(each.event, LeadCaptured))
    assert list(replay.events(subject=stream, until=middle.position)) == [
        each for each in replay.events(until=middle.position) if each.stream == stream
    ]
    later = next(each.position for each in everything if each.recorded_at > middle.recorded_at)
    assert replay.position(middle.recorded_at) == later - 1
    with pytest.raises(NoSuchKind, match=r"no event is called lead\.vanished"):
        replay.events("lead.vanished")
    with pytest.raises(ValueError, match="positions up to"):
        replay.events(until=replay.last + 1)
    with pytest.raises(ValueError, match="in no time zone"):
        replay.events(until=datetime(2026, 3, 1))  # noqa: DTZ001


def test_what_is_personal_is_closed_without_the_master_key_and_open_with_it(past: Past, replay: Replay) -> None:
    (closed, *_), (known, *_) = (
        list(replay.events(LeadCaptured)),
        [each for each in past.events if isinstance(each.event, LeadCaptured)],
    )
    assert {link.value for link in closed.event.identities} == {CLOSED}
    assert closed.event.source == known.event.source
    with Replay(past.url, MASTER) as opened:
        assert next(iter(opened.events(LeadCaptured))) == known
        texts = {link.value for each in opened.events(LeadCaptured) for link in each.event.identities}
        told = "".join(opened.events().to_arrow()["payload"].to_pylist())
    assert texts
    assert not [text for text in texts if not isinstance(text, Erased) and text in told], "not in Arrow, with it either"
    assert "sealed" not in told


def test_who_is_erased_is_so_in_columns() -> None:
    from consumers.replay.columns import closed

    left = Erased(on=NOON, by="mia")
    stored = {"a": {"sealed": "x"}, "b": [{"value": {"sealed": "y"}}, 1], "c": {"erased": {"on": "then", "by": "bob"}}}
    assert closed(stored, None) == {"a": None, "b": [{"value": None}, 1], "c": stored["c"]}
    gone = {"erased": {"on": NOON, "by": "mia"}}
    assert closed(stored, left) == {"a": gone, "b": [{"value": gone}, 1], "c": stored["c"]}


def test_nothing_can_be_written(replay: Replay) -> None:
    with replay.rows.datastore.transaction() as cursor, pytest.raises(Exception, match="read-only transaction"):
        cursor.execute("CREATE TABLE public.mine (a int)")
    for statement in ("DELETE FROM ledger.side_rows", "CREATE SCHEMA whatif"):
        with psycopg.connect(replay.url) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(statement)


def test_a_view_and_a_function_are_folded(past: Past, replay: Replay) -> None:
    funnel = next(view for view in VIEWS if view.name == "funnel")
    with closing(Wire(past.url)) as wire:
        table = fold(past.ledger, wire, funnel, Moment(500, past.ledger.recorded_at(500)))
    found = replay.fold(funnel, until=500)
    assert list(found.states.values()) == list(table.rows())
    assert len(found) == found.to_arrow().num_rows > 0

    def talks(count: int | None, event: FollowUpLogged) -> int:
        return (count or 0) + 1

    def last(_: Any, event: FollowUpLogged, recorded: Recorded) -> dict[str, Any]:
        return {"at": recorded.occurred_at, "effective": event.effective}

    logged = [each for each in past.events if isinstance(each.event, FollowUpLogged)]
    assert dict(replay.fold(talks).states) == Counter(each.stream for each in logged)
    by_day = replay.fold(talks, by=lambda recorded: recorded.occurred_at.date())
    assert dict(by_day.states) == Counter(each.occurred_at.date() for each in logged)
    ends = replay.fold(last)
    assert ends[logged[-1].stream]["at"] == logged[-1].occurred_at
    assert ends.columns == ("key", "at", "effective")
    assert ends._repr_html_().count("<tr>") == 1 + min(20, len(ends))
    with pytest.raises(ValueError, match="folded from the beginning"):
        replay.fold(funnel, after=3)


def test_every_view_can_be_folded_without_the_master_key(replay: Replay) -> None:
    for view in VIEWS:
        replay.fold(view, until=1_500).to_arrow()


def test_every_kind_of_event_has_typed_columns(past: Past, replay: Replay) -> None:
    for name in replay.ledger.codec.by_name:
        assert Batches(replay.rows, replay.ledger.codec, name).schema
    for name in {each.type for each in past.events}:
        assert replay.events(name).to_arrow().num_rows == sum(each.type == name for each in past.events), name
    noted = [each for each in past.events if isinstance(each.event, CustomerOrderNoted)]
    table = replay.arrow(CustomerOrderNoted).read_all()
    assert table["paid_at"].to_pylist() == [each.event.paid_at for each in noted]
    assert table["order_id"].to_pylist() == [str(each.event.order_id) for each in noted]
    assert FACT_NAMES[CustomerOrderNoted] in set(table["type"].to_pylist())


def test_the_demo_would_be_as_it_is_under_its_own_terms(past: Past, replay: Replay) -> None:
    found = replay.what_if()
    assert len(found.rows) > 10
    assert found.differences == ()


def test_what_would_be_is_kept_apart(past: Past, replay: Replay) -> None:
    terms = LifecycleTerms(new_days=1, dormant_days=3, churned_days=6)
    found = replay.what_if(LifecyclePolicy(number=0, time_zone="UTC", terms=terms, product_lines={}))
    assert found.differences
    before = [(each.position, each.event_id) for each in past.ledger.events(0, 1_000_000)]
    for _ in range(2):
        keep(found, past.url, "whatif.strict")
    with psycopg.connect(past.url) as connection:
        kept = connection.execute("SELECT customer_id, recorded, would_be FROM whatif.strict").fetchall()
        (told,) = connection.execute("SELECT obj_description('whatif.strict'::regclass)").fetchone() or ("",)
    assert set(kept) == {(row.customer_id, row.recorded, row.would_be) for row in found.rows}
    assert '"dormant_days": 3' in told
    assert [(each.position, each.event_id) for each in past.ledger.events(0, 1_000_000)] == before
    assert found.to_arrow()["differs"].to_pylist().count(True) == len(found.differences)
    for wrong in ("views.funnel", "ledger.events", "Strict", "a; DROP TABLE x", ""):
        with pytest.raises(NoSuchName):
            table_of(wrong)


def test_the_command_line_says_who_would_be_where(past: Past) -> None:
    env = on(past.url)
    given = ("--new-days", "1", "--dormant-days", "3", "--churned-days", "6", "--into", "from_the_command_line")
    said = lifeledger("replay", "what-if", *given, "--json", env=env)
    assert (said.code, said.err) == (0, "")
    with psycopg.connect(past.url) as connection:
        kept = connection.execute("SELECT count(*) FILTER (WHERE differs), count(*) FROM whatif.from_the_command_line")
        differing, everybody = kept.fetchone() or (0, 0)
    assert len(said.document["differences"]) == differing > 0
    assert sum(each["recorded"] for each in said.document["counts"].values()) == everybody
    said = lifeledger("replay", "what-if", env=env)
    assert (said.code, f"0 of {everybody} customers differ" in said.out) == (0, True), said
    said = lifeledger("replay", "what-if", "--version", "1", env=env)
    assert (said.code, f"0 of {everybody} customers differ" in said.out) == (0, True), said
    for wrong, because in (
        (("--version", "9"), "--version: the last that was published is 1"),
        (("--dormant-days", "300", "--churned-days", "200"), "nobody is lost before he is dormant"),
        (("--into", "views.funnel"), "kept in the schema whatif, and not in views"),
        (("--as-of", "yesterday"), "is no time and no position"),
        (("--as-of", "999999"), "the ledger has positions up to"),
    ):
        said = lifeledger("replay", "what-if", *wrong, env=env)
        assert (said.code, because in said.err) == (2, True), said


def test_the_examples_of_the_docs_run(past: Past) -> None:
    examples = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 4
    known: dict[str, Any] = {"url": past.url}
    for example in examples:
        exec(example, known)  # noqa: S102 - they are ours.
    known["replay"].close()


# Which ledger


def test_here_is_the_ledger_that_the_settings_name(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", past.url)
    with Replay.here() as replay:
        assert replay.last == past.events[-1].position


def test_here_is_an_embedded_one_which_is_started_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with new_home() as home:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setenv("LIFELEDGER_HOME", str(home))
        with pytest.raises(NoLedgerHere, match=re.escape(str(home))):
            Replay.here()
        with EmbeddedPostgres.start(home) as server:
            migrate(server.url())
        with Replay.here() as replay:
            assert replay.last == 0
        assert not (home / "postgres" / "data" / "postmaster.pid").exists()
