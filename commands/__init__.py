"""The write side: every decider the service runs."""

from typing import Any

from commands.agent_book import agent_books
from commands.catalog import catalogs
from commands.credit_policy import credit_policies
from commands.customer import customers
from commands.decider import Decider
from commands.identity import identities
from commands.lead import leads
from commands.lifecycle_policy import lifecycle_policies
from commands.pool import pools
from commands.staff import staff

DECIDERS: tuple[Decider[Any, Any], ...] = (
    leads,
    customers,
    agent_books,
    identities,
    staff,
    pools,
    catalogs,
    lifecycle_policies,
    credit_policies,
)
