"""Forecast and targets, found out three ways: by the views, by counting events, and by SQL over what is stored."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.service import open_ledger
from domain.lead.facts.custody import LeadClaimed, LeadPooled, LeadTransferred
from domain.lead.facts.intake import LeadCaptured
from domain.lead.facts.work import LeadConverted, LeadLost, LeadNegotiating, LeadQualified
from domain.order.facts import SalesCreditAttributed, SalesCreditReversed
from domain.staff import StaffMoved, StaffOnboarded
from domain.target import TargetChanged, TargetSet, TargetWithdrawn
from domain.values import within
from ledger.envelope import Recorded
from projections.funnel import funnel
from projections.targets import targets
from tests.consumers.house import House
from tests.memory import MASTER
from tests.projections.trade import TOLD, Trade
from tests.servers import Server

pytestmark = pytest.mark.slow  # A history by all rules, on a real database.


@pytest.fixture(scope="module")
def trade(postgres: Server, prepared: str, seed: int) -> Iterator[Trade]:
    name = f"sales_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        trade = Trade(House(postgres.url(name), ledger), seed)
        trade.works()
        for view in (funnel, targets):
            trade.house.rebuild(view)
        yield trade
    postgres.drop_database(name)


def test_something_of_everything_has_happened(trade: Trade) -> None:
    kinds = {type(each.event) for each in trade.events()}
    assert kinds >= {LeadQualified, LeadNegotiating, LeadConverted, LeadLost, LeadTransferred, StaffMoved}
    assert kinds >= {TargetSet, TargetChanged, TargetWithdrawn, SalesCreditAttributed, SalesCreditReversed}


# Forecast

Forecast = dict[tuple[Any, ...], list[Any]]


def forecast_by_counting(events: list[Recorded]) -> Forecast:
    leads: dict[UUID, dict[str, Any]] = {}
    for each in events:
        match each.event:
            case LeadCaptured(lead_id=lead_id, requested_amount=amount):
                leads[lead_id] = {"status": "new", "owner": None, "amount": amount, "chance": None, "day": None}
            case LeadClaimed(lead_id=lead_id, owner=owner) | LeadTransferred(lead_id=lead_id, to=owner):
                leads[lead_id]["owner"] = owner
            case LeadPooled(lead_id=lead_id):
                leads[lead_id]["owner"] = None
            case LeadQualified(lead_id=lead_id, amount=amount, probability=chance, close_date=day):
                leads[lead_id] |= {"amount": amount, "chance": chance, "day": day}
            case LeadNegotiating(lead_id=lead_id, amount=amount):
                leads[lead_id]["amount"] = amount
            case _:
                pass
        if (
            each.stream.startswith("lead/")
            and hasattr(each.event, "to")
            and not isinstance(each.event, LeadTransferred)
        ):
            leads[each.event.lead_id]["status"] = each.event.to
    found: Forecast = defaultdict(lambda: [0, None, None, None])
    for lead in leads.values():
        if lead["status"] in {"converted", "lost"}:
            continue
        month = None if lead["day"] is None else date(lead["day"].year, lead["day"].month, 1)
        amount, chance = lead["amount"], lead["chance"]
        line = found[month, lead["owner"], lead["status"], None if amount is None else amount.currency]
        line[0] += 1
        if amount is not None:
            line[1] = (line[1] or 0) + amount.amount
            column, part = (3, amount.amount) if chance is None else (2, amount.amount * chance / 100)
            line[column] = (line[column] or 0) + part
    return dict(found)


FORECAST = f"""{TOLD}, lead AS (SELECT what->>'lead_id' AS id, * FROM told WHERE type LIKE 'lead.%%'),
last AS (
    SELECT captured.id,
        (SELECT what->>'to' FROM lead WHERE lead.id = captured.id AND what ? 'to' AND type <> 'lead.transferred'
            ORDER BY position DESC LIMIT 1) AS status,
        (SELECT CASE type WHEN 'lead.claimed' THEN what->>'owner' WHEN 'lead.transferred' THEN what->>'to' END
            FROM lead WHERE lead.id = captured.id AND type IN ('lead.claimed', 'lead.transferred', 'lead.pooled')
            ORDER BY position DESC LIMIT 1) AS owner,
        (SELECT coalesce(what->'amount', what->'requested_amount') FROM lead WHERE lead.id = captured.id
            AND (what ? 'amount' OR what ? 'requested_amount') ORDER BY position DESC LIMIT 1) AS amount,
        (SELECT what FROM lead WHERE lead.id = captured.id AND type = 'lead.qualified'
            ORDER BY position DESC LIMIT 1) AS said
    FROM lead AS captured WHERE type = 'lead.captured'
), foreseen AS (
    SELECT date_trunc('month', (said->>'close_date')::date)::date AS month, owner, coalesce(status, 'new') AS status,
        amount->>'currency' AS currency, (amount->>'amount')::numeric AS amount,
        (said->>'probability')::numeric / 100 AS chance
    FROM last WHERE coalesce(status, 'new') NOT IN ('converted', 'lost')
)
SELECT month, owner, status, currency, count(*), sum(amount), sum(amount * chance),
    sum(amount) FILTER (WHERE chance IS NULL)
