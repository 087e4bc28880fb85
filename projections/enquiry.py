"""What a lead is about, in every row that shows it: where it came from, its numbers, masked, and what is wanted."""

from decimal import Decimal
from typing import Any, Protocol

from domain.identity import IdentityLink
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.money import Money
from domain.values import IdentityId, Instant
from projections.masking import masked


class Enquiry(Protocol):
    """A row that shows it."""

    @property
    def source(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def campaign(self) -> str | None: ...
    @property
    def product_line(self) -> str | None: ...
    @property
    def phones(self) -> tuple[str, ...]: ...
    @property
    def phone_ids(self) -> tuple[IdentityId, ...]: ...
    @property
    def amount(self) -> Decimal | None: ...
    @property
    def currency(self) -> str | None: ...


def as_captured(event: LeadCaptured, at: Instant) -> dict[str, Any]:
    """Its columns, to begin with."""
    phones = masked_phones(event.identities)
    return {
        "lead_id": event.lead_id,
        "source": event.source,
        "channel": event.channel,
        "captured_at": at,
        "kind": event.kind,
        "campaign": event.campaign,
        "product_line": event.product_line,
        "phones": tuple(phones.values()),
        "phone_ids": tuple(phones),
    } | priced(event.requested_amount)


def as_corrected(row: Enquiry, event: LeadCorrected) -> dict[str, Any]:
    """Its columns after a correction, which changes only what it names."""
    phones = dict(zip(row.phone_ids, row.phones, strict=True)) | masked_phones(event.identities_added)
    kept = {link: phone for link, phone in phones.items() if link not in event.identities_removed}
    return {
        "source": event.source or row.source,
        "channel": event.channel or row.channel,
        "campaign": event.campaign or row.campaign,
        "product_line": event.product_line or row.product_line,
        "phones": tuple(kept.values()),
        "phone_ids": tuple(kept),
    } | priced(event.requested_amount)


def priced(amount: Money | None) -> dict[str, Any]:
    return {} if amount is None else {"amount": amount.amount, "currency": amount.currency}


def masked_phones(identities: tuple[IdentityLink, ...]) -> dict[IdentityId, str]:
    """The phone numbers that have not been erased."""
    return {
        link.identity_id: phone
        for link in identities
        if link.kind == "phone" and (phone := masked(link.value)) is not None
    }
