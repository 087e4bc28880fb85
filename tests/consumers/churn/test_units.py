"""In which units, on which days and of which product lines facts of churn are told."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from consumers.churn.reading import TOO_LARGE, House, policy_of
from domain.lifecycle_policy import LifecyclePolicy, LifecycleTerms
from domain.values import OrderId
from projections.churn.facts import Purchase
from tests.projections.trade import CUSTOMERS

ZONE = "Asia/Shanghai"
NONE = LifecyclePolicy(number=0, time_zone="UTC", terms=LifecycleTerms(), product_lines={"p": LifecycleTerms()})
BOUGHT = Purchase(
    order_id=OrderId(UUID(int=1)), customer_id=CUSTOMERS[0], currency="KWD", products=("p.x",), paid=Decimal("1.234"),
    paid_at=datetime(2026, 1, 31, 23, tzinfo=UTC),
)  # fmt: skip


def test_money_is_in_the_smallest_units_of_its_currency() -> None:
    assert House(NONE).purchase(BOUGHT)["net"] == 1_234
    assert House(NONE).purchase(replace(BOUGHT, currency="JPY", paid=Decimal(7)))["net"] == 7


def test_amounts_too_large_to_be_added_up_are_left_out_and_say_so() -> None:
    most = House(NONE).purchase(replace(BOUGHT, paid=Decimal(TOO_LARGE).scaleb(-3)))
    assert (most["net"], most["why"]) == (TOO_LARGE, "")
    more = House(NONE).purchase(replace(BOUGHT, paid=Decimal(TOO_LARGE + 1).scaleb(-3)))
    assert (more["net"], more["why"]) == (0, "too-large")


def test_what_was_free_counts_and_what_all_went_back_does_not() -> None:
    assert House(NONE).purchase(replace(BOUGHT, paid=Decimal(0)))["why"] == ""
    assert House(NONE).purchase(replace(BOUGHT, refunded=Decimal("1.234")))["why"] == "refunded"
    part = House(NONE).purchase(replace(BOUGHT, refunded=Decimal(1)))
    assert (part["why"], part["net"], part["refunded"]) == ("", 234, 1_000)


def test_the_month_is_that_of_the_house() -> None:
    east = House(replace(NONE, time_zone=ZONE)).purchase(BOUGHT)
    assert (House(NONE).purchase(BOUGHT)["month"], east["month"]) == (2026 * 12, 2026 * 12 + 1)


def test_the_product_line_is_found_by_what_was_bought_where_no_clock_has_looked() -> None:
    assert House(NONE).purchase(BOUGHT)["product_line"] == "p"
    assert House(NONE).purchase(replace(BOUGHT, line_known=True))["product_line"] == ""
    gone = replace(BOUGHT, line_known=True, product_line="withdrawn")
    assert House(NONE).purchase(gone)["product_line"] == "", "it has no terms of its own any more"


def test_where_nothing_is_published_the_terms_are_those_of_the_design() -> None:
    assert policy_of([]).terms == LifecycleTerms()
