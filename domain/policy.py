"""A policy: what the service does by itself. People may pause it, with a reason and an end."""

from typing import Literal

from domain.values import Instant, fact, value

PolicyName = Literal[
    "intake",
    "dispatch",
    "circulation",
    "first-response",
    "departure",
    "lifecycle",
    "service-level",
    "survey",
    "acknowledgement",
    "ticket-ends",
    "ticket-dispatch",
    "sampling",
    "coaching",
    "credit-guard",
    "win-back",
    "attribution",
    "key-account",
    "upsell",
    "hand-off",
    "forgetting",
]

# Risk could be paused once, though rules alone hold what it stood for: see decision 27.
NameOnceGiven = Literal[PolicyName, "risk"]


# Facts


@fact("policy.paused")
class PolicyPaused:
    policy_name: NameOnceGiven
    until: Instant


@fact("policy.resumed")
class PolicyResumed:
    """Before the end that had been set."""

    policy_name: NameOnceGiven


PolicyEvent = PolicyPaused | PolicyResumed


# States


@value
class Running: ...


@value
class Paused:
    until: Instant


Policy = Running | Paused


def evolve(_: Policy, event: PolicyEvent) -> Policy:
    match event:
        case PolicyPaused(until=until):
            return Paused(until=until)
        case PolicyResumed():
            return Running()


def paused_at(policy: Policy, at: Instant) -> bool:
    return isinstance(policy, Paused) and at < policy.until
