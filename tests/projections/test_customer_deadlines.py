"""The deadlines of customers: what lies ahead is what was told last of it, and most visits tell nothing of it."""

from datetime import timedelta
from typing import Any

from domain.customer.dossier import Ahead
from domain.customer.facts.lifecycle import CustomerOrderNoted, LearningNoted
from projections.deadlines import deadlines
from tests.commands.customer.situations import LI, ORDER, TENTH, created
from tests.projections.spec import rows

SOON, LATER = TENTH + timedelta(days=30), TENTH + timedelta(days=180)
ordered = CustomerOrderNoted(customer_id=LI, order_id=ORDER, paid_at=TENTH, ahead=Ahead(dormant_at=LATER))


def due(*events: object) -> dict[str, Any]:
    return {row.kind: row.due_at for row in rows(deadlines, *created, ordered, *events)}


def learned(ahead: Ahead | None) -> LearningNoted:
    return LearningNoted(customer_id=LI, course="piano-1", done=3, learned_at=TENTH, ahead=ahead)


def test_who_is_new_and_learns_is_active_when_his_window_ends_and_for_others_that_is_no_news() -> None:
    assert due() == {"dormant": LATER}
    assert due(learned(None)) == {"dormant": LATER}
    assert due(learned(Ahead(active_at=SOON, dormant_at=LATER))) == {"active": SOON, "dormant": LATER}
