"""What may be asked of a customer, and when the answer is yes."""

from commands.customer import (
    approaching,
    clock,
    contracts,
    creating,
    credit,
    learning,
    lifecycle,
    merging,
    owners,
    protection,
    relations,
    standing,
)
from commands.customer.customers import customers

__all__ = [
    "approaching",
    "clock",
    "contracts",
    "creating",
    "credit",
    "customers",
    "learning",
    "lifecycle",
    "merging",
    "owners",
    "protection",
    "relations",
    "standing",
]