FROM foreseen GROUP BY 1, 2, 3, 4"""


def test_what_is_foreseen_is_the_same_however_it_is_found_out(trade: Trade) -> None:
    by = ("close_month", "owner_id", "status", "currency")
    names = ("leads", "amount", "weighted", "unweighted")
    figures = trade.figures(funnel, "forecast", trade.now)
    by_view = {tuple(row[each] for each in by): [row[name] for name in names] for row in figures}
    by_sql = {row[:4]: list(row[4:]) for row in trade.query(FORECAST, [])}
    assert by_view == forecast_by_counting(trade.events()) == by_sql
    assert len(by_view) > 3


# Targets


def actual_by_counting(events: list[Recorded]) -> dict[str, Decimal | None]:
    """What was done, by whom, and where he was then; and after that, which of it each target is about."""
    org: dict[str, str] = {}
    owner: dict[UUID, str] = {}
    done: list[tuple[str, str | None, str, str, str | None, Decimal]] = []
    wanted: dict[str, TargetSet] = {}
    for each in events:
        month = each.occurred_at.isoformat()[:7]
        match each.event:
            case StaffOnboarded(staff_id=who, org_path=where) | StaffMoved(staff_id=who, to=where):
                org[who] = where
            case LeadClaimed(lead_id=lead_id, owner=who) | LeadTransferred(lead_id=lead_id, to=who):
                owner[lead_id] = who
            case LeadConverted(lead_id=lead_id) if lead_id in owner:
                done.append((owner[lead_id], org.get(owner[lead_id]), month, "converted", None, Decimal(1)))
            case SalesCreditAttributed(staff_id=who, amount=money):
                done.append((who, org.get(who), month, "revenue", money.currency, money.amount))
            case SalesCreditReversed(staff_id=who, amount=money):
                done.append((who, org.get(who), month, "revenue", money.currency, -money.amount))
            case TargetSet(target_id=target_id):
                wanted[target_id] = each.event
            case TargetWithdrawn(target_id=target_id):
                del wanted[target_id]
            case _:
                pass
    return {target_id: actual(target, done) for target_id, target in wanted.items()}


def actual(target: TargetSet, done: list[tuple[str, str | None, str, str, str | None, Decimal]]) -> Decimal | None:
    if target.metric not in {"revenue", "converted"}:
        return None
    currency = None if target.amount is None else target.amount.currency
    return sum(
        (
            size
            for who, where, month, metric, of_currency, size in done
            if (metric, of_currency) == (target.metric, currency)
            and target.period in {month, f"{month[:5]}Q{(int(month[5:]) + 2) // 3}"}
            and (who == target.staff_id or (target.team and where is not None and within(where, target.team)))
        ),
        Decimal(0),
    )


ACTUAL = f"""{TOLD}, done AS (
    SELECT position, at, what->>'staff_id' AS who, 'revenue' AS metric, what#>>'{{amount,currency}}' AS currency,
        (what#>>'{{amount,amount}}')::numeric * CASE type WHEN 'order.sales-credit-reversed' THEN -1 ELSE 1 END AS size
    FROM told WHERE type LIKE 'order.sales-credit-%%'
    UNION ALL
    SELECT position, at, (SELECT coalesce(before.what->>'owner', before.what->>'to') FROM told AS before
        WHERE before.position < told.position AND before.type IN ('lead.claimed', 'lead.transferred')
        AND before.what->>'lead_id' = told.what->>'lead_id' ORDER BY before.position DESC LIMIT 1),
        'converted', NULL, 1
    FROM told WHERE type = 'lead.converted'
), placed AS (
    SELECT *, (SELECT coalesce(seat.what->>'org_path', seat.what->>'to') FROM told AS seat
        WHERE seat.position < done.position AND seat.type IN ('staff.onboarded', 'staff.moved')
        AND seat.what->>'staff_id' = done.who ORDER BY seat.position DESC LIMIT 1) AS org,
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, to_char(at AT TIME ZONE 'UTC', 'YYYY-"Q"Q') AS quarter
    FROM done
), wanted AS (
    SELECT told.what FROM told WHERE type = 'target.set' AND NOT EXISTS (SELECT FROM told AS later
        WHERE later.type = 'target.withdrawn' AND later.what->>'target_id' = told.what->>'target_id'
        AND later.position > told.position)
)
SELECT what->>'target_id', CASE WHEN what->>'metric' <> 'calls' THEN
    (SELECT coalesce(sum(size), 0) FROM placed WHERE metric = what->>'metric'
        AND currency IS NOT DISTINCT FROM what#>>'{{amount,currency}}' AND what->>'period' IN (month, quarter)
        AND (who = what->>'staff_id' OR org || '/' LIKE (what->>'team') || '/%%')) END
FROM wanted"""


def test_what_is_reached_is_the_same_however_it_is_found_out(trade: Trade) -> None:
    rows = trade.rows(targets, trade.now)
    by_view = {row["target_id"]: row["actual"] for row in rows}
    assert by_view == actual_by_counting(trade.events()) == dict(trade.query(ACTUAL, []))
    assert len({found for found in by_view.values() if found}) > 3
    reached = sum(1 for row in rows if row["actual"] is not None and row["actual"] >= row["target"])
    assert sum(row["reached"] for row in trade.figures(targets, "reached", trade.now)) == reached
