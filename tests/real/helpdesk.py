"""The tickets of a help desk, told as the commands that import them.

Made for the log of an Italian software company, and for others of its kind that nobody has seen yet. Two readings of
one log, and neither uses the other: `command_lines` maps each event to a command, `counted` plays the table of states.
Nothing is judged or left out here: what makes no sense becomes a line that the import rejects with its reason.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.real.xes import Attributes, traces

SYSTEM = "helpdesk"
NAMESPACE = uuid5(NAMESPACE_URL, "lifeledger:tickets-of-a-log")
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
OPENING = "Insert ticket"
THIRD_PARTY = ("Require upgrade", "Create SW anomaly", "Schedule intervention")
NOTES = ("VERIFIED", "INVALID", "DUPLICATE")


# The log. What it does not say of an event is empty.


@dataclass(frozen=True, slots=True)
class Event:
    activity: str
    at: str  # As the log writes it.
    resource: str = ""
    customer: str = ""
    product: str = ""
    service: str = ""
    seriousness: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    events: tuple[Event, ...]


def log(path: Path) -> list[Case]:
    """The cases in the order of the file. Where a name comes again, what is told of it goes on."""
    found: dict[str, list[Event]] = {}
    for of_case, events in traces(path):
        told = found.setdefault(of_case.get("concept:name", ""), [])
        told.extend(event(of_case | of_event, of_event) for of_event in events)
    return [Case(name=name, events=tuple(events)) for name, events in found.items()]


def event(known: Attributes, own: Attributes) -> Event:
    """What is known of the case is known of each event, but for what happened and when."""
    return Event(
        activity=own.get("concept:name", ""),
        at=own.get("time:timestamp", ""),
        resource=own.get("org:resource", "").strip(),
        customer=known.get("customer", "").strip(),
        product=known.get("product", ""),
        service=known.get("service_type", ""),
        seriousness=known.get("seriousness_2") or known.get("seriousness", ""),
        group=known.get("workgroup", "").strip(),
    )


def moment(event: Event) -> datetime | None:
    """When it happened, if that can have been: an instant with its zone, and not in the future."""
    try:
        at = datetime.fromisoformat(event.at)
    except ValueError:
        return None
    return at if at.tzinfo is not None and EARLIEST <= at <= datetime.now(UTC) else None


# As commands


def ticket_id(case: str, system: str = SYSTEM) -> UUID:
    return uuid5(NAMESPACE, f"{system}/ticket/{case}")


def customer_id(customer: str, system: str = SYSTEM) -> UUID:
    return uuid5(NAMESPACE, f"{system}/customer/{customer}")


def command_lines(path: Path, *, system: str = SYSTEM, leave_out: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """One line per event, in the order of the file, whatever the times say. Two things are told that are no events:

    the opening of a ticket whose first event is not one, and each customer, when he is first named. Events of one
    case may name several customers; the ticket is that of the first.
    """
    cases = log(path)
    named = first_named(cases)
    for case in cases:
        if case.name in leave_out:
            continue
        opening = first_usable(case)
        for nth, event in enumerate(case.events, start=1):
            if (since := named.pop(event.customer, None)) is not None:
                yield customer_line(event.customer, since, system)
            if nth == opening and event.activity != OPENING:
                yield line(case, 0, event, system, "OpenTicket", opened(case, event, system))
            command, data = asked(case, event, system)
            yield line(case, nth, event, system, command, data)


def first_named(cases: Iterable[Case]) -> dict[str, str]:
    """The customers, and when each is first named: in the whole log, also where cases of it are left out."""
    found: dict[str, str] = {}
    for case in cases:
        for event in case.events:
            if event.customer and moment(event) is not None:
                found.setdefault(event.customer, event.at)
    return found


def first_usable(case: Case) -> int | None:
    """Which event opens the ticket: the first that is known, and has a time. A case without a name has no ticket."""
    if not case.name:
        return None
    usable = (nth for nth, event in enumerate(case.events, 1) if is_known(event.activity) and moment(event))
    return next(usable, None)


def line(case: Case, nth: int, event: Event, system: str, command: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": command,
        "data": {"ticket_id": str(ticket_id(case.name, system)) if case.name else "", **data},
        "actor": actor(event.resource, system),
        "occurred_at": event.at,
        "source": {"system": system, "message_id": f"{case.name}/{nth}"},
    }


def customer_line(customer: str, since: str, system: str) -> dict[str, Any]:
    identity = {"kind": "external", "system": system, "value": customer}
    return {
        "command": "CreateCustomer",
        "data": {"customer_id": str(customer_id(customer, system)), "identities": [identity]},
        "actor": actor("", system),
        "occurred_at": since,
        "source": {"system": system, "message_id": f"customer/{customer}"},
    }


def opened(case: Case, event: Event, system: str) -> dict[str, Any]:
    """Where no event names a customer, the ticket has one of its own, of whom nothing else is known."""
    customer = next((each.customer for each in case.events if each.customer), None)
    own = customer_id(f"of/{case.name}", system) if customer is None else customer_id(customer, system)
    return {
        "customer_id": str(own),
        "type": code(event.service),
        "category": code(event.product),
        "channel": code(system),
        "subject": case.name,
    }


def asked(case: Case, event: Event, system: str) -> tuple[str, dict[str, Any]]:
    """The command that an event comes to, and its data. What is not known is a command that there is not."""
    match event.activity:
        case "Insert ticket":
            return "OpenTicket", opened(case, event, system)
        case "Assign seriousness":
            matter = {"type": code(event.service), "category": code(event.product)}
            return "ClassifyTicket", matter | ({"seriousness": code(event.seriousness)} if event.seriousness else {})
        case "Take in charge ticket":
            who = {"agent": staff_id(event.resource)} if event.resource else {}
            return "AssignTicket", who | ({"team": f"{system}/{event.group.replace('/', '-')}"} if event.group else {})
        case "Wait":
            return "PendTicket", {"kind": "customer", "reason": "wait"}
        case activity if activity in THIRD_PARTY:
            return "PendTicket", {"kind": "third_party", "reason": code(activity)}
        case "Resolve SW anomaly":
            return "ResumeTicket", {}
        case ("Resolve ticket" | "RESOLVED") as activity:
            return "ResolveTicket", {"code": code(activity)}
        case "Closed":
            return "CloseTicket", {}
        case activity if activity in NOTES:
            return "ReplyToCustomer", {"public": False, "message": activity}
        case activity:
            return f"{system}: {activity}", {}


def is_known(activity: str) -> bool:
    return activity in TARGETS or activity in NOTES or activity in {OPENING, "Assign seriousness"}


def actor(resource: str, system: str) -> dict[str, str]:
    if not resource:
        return {"kind": "integration", "id": system}
    return {"kind": "user", "id": staff_id(resource), "name": resource, "role": "service_agent"}


def staff_id(resource: str) -> str:
    """Ids have no blanks and no slashes; two people of whatever names stay two."""
    return quote(resource, safe="")


def code(text: str) -> str:
    """A class of the log's as a code, and `unknown` where there is nothing to make one of."""
    return re.sub(r"[^A-Za-z0-9._:+-]+", "-", text).strip("-._:+")[:64] or "unknown"


