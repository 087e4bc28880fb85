"""What is known around a caller, or around a customer: one statement over several views, of what the reader may see.

Text alone, with psycopg2's `%s`. Each row that it finds is of a kind, and told as JSON.
"""
# ruff: noqa: S608 - names come from the views' declarations, values travel as parameters.

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.columns import Column, quoted
from projections.contacts import contacts
from projections.customers import customers
from projections.enquirers import enquirers
from projections.inspectable import inspectable_calls
from projections.masking import as_seen
from projections.orders import orders
from projections.projection import Projection
from projections.revenue import revenue
from projections.sales_worklist import sales_worklist
from projections.scope import Reach, hides, seen
from projections.sql import shown
from projections.statement import Statement, Text
from projections.ticket_queue import ticket_queue

MOST = 50  # Rows of each kind: the latest.

HIM = "(SELECT customer_id FROM him)"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one view. `where` may speak of `him`, the customer under all ids that he had, and of `open_leads`, those
    that have one of his identities; and `told` are the columns that are told of each. `with_him` says that they are for
    whoever sees the customer.
    """

    kind: str
    view: Projection
    told: tuple[str, ...]
    where: str
    latest: str
    with_him: bool = False


CUSTOMER = Part(
    "customer",
    customers,
    (
        "customer_id",
        "is_now",
        "type",
        "name",
        "phones",
        "status",
        "registered",
        "segment",
        "credit_restricted",
        "risk_flags",
        "tags",
        "owner_id",
        "roles",
        "owners",
        "last_order_at",
        "touched_at",
        "touch_channel",
        "courses",
        "lessons_done",
        "lessons",
        "learned_at",
    ),
    f"customer_id IN {HIM} AND is_now = customer_id",
    "created_at",
)
CONTACT = ("contact_id", "name", "job_title", "phones", "emails", "customers", "roles", "primary_of", "do_not_contact")
OF_HIM = Part(
    "contact",
    contacts,
    CONTACT,
    f"contact_id IN (SELECT unnest(contact_ids) FROM {shown(customers)} WHERE customer_id IN {HIM})",
    "created_at",
    with_him=True,
)
ALIKE = Part(
    "contact",
    contacts,
    CONTACT,
    "is_now = contact_id AND phones @> ARRAY(SELECT phone FROM asked)",
    "created_at",
)
EARLIER = Part(
    "earlier",
    customers,
    ("customer_id", "name", "phones", "status_since"),
    f"customer_id IN {HIM} AND is_now <> customer_id",
    "status_since",
    with_him=True,
)
CALLS = Part(
    "call",
    inspectable_calls,
    ("call_id", "at", "status", "agent", "talk_seconds", "disposition"),
    f"""customers && ARRAY{HIM}
        OR tickets && ARRAY(SELECT ticket_id FROM {shown(ticket_queue)} WHERE customer_id IN {HIM})""",
    "at",
)
# What has come in for his orders and not gone back; currencies are not added up.
PAID = f"""(SELECT 'paid' AS kind, jsonb_build_object('currency', currency, 'orders', count(DISTINCT order_id),
    'amount', sum(amount)::text) AS told FROM {shown(revenue)}, unnest(amounts) AS amount
    WHERE customer_id IN {HIM} GROUP BY currency ORDER BY currency)"""
# Whatever is open of somebody. A view of something else that is his belongs here, and nowhere else.
OPEN = (
    Part(
        "lead",
        sales_worklist,
        (
            "lead_id",
            "customer_id",
            "status",
            "stage",
            "kind",
            "product_line",
            "amount",
            "currency",
            "owner_id",
            "pool_id",
            "captured_at",
            "next_action_at",
        ),
        f"customer_id = ANY(ARRAY{HIM}) OR lead_id = ANY(ARRAY(SELECT lead_id FROM open_leads))",
        "captured_at",
    ),
    Part(
        "ticket",
        ticket_queue,
        (
            "ticket_id",
            "customer_id",
            "subject",
            "type",
            "category",
            "priority",
            "status",
            "owner_id",
            "team",
            "order_id",
            "opened_at",
            "due_at",
        ),
        f"customer_id IN {HIM} AND status NOT IN ('resolved', 'closed', 'rejected', 'merged')",
        "opened_at",
    ),
    Part(
        "order",
        orders,
        (
            "order_id",
            "customer_id",
            "status",
            "payment",
            "amount",
            "paid",
            "currency",
            "products",
            "owner_id",
            "requested_at",
            "placed_at",
        ),
        f"customer_id IN {HIM} AND status IN ('requested', 'authorised', 'placed', 'fulfilled')",
        "order_id",  # Which tells when it came.
    ),
)
# The streams in which something happened to him, for his history: his own, and those of what is or was his.
STREAMS = (
    "SELECT 'customer/' || customer_id FROM him",
    f"SELECT 'lead/' || lead_id FROM {shown(customers)}, unnest(leads) AS lead_id WHERE customer_id IN {HIM}",
    f"SELECT 'lead/' || lead_id FROM {shown(sales_worklist)} WHERE customer_id IN {HIM}",
    "SELECT 'lead/' || lead_id FROM open_leads",
    f"SELECT 'order/' || order_id FROM {shown(revenue)} WHERE customer_id IN {HIM}",
    f"SELECT 'ticket/' || ticket_id FROM {shown(ticket_queue)} WHERE customer_id IN {HIM}",
    f"SELECT 'call/' || call_id FROM {shown(inspectable_calls)} WHERE customers && ARRAY{HIM}",
)
VIEWS_ASKED = (customers, contacts, enquirers, *(part.view for part in OPEN))


def around_caller(identity_id: UUID | None, phone: str, now: datetime, reach: Reach | None) -> Statement:
    """Who has a number, and what is open of him. A contact is found by how its masked number looks: whether it is his,
    has yet to be seen.
    """
    text = Text(now)
    text.add(
        f"WITH mark AS (SELECT lead_id, customer_id FROM {shown(enquirers)} WHERE identity_id = %s::uuid),", identity_id
    )
    text.add("asked AS (SELECT %s::text AS phone),", phone)
    text.add(f"him AS (SELECT customer_id FROM {shown(customers)} WHERE is_now IN (SELECT customer_id FROM mark)),")
    text.add("open_leads AS (SELECT lead_id FROM mark WHERE lead_id IS NOT NULL UNION")
    text.add(f"{LEADS_OF_HIM})")
    return parts(text, (CUSTOMER, ALIKE, *OPEN), reach)


def around_customer(customer_id: UUID, now: datetime, reach: Reach | None) -> Statement:
    """The customer's contacts and calls, who became him, what he has paid, and what is open of him."""
    text = Text(now)
    of_him(customer_id, text)
    text.add(f"{PAID} UNION ALL")
    return parts(text, (EARLIER, OF_HIM, CALLS, *OPEN), reach)


