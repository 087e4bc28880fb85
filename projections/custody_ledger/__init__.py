"""The custody ledger: whose each lead, customer and ticket was, from when until when, how that came, who decided.

Whose it was `before` is who had it, never who happened to do it.
"""

from decimal import Decimal

from projections.custody_ledger.customers import of_customers
from projections.custody_ledger.leads import of_leads
from projections.custody_ledger.row import Custody, Method
from projections.custody_ledger.tickets import of_tickets
from projections.projection import Summary, projection, together

__all__ = ["Custody", "Method", "custody_ledger"]

ORG = "(SELECT org_path FROM views.staff_directory AS colleague WHERE colleague.staff_id = {})"
FACETS = ("kind", "method", "reason", "role", "before", "after", "before_org", "after_org", "pool", "team")

custody_ledger = projection(
    "custody_ledger",
    key=("subject_id",),
    rows_by=("ordinal",),
    version=1,
    listed="ordinal > 0",
    computed={
        "kind": (str, "split_part(subject_id, '/', 1)"),
        "before_org": (str, ORG.format("before")),
        "after_org": (str, ORG.format("after")),
        "days": (Decimal, "round(extract(epoch FROM greatest(coalesce(until, :now), since) - since) / 86400, 2)"),
    },
    summaries={
        "moves": Summary(
            by=("kind", "method"),
            facets=FACETS,
            figures={
                "changes": "count(*)",
                "subjects": "count(DISTINCT subject_id)",
                "contacts": "coalesce(sum(contacts), 0)::bigint",
                "without_contact": "count(*) FILTER (WHERE after IS NOT NULL AND contacts = 0)",
            },
        )
    },
    sorts=("since", "until", "days", "contacts", "ordinal"),
    filters=(
        "subject_id",
        *FACETS,
        "since",
        "until",
        "decided_by_kind",
        "decided_by",
        "decided_by_org",
        "on_behalf_of",
        "rule_id",
        "rule_number",
        "policy_version",
        "imported",
        "contacts",
        "owner_id",
    ),
)(together(of_leads, of_customers, of_tickets))
