"""Every view says by what it is fed, and why."""

import re

from consumers.fed import fed, view_topic
from domain.values import FACT_NAMES
from projections import (
    VIEWS,
    audit_trail,
    capacity,
    custody_ledger,
    forgotten_people,
    funnel,
    orders,
    sales_worklist,
    status_time,
)
from projections.projection import Projection
from tests.conftest import ROOT

BY_PARTITIONS = {
    "staff_directory", "pool_directory", "funnel", "status_time", "deadlines", "ticket_dispatch", "sla_terms",
    "dispatch_rules", "dispatch_queue", "inspectable_calls", "inspectable_tickets", "inspected_scores",
    "order_refunds", "sampling_plans", "key_accounts", "customers_apart", "lead_turns", "audit_trail", "qa_queue",
    "agent_quality", "calibrations", "calibration_items", "calibration_scores", "working_hours",
    "sla_report", "contact_pressure", "value_matrix", "enquirers", "credit", "campaign_results", "groups",
    "customer_activity", "customer_lives", "churn_terms", "churn_models",
}  # fmt: skip
BY_THE_LEDGER = {
    "sales_worklist", "pool_board", "review_appeals", "lead_likeness", "ticket_queue", "solved_cases", "customers",
    "contacts", "revenue", "orders", "receivables", "commission_basis", "targets", "group_members", "forgotten_people",
    "custody_ledger", "purchases",
}  # fmt: skip
REPARTITIONED = {"capacity", "ticket_capacity", "belongings"}


def of(way: str) -> set[str]:
    return {view.name for view in VIEWS if fed(view).way == way}


def test_every_view_is_fed_in_one_of_three_ways() -> None:
    assert of("partitions") == BY_PARTITIONS
    assert of("ledger") == BY_THE_LEDGER
    assert of("repartition topic") == REPARTITIONED


def test_what_is_told_across_keys_or_does_not_travel_comes_from_the_ledger() -> None:
    assert "erasure" in fed(sales_worklist).because
    assert "called" in fed(custody_ledger).because
    assert "customer_id" in fed(orders).because
    assert "forgotten" in fed(forgotten_people).because


def test_what_partitions_keep_together_are_streams() -> None:
    for view in VIEWS:
        found = fed(view)
        if found.way == "partitions" and not view.appends:
            assert not view.elsewhere, view.name
            by_stream = view.key == ("subject_id",)
            assert by_stream or len(found.topics) == 1, f"{view.name}: a key of several aggregates is in several topics"


def test_a_view_is_fed_from_the_topics_of_all_that_it_reads() -> None:
    assert fed(funnel).topics == ("lifeledger.lead.v1",)
    assert fed(capacity).topics == ("lifeledger.agent-book.v1", "lifeledger.lead.v1", "lifeledger.staff.v1")
    assert fed(status_time).topics == tuple(f"lifeledger.{kind}.v1" for kind in ("customer", "lead", "ticket"))
    kinds = {name.partition(".")[0] for kind, name in FACT_NAMES.items() if kind in audit_trail.reads}
    assert len(fed(audit_trail).topics) == len(kinds)


def test_what_is_written_about_it_is_so() -> None:
    rows = [line.split("|") for line in (ROOT / "docs/scaling.md").read_text().splitlines() if line.count("|") == 4]
    told = {(name, way.strip()) for _, way, names, *_ in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == {(view.name, fed(view).way) for view in VIEWS}


def test_another_version_of_a_view_has_a_topic_of_its_own_and_so_has_whoever_begins_anew() -> None:
    assert view_topic(capacity, "1f") == f"lifeledger.view.capacity.{capacity.fingerprint}.1f"
    given = {name: getattr(capacity, name) for name in capacity.__dataclass_fields__}
    assert view_topic(Projection(**given | {"version": 99}), "1f") != view_topic(capacity, "1f")
