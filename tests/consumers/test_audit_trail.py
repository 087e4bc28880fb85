"""Whoever reads the audit trail has the event beside each row: who did it, for whom, when, why and on what command."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from consumers.at import Moment, fill, fold
from consumers.session import Session
from domain.access import Scope
from domain.actor import Actor, Reason, Source
from domain.values import OrgPath
from ledger.envelope import Append, Batch, Circumstances
from ledger.scan import Wire
from projections.audit_trail import audit_trail
from projections.query import Filter, Listing, Operator, count, page, subjects
from projections.scope import Reach
from projections.sql import of_moment
from tests.consumers.house import House
from tests.projections.leads import LEAD, at, captured, claimed, pooled, released, transferred
from tests.projections.lists import NOW, Views

pytestmark = pytest.mark.slow

MIA = Actor(kind="user", id="mia", name="Mia", role="sales_manager", org_path=OrgPath("north"))
CRM = Actor(kind="service", id="crm", role="service_account")
STREAM = f"lead/{LEAD}"


def around(number: int, actor: Actor, **more: Any) -> Circumstances:
    when = at(3, number)
    told: dict[str, Any] = {"recorded_at": when + timedelta(hours=1), "correlation_id": UUID(int=70 + number)} | more
    return Circumstances(command_id=UUID(int=number), actor=actor, occurred_at=when, subject=STREAM, **told)


def settle(house: House, *told: tuple[Any, Circumstances]) -> None:
    batches = [
        Batch("Told", b"", STREAM, version, circumstances, [Append(STREAM, version, event)])
        for version, (event, circumstances) in enumerate(told, start=1)
    ]
    with house.ledger.locked() as locked:
        locked.check({STREAM}, (), ())
        locked.insert_batches(house.ledger.encode(batches))


@pytest.fixture
def views(house: House) -> Iterator[Views]:
    told = {
        "reason": Reason(code="ill", text="a bad back"),
        "on_behalf_of": "ann",
        "source": Source(system="exchange", message_id="m-1"),
        "policy_version": "pool/north@3",
        "causation_id": UUID(int=60),
        "imported": True,
    }
    settle(
        house,
        (captured, around(1, CRM)),
        (pooled, around(2, CRM)),
        (claimed, around(3, MIA)),
        (transferred, around(4, MIA, **told)),
        (released, around(5, MIA, correlation_id=UUID(int=74))),
    )
    house.worker(views=[audit_trail])
    house.caught_up(audit_trail)
    with closing(Session(house.url, "lists")) as session:
        yield Views(session)


def positions(views: Views, *filters: tuple[str, Operator, Any], **more: Any) -> list[int]:
    found = views.list(audit_trail, *(Filter(*each) for each in filters), **more)
    return [row["position"] for row in found]


def test_a_row_says_who_did_it_for_whom_when_why_and_on_what_command(views: Views) -> None:
    (row,) = views.list(audit_trail, Filter("position", "eq", 4))
    assert row["event_id"].version == 7
    assert row == {
        "event_id": row["event_id"],
        "as_of_position": 4,
        "position": 4,
        "ordinal": 1,
        "type": "lead.transferred",
        "subject_id": STREAM,
        "version": 4,
        "occurred_at": at(3, 4),
        "recorded_at": at(3, 4, 1),
        "field": "owner",
        "was": "ann",
        "became": "bob",
        "corrects": None,
        "because": None,
        "reason": "ill",
        "actor_kind": "user",
        "actor_id": "mia",
        "actor_name": "Mia",
        "actor_role": "sales_manager",
        "actor_org": "north",
        "on_behalf_of": "ann",
        "policy_version": "pool/north@3",
        "command_id": UUID(int=4),
        "correlation_id": UUID(int=74),
        "causation_id": UUID(int=60),
        "source": "exchange",
        "message_id": "m-1",
        "imported": True,
    }


def test_where_the_event_itself_gives_a_reason_it_is_that_one(views: Views) -> None:
    found = views.list(audit_trail, Filter("position", "eq", 5))
    assert [(row["field"], row["reason"]) for row in found] == [
        ("owner", "voluntary-return"),
        ("pool", "voluntary-return"),
    ]


def test_it_is_found_by_what_the_event_says(views: Views) -> None:
    newest_first = positions(views, ("subject_id", "eq", STREAM), sort="-position")
    assert newest_first == [5, 5, 4, 3, 2, 1]
    assert positions(views, ("actor_id", "eq", "crm")) == [1, 2]
    assert positions(views, ("correlation_id", "eq", UUID(int=74))) == [4, 5, 5]
    assert positions(views, ("command_id", "eq", UUID(int=3))) == [3]
    assert positions(views, ("reason", "eq", "ill")) == [4]
    assert positions(views, ("type", "in", ["lead.pooled", "lead.claimed"])) == [2, 3]
    assert positions(views, ("actor_org", "null", True)) == []
    assert positions(views, ("occurred_at", "ge", at(3, 4)), ("field", "eq", "owner")) == [4, 5]
    assert positions(views, ("recorded_at", "lt", at(3, 2, 1))) == [1]
    assert positions(views, ("position", "gt", 2), sort="-occurred_at") == [5, 5, 4, 3]
    assert views.run(subjects(audit_trail, Listing(NOW, None), 5)) == [{"subject_id": STREAM}]
    assert views.run(count(audit_trail, Listing(NOW, None, (Filter("imported", "eq", True),)))) == [{"count": 1}]


@pytest.mark.parametrize("scope", Scope)
def test_only_who_may_read_everything_reads_it(views: Views, scope: Scope) -> None:
    asked = Listing(NOW, Reach(Actor(kind="user", id="ann", role="sales", org_path=OrgPath("north")), scope))
    wanted = 6 if scope is Scope.ALL else 0
    assert len(views.run(page(audit_trail, asked))) == wanted
    assert views.run(count(audit_trail, asked)) == [{"count": wanted}]


def test_as_of_another_moment_it_says_the_same(house: House, views: Views) -> None:
    wire = Wire(house.url)
    with closing(wire), views.session.transaction() as cursor:
        when = Moment(4, NOW, None)
        fill(cursor, audit_trail, when, fold(house.ledger, wire, audit_trail, when))
        asked = Listing(NOW, None, (Filter("actor_id", "eq", "mia"),), kept_in=of_moment(when.table(audit_trail)))
        statement = page(audit_trail, asked)
        cursor.execute(statement.sql, statement.parameters)
        then = [dict(zip(statement.columns, row, strict=True)) for row in cursor.fetchall()]
    now = views.list(audit_trail, Filter("actor_id", "eq", "mia"), Filter("position", "le", 4))
    assert [row["position"] for row in then] == [3, 4]
    assert then == now


def test_built_anew_by_several_processes_or_in_many_steps_it_is_the_same(house: House, views: Views) -> None:
    with patch("consumers.shares.AT_ONCE", 2):
        house.must_equal_a_rebuild(audit_trail)


def test_of_many_events_few_are_read_for_one_subject_or_actor_or_cause(house: House, views: Views) -> None:
    """The ledger's own indexes find them."""
    for column, value in (("subject_id", STREAM), ("actor_id", "mia"), ("correlation_id", UUID(int=74))):
        statement = page(audit_trail, Listing(NOW, None, (Filter(column, "eq", value),)))
        with views.session.transaction() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {statement.sql}", statement.parameters)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan" not in plan, plan
        assert "Index Cond: (notification_id" not in plan.split("stored_events")[1], plan