def streams_of(customer_id: UUID, now: datetime) -> Statement:
    """Where his history stands, whoever may read it."""
    text = Text(now)
    of_him(customer_id, text)
    text.add(" UNION ".join(STREAMS))
    return text.statement(("stream",))


LEADS_OF_HIM = f"SELECT lead_id FROM {shown(enquirers)} WHERE lead_id IS NOT NULL AND customer_id IN {HIM}"


def of_him(customer_id: UUID, text: Text) -> None:
    """Himself, and all who became him."""
    found = f"SELECT customer_id FROM {shown(customers)} WHERE customer_id = %s::uuid OR is_now = %s::uuid"
    text.add(f"WITH him AS ({found}),", customer_id, customer_id)
    text.add(f"open_leads AS ({LEADS_OF_HIM})")


def parts(text: Text, wanted: tuple[Part, ...], reach: Reach | None) -> Statement:
    for nth, part in enumerate(wanted):
        text.add("UNION ALL" if nth else "")
        one(part, reach, text)
    return text.statement(("kind", "told"))


def one(part: Part, reach: Reach | None, text: Text) -> None:
    view = part.view
    told = ", ".join(pairs(part, reach))
    text.add(f"(SELECT '{part.kind}' AS kind, jsonb_build_object({told}) AS told FROM {shown(view)} AS each")
    text.add(f"WHERE ({view.listed or 'TRUE'}) AND ({part.where})")
    if reach is not None and not part.with_him:
        text.add("AND")
        seen(view, reach, text)
    text.add(f"ORDER BY {quoted(part.latest)} DESC LIMIT {MOST})")


def pairs(part: Part, reach: Reach | None) -> Iterator[str]:
    """The name and the value of each column; an amount as text, as everywhere."""
    for column in map(part.view.column, part.told):
        yield f"'{column.name}', {in_json(column, reach)}"


def in_json(column: Column, reach: Reach | None) -> str:
    seen_as = as_seen(column, hidden=hides(reach, column))
    return f"{seen_as}::text" if column.type == "numeric" else seen_as
