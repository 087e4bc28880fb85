"""The write side: every decider the service runs."""

from typing import Any

from commands.agent_book import agent_books
from commands.calendar import calendars
from commands.catalog import catalogs
from commands.decider import Decider
from commands.identity import identities
from commands.lead import leads
from commands.pool import pools
from commands.sla_policy import sla_policies
from commands.staff import staff
from commands.ticket import tickets
from commands.ticket_book import ticket_books

DECIDERS: tuple[Decider[Any, Any], ...] = (
    leads,
    agent_books,
    identities,
    staff,
    pools,
    catalogs,
    tickets,
    ticket_books,
    sla_policies,
    calendars,
)