def write_ndjson(path: Path, out: Path, *, system: str = SYSTEM, leave_out: Collection[str] = ()) -> int:
    """Write the lines that `lifeledger import` reads, and say how many they are."""
    written = 0
    with out.open("w", encoding="utf-8") as file:
        for each in command_lines(path, system=system, leave_out=leave_out):
            file.write(json.dumps(each) + "\n")
            written += 1
    return written


# As figures

TARGETS = {
    "Take in charge ticket": "open",
    "Wait": "pending_customer",
    **dict.fromkeys(THIRD_PARTY, "pending_third_party"),
    "Resolve SW anomaly": "open",
    "Resolve ticket": "resolved",
    "RESOLVED": "resolved",
    "Closed": "closed",
}
OVER = ("resolved", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is true of one case, or, added up, of many."""

    tickets: int = 0
    events: int = 0
    rejected: int = 0
    reopens: int = 0
    reopened: int = 0  # Tickets that were reopened at least once.
    ties: int = 0  # Events at the same time as the one before them in their case.
    repeats: Counter[str] = field(default_factory=Counter)  # Of the present state, by state.
    standing: Counter[str] = field(default_factory=Counter)  # Where they are at the end, by state.


def counted(case: Case) -> Figures:
    """The case, played through the table of states as somebody would with a pencil."""
    status, rejected, reopens, repeats = "", 0, 0, Counter[str]()
    opening = first_usable(case)
    for nth, event in enumerate(case.events, start=1):
        to = TARGETS.get(event.activity)
        fresh = nth == opening
        if fresh:
            status = "new"
        if not status or not is_known(event.activity) or moment(event) is None:
            rejected += 1
        elif event.activity == OPENING:
            rejected += not fresh
        elif to is None:
            pass  # It says something of the ticket, and moves nothing.
        elif to == status:
            repeats[status] += 1
        elif (to == "closed" and status != "resolved") or (to == "resolved" and status == "closed"):
            rejected += 1
        else:
            reopens += status in OVER and to not in OVER
            status = to
    at = [moment(event) for event in case.events]
    return Figures(
        tickets=bool(status),
        events=len(case.events),
        rejected=rejected,
        reopens=reopens,
        reopened=reopens > 0,
        ties=sum(before == after for before, after in pairwise(at) if after is not None),
        repeats=repeats,
        standing=Counter([status] if status else []),
    )


def total(figures: Iterable[Figures]) -> Figures:
    each = list(figures)
    numbers = ("tickets", "events", "rejected", "reopens", "reopened", "ties")
    return Figures(
        **{name: sum(getattr(one, name) for one in each) for name in numbers},
        repeats=sum((one.repeats for one in each), Counter[str]()),
        standing=sum((one.standing for one in each), Counter[str]()),
    )


if __name__ == "__main__":
    source, target, *called = sys.argv[1:]
    print(write_ndjson(Path(source), Path(target), system=called[0] if called else SYSTEM))
