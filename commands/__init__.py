"""The write side: every decider the service runs."""

from typing import Any

from commands.agent_book import agent_books
from commands.catalog import catalogs
from commands.contact import contacts
from commands.decider import Decider
from commands.dispatch_rule import dispatch_rules
from commands.identity import identities
from commands.lead import leads
from commands.outreach_policy import outreach_policies
from commands.pool import pools
from commands.staff import staff
from commands.target import targets

DECIDERS: tuple[Decider[Any, Any], ...] = (
    leads,
    agent_books,
    identities,
    staff,
    pools,
    catalogs,
    contacts,
    outreach_policies,
    dispatch_rules,
    targets,
)
