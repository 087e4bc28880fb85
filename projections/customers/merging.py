"""Two customers that are one, and one that is two after all."""

from typing import Any

from domain.customer.dossier import Dossier
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.values import Instant
from projections.customers.card import CustomerCard
from projections.customers.person import called, known_phones
from projections.customers.standing import in_status, of_contacts, of_learning, of_orders
from projections.looked_after import looked_after
from projections.personal import readable
from projections.rows import replace

MergeEvent = CustomersMerged | CustomerAbsorbed | CustomerUnmerged | CustomerRestored


def merged(row: CustomerCard, event: MergeEvent, at: Instant) -> CustomerCard:
    match event:
        case CustomersMerged(to=status, kept=kept) | CustomerUnmerged(to=status, kept=kept):
            return in_status(looked_after(as_kept(row, kept), event), status, at)
        case CustomerAbsorbed(into=into):
            row = replace(row, became=(*row.became, into), is_now=into)
            return in_status(replace(row, **NOTHING), "closed", at) if row.customer_id == event.customer_id else row
        case CustomerRestored(customer_id=customer_id, to=status, kept=kept):
            if row.customer_id == customer_id:
                row = as_kept(replace(row, became=(), is_now=customer_id), kept)
                return in_status(looked_after(row, event), status, at)
            if customer_id not in row.became:
                return row
            back = row.became[: row.became.index(customer_id) + 1]
            return replace(row, became=back, is_now=customer_id)


# What the survivor has from now on.
NOTHING: dict[str, Any] = {
    "preferences": None,
    "motive": None,
    "family": None,
    "segment": None,
    "standing": "usual",
    "credit_level": None,
    "credit_restricted": False,
    "hold_reason": None,
    "risk_flags": (),
    "legal_holds": (),
    "tags": (),
    "tag_sources": (),
    **of_contacts({}, None),
    **of_orders({}),
    **of_learning({}),
}


def as_kept(row: CustomerCard, kept: Dossier) -> CustomerCard:
    """All that is known of him by now. Phones are those of his own that are still his."""
    hold, line = kept.credit.hold, kept.credit.line
    primary = next((contact_id for contact_id, contact in kept.contacts.items() if contact.primary), None)
    profile = kept.profile
    row = called(row, {link: phone for link, phone in known_phones(row).items() if link in kept.identities})
    return replace(
        row,
        type=kept.customer_type,
        name=readable(profile.name),
        preferences=readable(profile.preferences),
        motive=readable(profile.motive),
        family=readable(profile.family),
        registered=kept.registered,
        segment=kept.segment,
        standing=kept.standing,
        credit_level=None if line is None else line.level,
        credit_restricted=hold is not None,
        hold_reason=None if hold is None else hold.reason,
        risk_flags=kept.risk_flags,
        legal_holds=kept.legal_holds,
        tags=tuple(kept.tags),
        tag_sources=tuple(kept.tags.values()),
        active_at=kept.active_at,
        **of_contacts({contact_id: contact.role for contact_id, contact in kept.contacts.items()}, primary),
        **of_orders({order_id: order.paid_at for order_id, order in kept.orders.items() if not order.refunded}),
        **of_learning(kept.learning or {}),
    )
