"""The write side: every decider the service runs."""

from typing import Any

from commands.agent_book import agent_books
from commands.calendar import calendars
from commands.call import calls
from commands.call_policy import call_policies
from commands.campaign import campaigns
from commands.catalog import catalogs
from commands.churn_model import churn_models
from commands.contact import contacts
from commands.credit_policy import credit_policies
from commands.customer import customers
from commands.decider import Decider
from commands.dispatch_rule import dispatch_rules
from commands.erasure import erasures
from commands.group import groups
from commands.identity import identities
from commands.inbound_topic import inbound_topics
from commands.key_account_policy import key_account_policies
from commands.lead import leads
from commands.lifecycle_policy import lifecycle_policies
from commands.order import orders
from commands.outreach_policy import outreach_policies
from commands.policy import policies
from commands.pool import pools
from commands.quality import calibrations, reviews, sampling_plans, scorecards
from commands.read_model import read_models
from commands.sla_policy import sla_policies
from commands.staff import staff
from commands.target import targets
from commands.ticket import tickets
from commands.ticket_book import ticket_books

DECIDERS: tuple[Decider[Any, Any], ...] = (
    leads,
    customers,
    agent_books,
    identities,
    staff,
    pools,
    catalogs,
    policies,
    calendars,
    scorecards,
    sampling_plans,
    reviews,
    calibrations,
    calls,
    call_policies,
    orders,
    contacts,
    outreach_policies,
    dispatch_rules,
    targets,
    campaigns,
    tickets,
    ticket_books,
    sla_policies,
    lifecycle_policies,
    credit_policies,
    key_account_policies,
    churn_models,
    groups,
    erasures,
    read_models,
    inbound_topics,
)
