"""The custody ledger: whose each lead, customer and ticket was, from when until when, how that came, who decided.

Whose it was `from_owner` is who had it, never who happened to do it.
"""

from decimal import Decimal

from projections.custody_ledger.customers import of_customers
from projections.custody_ledger.leads import of_leads
from projections.custody_ledger.row import Custody, Method
from projections.custody_ledger.tickets import of_tickets
from projections.figures import Summary, counted
from projections.projection import projection, together

__all__ = ["Custody", "Method", "custody_ledger"]

ORG = "(SELECT org_path FROM views.staff_directory AS colleague WHERE colleague.staff_id = {})"
FACETS = ("kind", "method", "reason", "role", "from_owner", "to_owner", "from_org", "to_org", "pool", "team")

custody_ledger = projection(
    "custody_ledger",
    key=("subject_id",),
    rows_by=("ordinal",),
    version=1,
    listed="ordinal > 0",
    computed={
        "kind": (str, "split_part(subject_id, '/', 1)"),
        "from_org": (str, ORG.format("from_owner")),
        "to_org": (str, ORG.format("to_owner")),
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
                "without_contact": counted(("to_owner.null", "false"), ("contacts", "0")),
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
