"""What the rules would say where nothing has happened yet: nothing is read, and nothing written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Ask
from commands.decider import owners
from commands.deciding import Plan, Work, decide
from commands.states import Cache, View
from domain.actor import Actor
from domain.errors import Invalid, Refused
from domain.identity import Identifier
from ledger.envelope import time_ordered_id
from ledger.refusals import restored

OWNER = owners(DECIDERS)
BY_NAME = {decider.name: decider for decider in DECIDERS}


class Nothing:
    """A ledger in which nothing has happened."""

    def load(self, _: object) -> Mapping[str, Sequence[Any]]:
        return {}

    def find(self, _: object) -> Mapping[Identifier, UUID]:
        return {}


def rehearse(commands: Iterable[Any], caller: Actor, now: datetime) -> Iterator[Refused | None]:
    """The refusal of each command, or None; each is decided on what those before it would have left."""
    view = View(Cache(1), Nothing(), BY_NAME, time_ordered_id)
    for command in commands:
        ask, plan = Ask(command, time_ordered_id(), caller), Plan.of(type(command), OWNER)
        try:
            home = plan.decider.stream_of(command)
        except Invalid as no:
            yield no
            continue
        found = decide(Work(ask, plan, home, b""), view, OWNER, now)
        if isinstance(found, Exception):
            raise found
        yield None if found.refusal is None else restored(found.refusal)
