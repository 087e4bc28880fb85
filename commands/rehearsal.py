"""What the rules would say: where nothing has happened yet, or over a ledger as it is. Nothing is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from commands import DECIDERS
from commands.ask import Ask
from commands.decider import Decider, owners
from commands.deciding import Plan, Work, decide
from commands.states import Cache, Known, View
from domain.actor import Actor
from domain.errors import Invalid, Refused
from domain.identity import Identifier
from ledger.envelope import time_ordered_id
from ledger.refusals import restored
from ledger.store import Reader


class Nothing:
    """A ledger in which nothing has happened."""

    def load(self, _: object) -> Mapping[str, Sequence[Any]]:
        return {}

    def find(self, _: object) -> Mapping[Identifier, UUID]:
        return {}


class Attentive(View):
    """Notes the streams that were looked at and are not there."""

    absent: frozenset[str] = frozenset()

    def get(self, stream: str) -> Known:
        known = super().get(stream)
        if known.version == 0:
            self.absent |= {stream}
        return known


@dataclass(frozen=True)
class Rehearsed:
    """What a command would come to; and the other streams that its rule looked at, of which there are none yet."""

    refusal: Refused | None = None
    events: Sequence[Any] = ()
    absent: frozenset[str] = frozenset()


def rehearse(
    commands: Iterable[Any],
    caller: Actor,
    now: datetime,
    *,
    deciders: Iterable[Decider[Any, Any]] = DECIDERS,
    over: Reader | None = None,
) -> Iterator[Rehearsed]:
    """Each is decided on what those before it would have left: of nothing, or of the ledger that is given."""
    owner = owners(deciders)
    by_name = {decider.name: decider for decider in owner.values()}
    view = Attentive(Cache(1), over or Nothing(), by_name, time_ordered_id)
    for command in commands:
        ask, plan = Ask(command, time_ordered_id(), caller), Plan.of(type(command), owner)
        try:
            home = plan.decider.stream_of(command)
        except Invalid as no:
            yield Rehearsed(no)
            continue
        view.absent = frozenset()
        found = decide(Work(ask, plan, home, b""), view, owner, now)
        if isinstance(found, Exception):
            raise found
        yield Rehearsed(
            None if found.refusal is None else restored(found.refusal),
            [each.event for each in found.events],
            view.absent - {home},
        )
