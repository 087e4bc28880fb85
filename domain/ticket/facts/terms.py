"""Words that several facts of a ticket use."""

from typing import Literal

from domain.sla import PendKind
from domain.values import (
    CatalogId,
)

Status = Literal["new", "open", "pending_customer", "pending_third_party", "resolved", "closed", "rejected", "merged"]
Pending = Literal["pending_customer", "pending_third_party"]
CATEGORIES = CatalogId("ticket-categories")
RESOLUTION_CODES = CatalogId("resolution-codes")
PENDING_REASONS = CatalogId("pending-reasons")
REJECTION_REASONS = CatalogId("rejection-reasons")
RETURN_REASONS = CatalogId("return-reasons")
PENDING: dict[PendKind, Pending] = {"customer": "pending_customer", "third_party": "pending_third_party"}
