"""Lists of rows, on a real PostgreSQL: filters, order, pages and figures."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from domain.values import LeadId, StaffId
from projections.funnel import Journey, funnel
from projections.projection import Projection
from projections.query import BadQuery, Cursor, Filter, Listing, count, cursor, page, summary
from projections.sales_worklist import SalesLead, sales_worklist
from projections.status_time import Spell, status_time
from tests.projections.leads import at, captured, contacted, negotiating, qualified
from tests.projections.lists import NOW, Found, Views, lead, numbers
from tests.projections.spec import rows

pytestmark = pytest.mark.slow  # On a real database.

# Filters


def test_rows_come_back_with_all_that_was_put_in(views: Views) -> None:
    whole = lead(
        1, phones=("+86138****8000",), collaborators=("bob",), collaborating_until=(None,), amount=Decimal("1.50")
    )
    views.put(sales_worklist, whole)
    (found,) = views.list(sales_worklist)
    assert found["subject_id"] == f"lead/{whole.lead_id}"
    assert {**found, "phones": tuple(found["phones"])}["phones"] == whole.phones
    assert (found["collaborators"], found["collaborating_until"], found["amount"]) == (["bob"], [None], Decimal("1.50"))


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ([Filter("source", "eq", "ads")], [1, 3]),
        ([Filter("source", "ne", "ads")], [2]),
        ([Filter("source", "in", ["ads", "fair"])], [1, 2, 3]),
        ([Filter("score", "ge", 50)], [1, 2]),
        ([Filter("score", "gt", 50), Filter("score", "le", 90)], [1]),
        ([Filter("score", "null", True)], [3]),
        ([Filter("score", "null", False)], [1, 2]),
        ([Filter("amount", "lt", Decimal("10.01"))], [2]),
        ([Filter("captured_at", "ge", at(3, 2))], [2, 3]),
        ([Filter("lead_id", "eq", str(UUID(int=2)))], [2]),
        ([Filter("phones", "has", "+86138****8000")], [1]),
        ([Filter("source", "eq", "'; DROP TABLE x --")], []),
        ([Filter("source", "eq", "100%s")], []),
    ],
)
def test_filters(views: Views, filters: list[Filter], wanted: list[int]) -> None:
    views.put(
        sales_worklist,
        lead(1, score=90, amount=Decimal("10.01"), phones=("+86138****8000", "+49****1")),
        lead(2, score=50, amount=Decimal(10), source="fair", captured_at=at(3, 2)),
        lead(3, captured_at=at(3, 3)),
    )
    assert numbers(views.list(sales_worklist, *filters)) == wanted


def test_closed_leads_are_not_listed(views: Views) -> None:
    views.put(
        sales_worklist, *(lead(n, status=status) for n, status in enumerate(("new", "lost", "invalid", "qualified")))
    )
    assert numbers(views.list(sales_worklist)) == [0, 3]
    assert views.list(sales_worklist, Filter("status", "eq", "lost")) == []


@pytest.mark.parametrize(
    ("asked", "field", "because"),
    [
        (Listing(NOW, None, [Filter("phone_ids", "null", True)]), "phone_ids", "is filtered by"),
        (Listing(NOW, None, [Filter("nothing", "eq", 1)]), "nothing", "is filtered by"),
        (Listing(NOW, None, [Filter("phones", "eq", "x")]), "phones", "compared by has"),
        (Listing(NOW, None, [Filter("source", "has", "x")]), "source", "compared by eq"),
        (Listing(NOW, None, sort="phones"), "sort", "is sorted by"),
        (Listing(NOW, None, sort='score"; DROP'), "sort", "is sorted by"),
        (Listing(NOW, None, limit=0), "limit", "1 to 500"),
        (Listing(NOW, None, limit=501), "limit", "1 to 500"),
        (Listing(NOW, None, after=()), "cursor", "no cursor"),
        (Listing(NOW, None, after=(None, "x")), "cursor", "no cursor"),
        (Listing(NOW, None, after=(NOW.isoformat(),)), "cursor", "no cursor"),
        (Listing(NOW, None, sort="score", after=(NOW.isoformat(), str(UUID(int=1)))), "cursor", "no cursor"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: Listing, field: str, because: str) -> None:
    with pytest.raises(BadQuery, match=because) as bad:
        page(sales_worklist, asked)
    assert bad.value.field == field


def test_the_read_side_speaks_psycopg2(views: Views) -> None:
    """Parameters travel as parameters: nothing that is asked becomes SQL."""
    assert isinstance(views.session.connected(), psycopg2.extensions.connection)
    statement = page(sales_worklist, Listing(NOW, None, [Filter("source", "eq", "secret")], limit=9))
    assert "secret" not in statement.sql
    assert statement.sql.count("%s") == len(statement.parameters)


# Order and pages


def pages(views: Views, view: Projection, sort: str | None, limit: int) -> Iterator[list[Found]]:
    after: Cursor | None = None
    while True:
        asked = Listing(NOW, None, sort=sort, limit=limit, after=after)
        found = views.run(page(view, asked))
        yield found[:limit]
        if len(found) <= limit:
            return
        after = cursor(view, asked, found[limit - 1])
        assert all(part is None or isinstance(part, str) for part in after), "a cursor is texts"


@pytest.mark.parametrize("sort", [None, *(f"{way}{name}" for name in sales_worklist.sorts for way in ("", "-"))])
def test_pages_are_the_list_cut_in_pieces(views: Views, sort: str | None, seed: int) -> None:
    chance = Random(seed)
    some = [None, at(3, 1), at(3, 2), at(4, 2), at(4, 9)]

    def any_lead(number: int) -> SalesLead:
        return lead(
            number,
            score=chance.choice([None, 1, 2]),
            amount=chance.choice([None, Decimal("1.5"), Decimal("1.50"), Decimal(2)]),
            attempts=chance.randrange(3),
            captured_at=at(3, chance.randint(1, 3)),
            owner_id=chance.choice([None, StaffId("ann")]),
            next_action_at=chance.choice(some),
            first_contact_due=chance.choice(some),
            protect_until=chance.choice(some),
            last_effective_contact=chance.choice(some),
        )

    views.put(sales_worklist, *map(any_lead, range(40)))
    whole = views.list(sales_worklist, sort=sort, limit=100)
    assert len(whole) == 40
    if sort is not None:
        values = [row[sort.removeprefix("-")] for row in whole]
        known = [value for value in values if value is not None]
        assert values == sorted(known, reverse=sort.startswith("-")) + [None] * (40 - len(known)), "nothing comes last"
    for limit in (1, 7, 39, 40):
        cut = list(pages(views, sales_worklist, sort, limit))
        assert numbers([row for each in cut for row in each]) == numbers(whole)
        assert max(map(len, cut)) == limit


def test_rows_that_come_and_go_between_pages_move_no_others(views: Views) -> None:
    views.put(sales_worklist, *(lead(n, score=n // 2) for n in range(10)))
    asked = Listing(NOW, None, sort="score", limit=4)
    first = views.run(page(sales_worklist, asked))[:4]
    views.put(sales_worklist, lead(100, score=0), lead(101, score=9))
    after = replace(asked, after=cursor(sales_worklist, asked, first[-1]), limit=20)
    assert numbers(views.run(page(sales_worklist, after))) == [*range(4, 10), 101]


def test_later_pages_are_read_at_the_time_of_the_first(views: Views) -> None:
    views.put(
        sales_worklist, *(lead(n, owner_id=StaffId("ann"), next_action_at=NOW + timedelta(hours=n)) for n in range(4))
    )
    asked = Listing(NOW, None, sort="rank", limit=2)
    first = views.run(page(sales_worklist, asked))
    assert [row["rank"] for row in first] == [1, 4, 4]
    later = replace(asked, now=NOW + timedelta(days=1), after=cursor(sales_worklist, asked, first[1]))
    assert numbers(views.run(page(sales_worklist, later))) == [2, 3]


def test_the_rank_puts_first_what_is_due(views: Views) -> None:
    soon, long = NOW + timedelta(days=1), NOW + timedelta(days=30)
    ann = StaffId("ann")
    views.put(
        sales_worklist,
        lead(5),
        lead(4, owner_id=ann, protect_until=long),
        lead(3, owner_id=ann, protect_until=long, first_contact_due=soon),
        lead(2, owner_id=ann, protect_until=soon),
        lead(1, owner_id=ann, protect_until=long, next_action_at=NOW),
        lead(0, owner_id=ann, protect_until=long, first_contact_due=NOW),
    )
    found = views.list(sales_worklist, sort="rank")
    assert numbers(found) == [0, 1, 2, 3, 4, 5]
    assert [row["rank"] for row in found] == [1, 1, 2, 3, 4, 5]


def test_how_many_there_are(views: Views) -> None:
    views.put(sales_worklist, *(lead(n, score=n) for n in range(9)), lead(9, status="lost"))
    few = Listing(NOW, None, [Filter("score", "lt", 4)], limit=1)
    assert views.run(count(sales_worklist, few)) == [{"count": 4}]
    assert views.run(count(sales_worklist, few, most=3)) == [{"count": 3}]


def test_how_long_a_stay_has_lasted_by_now(views: Views) -> None:
    stay = Spell(subject_id="lead/1", ordinal=1, status="new", entered=at(3, 31), left=at(4, 1))
    views.put(
        status_time,
        stay,
        replace(stay, ordinal=2, entered=at(3, 31, 12), left=None),
        replace(stay, ordinal=3, entered=None),
    )
    assert [row["calendar_seconds"] for row in views.list(status_time)] == [86_400, 43_200, None]


def test_a_stay_that_ended_before_it_began_has_lasted_no_time(views: Views) -> None:
    told = ((at(3, 1), captured), (at(3, 9), contacted), (at(3, 4), qualified), (at(3, 8), negotiating))
    views.put(status_time, *rows(status_time, *told))
    found = views.list(status_time)
    assert [(row["entered"], row["left"]) for row in found][1:3] == [(at(3, 9), at(3, 4)), (at(3, 4), at(3, 8))]
    assert [row["calendar_seconds"] for row in found][:3] == [8 * 86_400, 0, 4 * 86_400]
    assert views.list(status_time, sort="calendar_seconds")[0]["status"] == "contacting"


# Figures


def test_the_funnel_of_a_cohort_and_source(views: Views) -> None:
    def journey(number: int, source: str = "ads", days: int | None = None, **columns: Any) -> Journey:
        begun = at(3, 1)
        return Journey(
            lead_id=LeadId(UUID(int=number)),
            cohort=begun.date(),
            source=source,
            channel="form",
            captured_at=begun,
            contacting_at=None if days is None else begun + timedelta(days=days),
            **columns,
        )

    euro: dict[str, Any] = {"currency": "EUR", "amount": Decimal("10.50")}
    views.put(
        funnel,
        journey(1, days=1, status="contacting", **euro),
        journey(2, days=3, status="converted", converted_at=at(3, 9), **euro),
        journey(3, days=8, status="lost", currency="CNY", amount=Decimal(7)),
        journey(4, status="invalid"),
        journey(5, status="merged"),
        journey(6, source="fair"),
    )
    ads, fair = views.run(summary(funnel, "stages", Listing(NOW, None)))
    assert (ads["source"], fair["source"]) == ("ads", "fair")
    assert {name: ads[name] for name in ("entered", "contacting", "qualified", "negotiating")} == {
        "entered": 5,
        "contacting": 3,
        "qualified": 0,
        "negotiating": 0,
    }
    ends = ("converted", "lost", "invalid", "merged", "open")
    assert [ads[name] for name in ends] == [1] * 5
    assert (ads["conversion"], ads["days_to_contact"], ads["days_to_qualify"]) == (Decimal("0.2000"), 3.0, None)
    assert ads["amounts"] == {"EUR": "21.00", "CNY": "7"}
    assert (fair["entered"], fair["open"], fair["amounts"]) == (1, 1, None)

    (everything,) = views.run(summary(funnel, "stages", Listing(NOW, None), by=()))
    assert (everything["entered"], everything["conversion"]) == (6, Decimal("0.1667"))
    (only_ads,) = views.run(summary(funnel, "stages", Listing(NOW, None, [Filter("source", "eq", "ads")]), by=()))
    assert only_ads["entered"] == 5
    (nothing,) = views.run(summary(funnel, "stages", Listing(NOW, None, [Filter("source", "eq", "x")]), by=()))
    assert (nothing["entered"], nothing["conversion"]) == (0, None)
    assert [row["status"] for row in views.run(summary(funnel, "stages", Listing(NOW, None), by=["status"]))] == sorted(
        ["contacting", "converted", "lost", "invalid", "merged", "new"]
    )


def test_who_was_told_to_be_there_before_took_no_time(views: Views) -> None:
    """Of three, one was told to be qualified before being contacted; a fourth has not come so far."""
    begun = Journey(
        lead_id=LeadId(UUID(int=1)), cohort=at(3, 1).date(), source="ads", channel="form", captured_at=at(3, 1)
    )
    views.put(
        funnel,
        replace(begun, contacting_at=at(3, 9), qualified_at=at(3, 2)),
        replace(begun, lead_id=LeadId(UUID(int=2)), contacting_at=at(3, 9), qualified_at=at(3, 4)),
        replace(begun, lead_id=LeadId(UUID(int=3)), contacting_at=at(3, 2), qualified_at=at(3, 8)),
        replace(begun, lead_id=LeadId(UUID(int=4)), contacting_at=at(3, 9)),
    )
    (figures,) = views.run(summary(funnel, "stages", Listing(NOW, None)))
    assert (figures["days_to_contact"], figures["days_to_qualify"], figures["days_to_convert"]) == (8.0, 0.0, None)


def test_the_forecast_weighs_what_is_open_by_month_and_owner_and_never_over_currencies(views: Views) -> None:
    def chance(number: int, amount: int | None, probability: int | None, month: int, **more: Any) -> Journey:
        return Journey(
            lead_id=LeadId(UUID(int=number)),
            cohort=at(3, 1).date(),
            source="ads",
            channel="form",
            captured_at=at(3, 1),
            amount=None if amount is None else Decimal(amount),
            currency=None if amount is None else "CNY",
            probability=probability,
            close_date=date(2026, month, number),
            **more,
        )

    ann = StaffId("ann")
    views.put(
        funnel,
        chance(1, 100, 40, 4, owner_id=ann, status="qualified"),
        chance(2, 50, 10, 4, owner_id=ann, status="qualified"),
        replace(chance(3, 7, 50, 4, owner_id=ann, status="qualified"), currency="EUR"),
        chance(4, 30, None, 5, owner_id=ann, status="negotiating"),
        chance(5, None, None, 5),
        *(chance(6 + n, 9, 90, 4, status=each) for n, each in enumerate(("converted", "lost", "invalid", "merged"))),
    )
    asked = Listing(NOW, None)
    found = views.run(summary(funnel, "forecast", asked))
    april, may = date(2026, 4, 1), date(2026, 5, 1)
    assert [tuple(row.values()) for row in found] == [
        (april, "ann", "qualified", "CNY", 2, Decimal(150), Decimal(45), None),
        (april, "ann", "qualified", "EUR", 1, Decimal(7), Decimal("3.5"), None),
        (may, "ann", "negotiating", "CNY", 1, Decimal(30), None, Decimal(30)),
        (may, None, "new", None, 1, None, None, None),
    ]
    by_owner = views.run(summary(funnel, "forecast", asked, ["owner_id"]))
    assert [(row["owner_id"], row["currency"], row["weighted"]) for row in by_owner] == [
        ("ann", "CNY", Decimal(45)),
        ("ann", "EUR", Decimal("3.5")),
        (None, None, None),
    ]
    (first, *_) = views.list(funnel, Filter("close_date", "lt", may), sort="-weighted")
    assert (first["lead_id"].int, first["weighted"], first["close_month"]) == (1, Decimal(40), april)


def test_figures_that_are_not_declared_are_refused() -> None:
    with pytest.raises(BadQuery, match="has stages, forecast"):
        summary(funnel, "nothing", Listing(NOW, None))
    with pytest.raises(BadQuery, match="is told by cohort"):
        summary(funnel, "stages", Listing(NOW, None), by=["lead_id"])
