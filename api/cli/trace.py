"""lifeledger audit trace and audit why: what has changed and what was refused, and why."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic_core import to_json

from api.changed import Subjects, moved
from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse, records, visible
from api.cli.taken import text
from api.cli.worker import reading
from api.trace import LARGEST_PAGE, BadQuestion, page, place_of, question, written
from api.tracing import position_or_id
from api.why import NoSuchEvent, story
from ledger.ledger import Ledger
from ledger.trace import Place
from settings import Settings

Entry = Mapping[str, Any]


@contextmanager
def opened() -> Iterator[Ledger]:
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with reading(settings, url) as ledger:
            yield ledger


def trace(given: Mapping[str, str | None], after: str, limit: int | None, form: str) -> None:
    """All that is meant, or the first so many; what is wrong in the question is told before anything is read."""
    try:
        asked, start = question({name: told for name, told in given.items() if told is not None}), place_of(after)
    except BadQuestion as no:
        name = "SUBJECT" if no.asked == "subject" else f"--{no.asked.replace('_', '-')}"
        raise Misuse(f"{name}: {no.because}") from None
    with opened() as ledger:
        entries = Entries(ledger, asked, start, limit)
        match form:
            case "json":
                in_json(entries)
            case "csv":
                in_csv(entries)
            case _:
                in_table(entries)
        if entries.goes_on is not None and form != "json":
            print(f"there may be more: go on with --after {entries.goes_on}", file=sys.stderr)


class Entries:
    """Entries page by page, as they are wanted; in the end, from where to go on, if there may be more."""

    def __init__(self, ledger: Ledger, asked: Any, start: Place, limit: int | None) -> None:
        self.ledger = ledger
        self.asked = asked
        self.start = start
        self.limit = limit
        self.subjects = Subjects(ledger)
        self.goes_on: str | None = None
        self.position = 0

    def __iter__(self) -> Iterator[Entry]:
        after, left = self.start, self.limit
        while True:
            wanted = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
            found = page(self.ledger, self.asked, after, wanted, self.subjects)
            self.position = found.position
            yield from found.entries
            if found.next is None:
                return
            after = found.next
            if left is not None:
                left -= len(found.entries)
                if left <= 0:
                    self.goes_on = written(after)
                    return


def in_json(entries: Entries) -> None:
    """A document with an entry in each line."""
    print('{"entries":[', end="")
    for number, each in enumerate(entries):
        print((",\n" if number else "\n") + to_json(each).decode(), end="")
    print(f'\n],"position":{entries.position},"next":{to_json(entries.goes_on).decode()}}}')


COLUMNS = (
    "place",
    "entry",
    "occurred_at",
    "recorded_at",
    "actor",
    "name",
    "role",
    "org_path",
    "on_behalf_of",
    "subject",
    "version",
    "type",
    "field",
    "from",
    "to",
    "reason",
    "given_reason",
    "corrects",
    "refusal",
    "policy_version",
    "imported",
    "source",
    "message_id",
    "event_id",
    "command_id",
    "correlation_id",
    "causation_id",
)


def in_csv(entries: Entries) -> None:
    """A line for each field that has changed, and one for what has changed none; an empty cell is no value."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    for each in entries:
        for line in lines(each):
            out.writerow([None if line.get(name) is None else text(line[name]) for name in COLUMNS])


def lines(entry: Entry) -> Iterator[dict[str, Any]]:
    actor, source = entry["actor"], entry.get("source") or {}
    line = {**entry, "name": actor.get("name"), "role": actor.get("role"), "org_path": actor.get("org_path")}
    line |= {"actor": f"{actor['kind']}:{actor['id']}", "reason": (entry.get("reason") or {}).get("code")}
    line |= {"source": source.get("system"), "message_id": source.get("message_id")}
    line["refusal"] = entry["problem"]["detail"] if entry["entry"] == "refused" else None
    for change in entry.get("changes") or [{}]:
        yield line | change


def in_table(entries: Entries) -> None:
    """For people: what is wanted to be read at once; all that is known stands in the other forms."""
    found = [row(each, entries.asked.changed) for each in entries]
    records(("place", "when", "who", "subject", "what", "changes", "why"), found)
    print(f"{len(found):,} entries, up to position {entries.position:,}")


def row(entry: Entry, asked: str | None) -> Sequence[object]:
    actor = entry["actor"]
    where = " of ".join(each for each in (actor.get("role"), actor.get("org_path")) if each)
    who = f"{actor['kind']}:{actor['id']}" + (f" ({where})" if where else "")
    if entry["entry"] == "refused":
        told = f"REFUSED {entry['type']}", None, entry["problem"]["detail"]
        return entry["place"], entry["recorded_at"].isoformat(timespec="seconds"), who, entry["subject"], *told
    reasons = [(entry["reason"] or {}).get("code"), entry["given_reason"]]
    reasons += [entry["on_behalf_of"] and f"on behalf of {entry['on_behalf_of']}", entry["policy_version"]]
    why = ", ".join(each for each in reasons if each)
    when = entry["occurred_at"].isoformat(timespec="seconds")
    return (
        entry["place"],
        when,
        who,
        entry["subject"],
        entry["type"],
        moved(entry["changes"], asked) or None,
        why or None,
    )


def why(event: str, *, json: bool) -> None:
    """The steps from an event to what came from outside."""
    try:
        wanted = position_or_id(event)
    except ValueError as no:
        raise Misuse(f"EVENT: {no}") from None
    with opened() as ledger:
        try:
            steps = story(ledger, wanted)
        except NoSuchEvent as no:
            raise Failure(str(no)) from None
    if json:
        print(to_json({"steps": steps}, indent=2).decode())
        return
    for each in steps:
        print(f"{each['step']:<10}  {visible(each['says'])}")
