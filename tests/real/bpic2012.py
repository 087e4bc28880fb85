"""The loan applications of BPI Challenge 2012, told as the commands that import them: leads, customers and calls.

Two readings of one log, and neither uses the other: `command_lines` maps each event to a command, `expected`
counts the log itself. Where both come to the same figures after an import, nothing was lost or invented.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.real.xes import traces

SYSTEM = "bpic2012"
NAMESPACE = uuid5(NAMESPACE_URL, "https://doi.org/10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f")
OFFERTES = "W_Nabellen offertes"
DOSSIERS = "W_Nabellen incomplete dossiers"
CALLS = (OFFERTES, DOSSIERS)
WHY = {OFFERTES: "offertes", DOSSIERS: "incomplete-dossiers"}
ENDS = ("A_APPROVED", "A_DECLINED", "A_CANCELLED")


# The log


@dataclass(frozen=True, slots=True)
class Event:
    activity: str
    transition: str
    at: str  # As the log writes it, with its offset.
    resource: str | None


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    amount: str  # Whole euros.
    events: tuple[Event, ...]


def log(path: Path) -> Iterator[Case]:
    """The cases in the order of the file; within a case the events are in the order of time."""
    for of_case, events in traces(path):
        yield Case(name=of_case["concept:name"], amount=of_case["AMOUNT_REQ"], events=tuple(map(event, events)))


def event(read: dict[str, str]) -> Event:
    return Event(
        activity=read["concept:name"],
        transition=read["lifecycle:transition"],
        at=read["time:timestamp"],
        resource=read.get("org:resource"),
    )


def cases(path: Path) -> list[str]:
    return [case.name for case in log(path)]


# As commands


@cache
def lead_id(case: str) -> UUID:
    return uuid5(NAMESPACE, case)


def customer_id(case: str) -> UUID:
    return uuid5(NAMESPACE, f"customer/{case}")


def call_id(case: str, nth: int) -> UUID:
    """The call that the case's n-th event begins; or ends, where nothing is known of its beginning."""
    return uuid5(NAMESPACE, f"call/{case}/{nth}")


