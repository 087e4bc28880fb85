"""The clock: sends what is due. Whether it is, the rule decides on the state that it then finds."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg2

from commands.execute import Executor
from consumers.errand import Errand, Sender
from consumers.process import Process
from consumers.session import Session, rows
from domain.policy import PolicyName, paused_at
from projections import deadlines, sql
from projections.deadlines import Deadline

PAGE = 500
AGAIN, AT_LAST = timedelta(hours=1), timedelta(days=1)  # After which what was refused is tried again, and how often.
LEASE = "clock"

Known = tuple[str, str, datetime]


class Clock:
    """One of all workers is the clock.

    `per_minute` is how many commands a policy may send in a minute: when many leads lapse at the same time, they do not
    all fall into the pool at once.
    """

    def __init__(
        self, processes: Sequence[Process], executor: Executor, database_url: str, *, per_minute: int = 300
    ) -> None:
        self.timers = {
            kind: (process.name, function) for process in processes for kind, function in process.timers.items()
        }
        self.executor = executor
        self.session = Session(database_url, "clock")
        self.per_minute = per_minute
        self.sent_at: dict[PolicyName, list[datetime]] = {}
        self.waits: dict[Known, datetime] = {}

    def close(self) -> None:
        self.session.close()

    def round(self) -> int:
        """Send what is due now, and answer how much that was."""
        if not self.session.take(LEASE):
            return 0
        now = self.executor.clock()
        self.waits = {known: until for known, until in self.waits.items() if until > now}
        left = {policy: self.room(policy, now) for policy, _ in self.timers.values()}
        sending: dict[PolicyName, tuple[Sender, list[tuple[Deadline, datetime]]]] = {}
        for deadline in self.due(now):
            policy, function = self.timers[deadline.kind]
            if left[policy] <= 0:
                if not any(left.values()):
                    break
                continue
            left[policy] -= 1
            sender, sent = sending.setdefault(policy, (Sender(policy, self.executor), []))
            attempt, again_at = attempts(deadline.due_at, now)
            errand = Errand(function(deadline), deadline.caused_by, deadline.correlation_id, attempt, deadline.kind)
            sender.add(errand)
            sent.append((deadline, again_at))
        for policy, (sender, sent) in sending.items():
            sender.send()
            self.sent_at.setdefault(policy, []).extend([now] * len(sent))
            self.waits |= {known(deadline): again_at for deadline, again_at in sent}
        return sum(len(sent) for _, sent in sending.values())

    def room(self, policy: PolicyName, now: datetime) -> int:
        """How much a policy may still send; nothing while somebody has paused it."""
        recent = [at for at in self.sent_at.get(policy, ()) if at > now - timedelta(minutes=1)]
        self.sent_at[policy] = recent
        if paused_at(self.executor.state(f"policy/{policy}").state, now):
            return 0
        return self.per_minute - len(recent)

    def due(self, now: datetime) -> Iterator[Deadline]:
        """What is due, the oldest first, without what has just been sent."""
        after: tuple[Any, ...] = (datetime.min.replace(tzinfo=now.tzinfo), "", "")
        while True:
            page = self.page(now, after)
            yield from (each for each in page if known(each) not in self.waits)
            if len(page) < PAGE:
                return
            after = (page[-1].due_at, page[-1].subject_id, page[-1].kind)

    def page(self, now: datetime, after: tuple[Any, ...]) -> list[Deadline]:
        try:
            with self.session.transaction() as cursor:
                cursor.execute(sql.due(deadlines), [now, list(self.timers), *after, PAGE])
                return [row for row in rows(cursor, deadlines) if isinstance(row, Deadline)]
        except psycopg2.errors.UndefinedTable:  # No worker has made the view yet.
            return []


def attempts(due_at: datetime, now: datetime) -> tuple[int, datetime]:
    """Which attempt at a deadline it is by now, from 0, and when the next one is: what is refused while it still stands
    there is tried again after an hour, then after twice as long each time, and at last once a day.
    """
    number, wait, next_at = 0, AGAIN, due_at + AGAIN
    while next_at <= now:
        number, wait = number + 1, min(2 * wait, AT_LAST)
        next_at += wait
    return number, next_at


def known(deadline: Deadline) -> Known:
    return deadline.subject_id, deadline.kind, deadline.due_at
