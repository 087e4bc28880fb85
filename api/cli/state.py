"""lifeledger state: a subject as it stood at a moment, or in what it differs between two, from its own events."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from api.as_of import Moment
from api.cli.at import meant
from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Failure, Misuse, document, records
from api.cli.taken import text
from api.cli.worker import reading
from api.differing import Told, compared, leaves, moment_told, other
from api.shown import shown
from commands import DECIDERS
from commands.decider import Decider
from commands.past import DoesNotFollow, NotThereYet, Stood, past, stood
from domain.errors import Invalid
from ledger.envelope import Recorded
from settings import Settings

OTHER = ("--compared-with", "--compared-with-occurred")


def state(subject: str, first: Told, second: Told, *, json: bool) -> None:
    """At one moment, or at two where something is said of a second."""
    decider, key = named(subject)
    settings = Settings.from_environment()
    warn_only()
    with ExitStack() as end:
        url = end.enter_context(database(settings))
        must_be_prepared(url)
        ledger = end.enter_context(reading(settings, url))
        at = meant(ledger, *first)
        until = None if second == (None, None) else meant(ledger, *other(first, second), OTHER)
        history = past(ledger, decider.stream(key))
    if not history:
        raise Failure(f"the ledger has no {decider.stream(key)}")
    then = folded(decider, key, history, at)
    if until is not None:
        compare(decider, key, (at, then), (until, folded(decider, key, history, until)), json=json)
    elif json:
        document(
            in_json({decider.id_field: key, "moment": moment_told(at), "version": then.version} | shown(then.state))
        )
    else:
        print(f"{decider.stream(key)} {spoken(at)}: version {then.version:,}")
        records(["field", "value"], [[name, cell(each)] for name, (_, each) in leaves(then.state)])


def named(subject: str) -> tuple[Decider[Any, Any], str]:
    """The kind of subject, and its id as the ledger writes it. Raises Misuse."""
    kind, _, key = subject.partition("/")
    decider = next((each for each in DECIDERS if each.name == kind), None)
    if decider is None or not key:
        kinds = ", ".join(sorted(each.name for each in DECIDERS))
        raise Misuse(f"{subject!r} is no subject: say lead/<id>; instead of lead there may stand {kinds}")
    try:
        return decider, decider.stream(decider.key(key)).partition("/")[2]
    except Invalid as no:
        raise Misuse(f"{subject!r}: {no.because}") from None
    except ValueError:
        assert decider.key is UUID
        raise Misuse(f"{subject!r}: a {kind} is named by a UUID") from None


def folded(decider: Decider[Any, Any], key: str, history: Sequence[Recorded], at: Moment) -> Stood:
    try:
        return stood(decider, key, history, at.position, at.occurred)
    except (NotThereYet, DoesNotFollow) as no:
        raise Failure(str(no)) from None


def compare(
    decider: Decider[Any, Any], key: str, before: tuple[Moment, Stood], after: tuple[Moment, Stood], *, json: bool
) -> None:
    found = compared(decider, key, before, after)
    if json:
        document(in_json(found))
        return
    print(f"{decider.stream(key)} from {spoken(before[0])} to {spoken(after[0])}")
    if not found["differences"]:
        print("nothing differs")
    else:
        rows = [[each["field"], cell(each["from"]), cell(each["to"])] for each in found["differences"]]
        records(["field", "from", "to"], rows)
    if found["events"]:
        columns = ["position", "type", "occurred_at", "recorded_at", "counts"]
        print()
        records(columns, [[text(each[column]) for column in columns] for each in found["events"]])


def spoken(at: Moment) -> str:
    then = f"at position {at.position:,}, as of {at.now.isoformat()}"
    return then if at.occurred is None else f"{then}, of what had happened by then"


def cell(found: Any) -> str | None:
    return None if found is None else text(found)


def in_json(found: Any) -> Any:
    """With values as the API has them."""
    return from_json(to_json(found))