def command_lines(path: Path, *, leave_out: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """The lines of each event, in the order of time; events of the same instant stay in the order of the file.

    What an event comes to beside its first command has an id of its own and the same source: it is the same message.
    """
    left_out = frozenset(leave_out)
    told = [
        (case, nth, event)
        for case in log(path)
        if case.name not in left_out
        for nth, event in enumerate(case.events, start=1)
    ]
    told.sort(key=lambda each: moment(each[2]).timestamp())
    quotes = Counter[str]()
    on_the_line = OpenCalls()
    for case, nth, event in told:
        quotes[case.name] += event.activity == "O_CREATED"
        if event.activity in CALLS and event.transition != "SCHEDULE":
            commands = on_the_line.called(case, nth, event)
        else:
            commands = asked(case, event, quotes[case.name])
        for further, (command, data) in enumerate(commands):
            line = {
                "command": command,
                "data": data,
                "actor": actor(event.resource),
                "occurred_at": event.at,
                "source": {"system": SYSTEM, "message_id": f"{case.name}/{nth}"},
            }
            if further:
                line["id"] = str(uuid5(NAMESPACE, f"{case.name}/{nth}/{command}"))
            if event.activity in CALLS:
                line["reason"] = {"code": WHY[event.activity]}
            yield line


class OpenCalls:
    """The calls that have begun and not ended, one at a time for each case and name."""

    def __init__(self) -> None:
        self.begun: dict[tuple[str, str], UUID] = {}

    def called(self, case: Case, nth: int, event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
        """A start is a new call; one before it that has not ended never will. An end without a start is a call of
        which only that is known, so that nobody can tell how long it was.
        """
        name = case.name, event.activity
        new = str(call_id(case.name, nth))
        link = "LinkCall", {"call_id": new, "subject": {"kind": "lead", "id": str(lead_id(case.name))}}
        if event.transition == "START":
            self.begun[name] = UUID(new)
            agent = {"agent": event.resource} if event.resource else {}
            yield "ConnectCall", {"call_id": new, "at": event.at, **agent}
            yield link
        elif (open_call := self.begun.pop(name, None)) is not None:
            yield "EndCall", {"call_id": str(open_call), "outcome": "completed", "at": event.at}
        else:
            yield "EndCall", {"call_id": new, "outcome": "completed", "at": event.at}
            yield link


def write_ndjson(path: Path, out: Path, leave_out: Collection[str] = ()) -> int:
    """Write the lines that `lifeledger import` reads, and say how many they are."""
    written = 0
    with out.open("w", encoding="utf-8") as file:
        for line in command_lines(path, leave_out=leave_out):
            file.write(json.dumps(line) + "\n")
            written += 1
    return written


def asked(case: Case, event: Event, quote: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an event comes to that is none of a call; `quote` counts the case's offers so far."""
    command, data = of_lead(case, event, quote)
    yield command, {"lead_id": str(lead_id(case.name)), **data}
    if command == "ConvertLead":
        yield "CreateCustomer", {"customer_id": data["customer_id"], "lead_id": str(lead_id(case.name))}


def of_lead(case: Case, event: Event, quote: int) -> tuple[str, dict[str, Any]]:
    amount = {"amount": case.amount, "currency": "EUR"}
    match event.activity, event.transition:
        case "A_SUBMITTED", _:
            identity = {"kind": "external", "system": SYSTEM, "value": case.name}
            captured = {"source": SYSTEM, "channel": "web", "identities": [identity]}
            return "CaptureLead", captured | {"requested_amount": amount}
        case "A_PREACCEPTED", _:
            return "ContactLead", {}
        case "A_ACCEPTED", _:
            return "QualifyLead", {"amount": amount}
        case "O_CREATED", _:
            return "NegotiateLead", {"quote_no": f"{case.name}-{quote}", "amount": amount}
        case "A_APPROVED", _:
            return "ConvertLead", {"customer_id": str(customer_id(case.name))}
        case ("A_DECLINED" | "A_CANCELLED") as ended, _:
            return "LoseLead", {"reason": ended.removeprefix("A_").lower()}
        case activity, "SCHEDULE" if activity in CALLS:
            return "ScheduleNextAction", {"at": event.at, "what": activity}
        case activity, transition:
            return "RecordTouch", {"channel": channel(activity), "ref": f"{activity} {transition}"}


def channel(activity: str) -> str:
    """How the person was touched, or what was touched on his behalf."""
    match activity:
        case "O_SENT":
            return "offer-sent"
        case "O_SENT_BACK":
            return "offer-returned"
        case _:
            return {"A": "application", "O": "offer", "W": "work-item"}[activity[0]]


def actor(resource: str | None) -> dict[str, str]:
    if resource is None:
        return {"kind": "integration", "id": SYSTEM}
    return {"kind": "user", "id": resource, "name": resource, "role": "sales"}


# As figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is true of one case, or, added up, of many. Euros are whole, times are in milliseconds."""

    cases: int
    events: int
    amount: int
    # How far it came. Every case is submitted.
    preaccepted: int
    accepted: int
    sent: int
    sent_back: int
    # How it ended, or where it stands.
    approved: int
    declined: int
    cancelled: int
    new: int
    contacting: int
    qualified: int
    negotiating: int
    # What the import must not mistake.
    quotes: int
    repeated_quotes: int  # Every offer of a case but its first.
    ties: int  # Events at the same time as the one before them in their case.
    nameless: int  # Events without a resource.
    # Calls that ended, and those of them whose start is known.
    offertes: int
    offertes_timed: int
    offertes_time: int
    dossiers: int
    dossiers_timed: int
    dossiers_time: int
    unended: int  # Started, and not ended before the next of that name starts, or ever.
    by_another: int  # Ended by a named worker who is not the first named worker of the case.
    after_the_end: int

    @property
    def open(self) -> int:
        return self.new + self.contacting + self.qualified + self.negotiating


def expected(path: Path) -> dict[str, Figures]:
    """What the log says of each case, by the case's name."""
    return {case.name: counted(case) for case in log(path)}


def total(figures: Iterable[Figures]) -> Figures:
    each = list(figures)
    return Figures(**{field.name: sum(getattr(one, field.name) for one in each) for field in fields(Figures)})


def counted(case: Case) -> Figures:
    times = Counter(event.activity for event in case.events)
    ends = [nth for nth, event in enumerate(case.events) if event.activity in ENDS]
    offertes, dossiers = talks(case, OFFERTES), talks(case, DOSSIERS)
    calls = ended_calls(case.events)
    worker = first_worker(case)
    return Figures(
        cases=1,
        events=len(case.events),
        amount=int(case.amount),
        preaccepted=times["A_PREACCEPTED"] > 0,
        accepted=times["A_ACCEPTED"] > 0,
        sent=times["O_SENT"] > 0,
        sent_back=times["O_SENT_BACK"] > 0,
        approved=times["A_APPROVED"] > 0,
        declined=times["A_DECLINED"] > 0,
        cancelled=times["A_CANCELLED"] > 0,
        new=not ends and not times["A_PREACCEPTED"],
        contacting=not ends and times["A_PREACCEPTED"] > 0 and not times["A_ACCEPTED"],
        qualified=not ends and times["A_ACCEPTED"] > 0 and not times["O_CREATED"],
        negotiating=not ends and times["O_CREATED"] > 0,
        quotes=times["O_CREATED"],
        repeated_quotes=max(times["O_CREATED"] - 1, 0),
        ties=sum(moment(event) == moment(before) for before, event in pairwise(case.events)),
        nameless=sum(event.resource is None for event in case.events),
        offertes=sum(call.activity == OFFERTES for call in calls),
        offertes_timed=len(offertes),
        offertes_time=sum(offertes),
        dossiers=sum(call.activity == DOSSIERS for call in calls),
        dossiers_timed=len(dossiers),
        dossiers_time=sum(dossiers),
        unended=started_calls(case) - len(offertes) - len(dossiers),
        by_another=sum(call.resource not in {None, worker} for call in calls),
        after_the_end=len(ended_calls(case.events[ends[0] :])) if ends else 0,
    )


def ended_calls(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.activity in CALLS and event.transition == "COMPLETE"]


def started_calls(case: Case) -> int:
    return sum(event.activity in CALLS and event.transition == "START" for event in case.events)


def talks(case: Case, activity: str) -> list[int]:
    """How long each call took whose end directly follows a start, among the calls of that name."""
    ours = [event for event in case.events if event.activity == activity and event.transition != "SCHEDULE"]
    return [
        (moment(event) - moment(before)) // timedelta(milliseconds=1)
        for before, event in pairwise(ours)
        if (before.transition, event.transition) == ("START", "COMPLETE")
    ]


def first_worker(case: Case) -> str | None:
    """Who is the first to be named as starting or completing a work item; scheduling one is not work."""
    working = (e for e in case.events if e.activity.startswith("W_") and e.transition != "SCHEDULE")
    return next((event.resource for event in working if event.resource), None)


def moment(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)
