"""Load, fold, decide, append. The one path by which anything changes."""

import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import SchemaSerializer, to_json

from commands.ask import Answer, Ask, CommandIdReused, Outcome
from commands.decider import Decider, owners
from commands.deciding import Plan, Work, decide, prepare
from commands.states import Cache, Known, View
from domain.errors import Invalid
from ledger.envelope import Batch, Logged, time_ordered_id
from ledger.refusals import restored
from ledger.store import Busy, EventStore, Locked, Sent, Unavailable
from ledger.writer import Pause

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # Seconds between attempts to reach the ledger.

Steps = Generator[Pause | Sent, None, list[Answer]]
Decided = Batch | Outcome | Exception | int  # An int is the place of an earlier one of the batch, which it repeats.


class Executor:
    """Decides batches of commands and writes each batch in one transaction.

    Commands of a batch chain: each is decided on the states that those before it left. What the decisions rest on is
    checked under the ledger's lock. Where a stream has moved in the meantime the batch is decided again there, where
    nothing can move any more: so the loser of a race hears who won, and nobody has to try again.
    """

    def __init__(
        self,
        deciders: Iterable[Decider[Any, Any]],
        store: EventStore,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID] = time_ordered_id,
        cache: int = 100_000,
        patience: float = 10.0,
        pause: Callable[[float], None] = time.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id
        self.cache = Cache(cache)
        self.erasures = 0  # The last one that is known to all that is in the cache.
        self.doubts = 0
        self.patience = patience  # Seconds that the ledger may be away before callers are told so.
        self.pause = pause
        self.timer = timer
        self.lost_at: float | None = None
        self.owner = owners(deciders)
        self.deciders = {decider.name: decider for decider in self.owner.values()}
        self.plans = {
            command: Plan.of(command, self.owner) for decider in self.deciders.values() for command in decider.rules
        }

    def __call__(self, asks: Sequence[Ask]) -> list[Answer]:
        """Settle every command of a batch. An error that is not a refusal never touches the neighbours."""
        try:
            return self.settle_in_time(asks)
        except (Unavailable, Busy) as problem:
            return [problem] * len(asks)
        except Exception as bug:  # noqa: BLE001 - it is the answer to the one command that has it.
            return [bug] if len(asks) == 1 else self.singly(asks)

    def singly(self, asks: Sequence[Ask]) -> list[Answer]:
        given: list[Answer] = []
        for ask in asks:
            lost = given and isinstance(given[-1], Unavailable | Busy)
            given.extend(given[-1:] if lost else self([ask]))
        return given

    def settle_in_time(self, asks: Sequence[Ask]) -> list[Answer]:
        """Settle; when the connection is lost, settle the same once more, until the ledger has been away too long.

        A commit may have come about although its answer was lost. That does no harm: under the lock, which a commit
        still under way keeps, the command log tells what has been done.
        """
        pause = SHORTEST_PAUSE
        while True:
            try:
                given = self.settle(asks)
            except (Unavailable, Busy) as problem:
                if self.lost_at is None and isinstance(problem, Unavailable):
                    self.lost_at = self.timer()
                if self.lost_at is None or self.timer() + pause > self.lost_at + self.patience:
                    raise
                self.pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.lost_at = None
                return given

    def state(self, stream: str) -> Known:
        """A stream's state as it is in the ledger now, for whoever only reads."""
        view = View(Cache(1), self.store, self.deciders, self.new_id)
        view.fetch([stream])
        return view.base[stream]

    def first_outcome(self, ask: Ask) -> Outcome | None:
        """What came of a command the first time that its caller sent it, whatever it said; None if he never has."""
        known = self.store.outcomes([ask.command_id]).get(ask.command_id)
        if known is None or known.actor != (ask.caller.kind, ask.caller.id):
            return None
        return outcome_of(known) if known.type == type(ask.command).__name__ else None

    # A batch

    def steps(self, asks: Sequence[Ask]) -> Steps:
        """Settle a batch in steps, for a writer that makes the next batch ready while this one is being committed.

        Where that comes to nothing, all of it is tried again; but the one before may be under way still, so only when
        it is this one's turn.
        """
        try:
            given = yield from self.settling(asks)
        except Busy as busy:
            return [busy] * len(asks)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found again, and answered to whom it concerns.
            if self.lost_at is None and isinstance(error, Unavailable):
                self.lost_at = self.timer()
            yield Pause.READY
            yield Pause.ASIDE
            return self(asks)
        self.lost_at = None
        return given

    def settle(self, asks: Sequence[Ask]) -> list[Answer]:
        steps = self.settling(asks)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def settling(self, asks: Sequence[Ask]) -> Steps:
        """Decide, pause, send, pause, and answer what has been committed.

        At the first pause everything is ready, at the second it is on its way. What the batch has changed is taken for
        granted from then on. Should it not come about, `doubts` counts one up, and whatever was decided meanwhile is
        decided again.
        """
        works = [self.work(ask) for ask in asks]
        doubts = self.doubts
        view = View(self.cache, self.store, self.deciders, self.new_id, erasures=self.erasures)
        yield from self.look_ahead(works, view)
        decided = self.decide_all(works, {}, view)
        encoded = self.store.encode(batches(decided))
        yield Pause.READY
        positions: Sequence[int] | None = None
        if doubts == self.doubts:
            try:
                sent = self.store.send(view.foundation(ask.command_id for ask in asks), encoded)
                self.cache.put(view.changed)
                yield sent
                positions = sent.result()
            finally:
                if positions is None:
                    self.cache.drop(view.changed)
                    self.doubts += 1
        if positions is None:
            yield Pause.ASIDE
            decided, positions = self.decide_under_lock(works, view)
        return answers(asks, decided, iter(positions))

    def decide_under_lock(self, works: Sequence[Work], view: View) -> tuple[list[Decided], Sequence[int]]:
        """Decide again where nothing can move any more, and write that."""
        with self.store.locked() as ledger:
            self.know_who_is_erased()
            logged = self.verify(view, ledger, {work.ask.command_id for work in works})
            view.holds = False
            while not view.holds:
                view = View(self.cache, ledger, self.deciders, self.new_id, verified=view.verified)
                decided = self.decide_all(works, logged, view)
                self.verify(view, ledger, ())
            positions = ledger.insert_batches(self.store.encode(batches(decided)))
        self.cache.put(view.changed)
        return decided, positions

    def know_who_is_erased(self) -> None:
        """Keep no state that was read while somebody could be read who has been erased since: nobody knows where else
        than in his own what was said of him has been copied to.
        """
        last = self.store.catch_up()
        if last != self.erasures:
            self.cache.clear()
            self.erasures = last

    def work(self, ask: Ask) -> Work:
        plan = self.plans[type(ask.command)]
        body = serializer(plan.rule.takes).to_json(ask.command, by_alias=True)
        # Whoever imports it, a line of history is the same.
        sender = "" if ask.imported else f" {ask.caller.kind}:{ask.caller.id}"
        digest = self.store.digest(plan.name + sender, body + said_of(ask))
        try:
            return Work(ask, plan, plan.decider.stream_of(ask.command), digest)
        except Invalid as wrong:
            return Work(ask, plan, "", digest, wrong)

    def verify(self, view: View, ledger: Locked, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        """Note whether all that the decisions rest on is still so, and answer which commands are known already.

        What is not as we know it is read again, under the lock, where it can move no more.
        """
        unsure = {stream: known.version for stream, known in view.base.items() if stream not in view.verified}
        values = {} if view.reader is ledger else view.guarded()
        there = ledger.check(unsure.keys(), commands, values.keys())
        stale = {stream: there.heads.get(stream, 0) for stream, version in unsure.items()}
        stale = {stream: head for stream, head in stale.items() if head != unsure[stream]}
        if stale:
            # A ledger that was restored from a backup may be behind what we have seen.
            ahead = [stream for stream, head in stale.items() if head < unsure[stream]]
            self.cache.drop(ahead)
            self.store.forget(ahead)
            View(self.cache, ledger, self.deciders, self.new_id).fetch(stale)
        view.verified |= unsure.keys()
        view.holds = not stale and all(there.identities.get(each) == stream for each, stream in values.items())
        return there.outcomes

    def look_ahead(self, works: Sequence[Work], view: View) -> Iterator[Pause]:
        """Read in a few grouped steps what the batch will need and nobody has here, instead of stream by stream."""
        cold = [work for work in works if work.wrong is None and self.cache.get(work.home) is None]
        for work in works:
            for find in work.plan.lookups:
                with suppress(Exception):  # It will be raised again where it is answered.
                    view.unknown.update(find(work.ask.command))
        for work in cold:
            if work.plan.opens:
                view.assume_new(work.home)
        cold = [work for work in cold if work.home not in view.base]
        view.missing.update(work.home for work in cold)
        now = self.clock()
        view.looking_ahead = True
        while view.missing or view.unknown:
            yield Pause.ASIDE
            view.fetch_missing()
            yield Pause.HERE
            cold = [work for work in cold if self.lacks(work, view, now)]
        view.looking_ahead = False

    def lacks(self, work: Work, view: View, now: datetime) -> bool:
        """Whether something is still to be read; if so, all that can be named by now is noted."""
        before = view.noted
        with suppress(Exception):  # It will be raised again where it is answered.
            prepare(work, view, now)
        return view.noted > before

    def decide_all(self, works: Sequence[Work], logged: Mapping[UUID, Logged], view: View) -> list[Decided]:
        """For each command what it writes, what it is answered, or which earlier one of the batch it repeats."""
        now = self.clock()
        first: dict[UUID, int] = {}
        decided: list[Decided] = []
        for index, work in enumerate(works):
            command_id = work.ask.command_id
            earlier = first.setdefault(command_id, index)
            if known := logged.get(command_id):
                decided.append(answer_again(known, work.digest))
            elif earlier != index:
                same = works[earlier].digest == work.digest
                decided.append(earlier if same else CommandIdReused(command_id=command_id))
            else:
                decided.append(decide(work, view, self.owner, now))
        return decided


@cache
def serializer(command: type) -> SchemaSerializer:
    """What writes out the bodies of a class of commands."""
    return TypeAdapter(command).serializer


def said_of(ask: Ask) -> bytes:
    """What else the caller says, as far as it makes another command of the same body; of most there is nothing.

    What a command belongs to, follows from and expects may differ when it is sent again; so may who imports it, and of
    the actor whom history names all but his kind and id.
    """
    actor, reason = ask.actor, ask.reason
    if not (ask.imported or reason or actor or ask.occurred_at or ask.on_behalf_of):
        return b""
    who = None if actor is None else (actor.kind, actor.id)
    why = None if reason is None else (reason.code, reason.text)
    return b"\0" + to_json((ask.imported, who, ask.occurred_at, ask.on_behalf_of, why))


def batches(decided: Sequence[Decided]) -> list[Batch]:
    return [each for each in decided if isinstance(each, Batch)]


def answers(asks: Sequence[Ask], decided: Sequence[Decided], positions: Iterator[int]) -> list[Answer]:
    given: list[Answer] = []
    for ask, each in zip(asks, decided, strict=True):
        match each:
            case int() as earlier:
                given.append(given[earlier])
            case Batch():
                refused = None if each.refusal is None else restored(each.refusal)
                given.append(Outcome(ask.command_id, each.stream, each.version, next(positions), refused))
            case _:
                given.append(each)
    return given


def answer_again(known: Logged, digest: bytes) -> Answer:
    """The first outcome, for the same command; anything else under its id is refused."""
    if known.digest != digest:
        return CommandIdReused(command_id=known.command_id)
    return outcome_of(known)


def outcome_of(known: Logged) -> Outcome:
    refused = None if known.refusal is None else restored(known.refusal)
    return Outcome(known.command_id, known.stream, known.version, known.position, refused)
