"""Who comes into a group and who leaves it: each published group is asked from time to time, and what has changed is
recorded.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import psycopg2
import structlog
from psycopg2 import extras

from commands.ask import Ask
from commands.execute import Executor
from commands.group import MOST_MOVES, RecordMembers
from consumers.process import derived
from consumers.session import Session
from domain.actor import Actor
from domain.group import Condition, Group, Question
from domain.values import GroupId, Instant
from projections import VIEWS
from projections.projection import Projection
from projections.query import Among, BadQuery, Filter, Listing, can_be_grouped, subjects
from projections.relative import relative
from projections.sql import STATEMENT_SECONDS

LEASE = "groups"
EVERY = timedelta(seconds=30)
MOST_MEMBERS = 10_000
ASKER = Actor(kind="policy", id="groups", name="groups", role="policy")
PUBLISHED = "SELECT group_id FROM views.groups WHERE withdrawn_at IS NULL ORDER BY group_id"

Move = tuple[bool, str]
"""Whether somebody has come, and who."""

log = structlog.get_logger()


class Groups:
    """One of all workers asks."""

    def __init__(self, executor: Executor, database_url: str, views: Sequence[Projection] = VIEWS) -> None:
        self.executor = executor
        self.session = Session(database_url, "groups")
        self.views = {view.name: view for view in views if can_be_grouped(view)}
        self.again_at: Instant | None = None
        self.complained: dict[GroupId, tuple[int, str]] = {}

    def close(self) -> None:
        self.session.close()

    def round(self) -> int:
        """Ask all groups if it is time, and answer how many members have moved."""
        now = self.executor.clock()
        if (self.again_at is not None and now < self.again_at) or not self.session.take(LEASE):
            return 0
        published = self.published()
        self.complained = {group_id: told for group_id, told in self.complained.items() if group_id in published}
        moved = sum(self.ask(group_id, now) for group_id in published)
        self.tell()
        self.again_at = self.executor.clock() + EVERY
        return moved

    def tell(self) -> None:
        """Let whoever looks after all this count the groups that cannot be recorded."""
        rows = [(group_id, *told) for group_id, told in self.complained.items()]
        with suppress(psycopg2.errors.UndefinedTable), self.session.transaction() as cursor:  # As of the view.
            cursor.execute("DELETE FROM views.unrecorded")
            extras.execute_values(cursor, "INSERT INTO views.unrecorded (group_id, number, because) VALUES %s", rows)

    def published(self) -> list[GroupId]:
        try:
            with self.session.transaction() as cursor:
                cursor.execute(PUBLISHED)
                return [GroupId(name) for (name,) in cursor.fetchall()]
        except psycopg2.errors.UndefinedTable:  # No worker has made the view yet.
            return []

    def ask(self, group_id: GroupId, now: Instant) -> int:
        """One group: who is in it and was not, and who was and is not."""
        known = self.executor.state(f"group/{group_id}")
        group = known.state
        if not isinstance(group, Group):
            return 0
        try:
            found = self.found(group, now)
        except BadQuery as no:
            return self.complain(group_id, group.number, str(no))
        if len(found) > MOST_MEMBERS:
            return self.complain(group_id, group.number, f"more than {MOST_MEMBERS} are in it")
        self.complained.pop(group_id, None)
        moves = [(False, each) for each in sorted(group.members - {*found})]
        moves += [(True, each) for each in found if each not in group.members]
        parts = [moves[at : at + MOST_MOVES] for at in range(0, len(moves), MOST_MOVES)]
        asks = [
            Ask(recorded(group_id, group.number, part), command_id(group_id, known.version, nth), ASKER)
            for nth, part in enumerate(parts)
        ]
        for answer in self.executor(asks) if asks else ():
            if isinstance(answer, Exception):
                raise answer
            if answer.refusal is not None:
                log.info("a group was not recorded", group=group_id, refusal=type(answer.refusal).__name__)
        return len(moves)

    def found(self, group: Group, now: Instant) -> list[str]:
        """Raises BadQuery for what could be asked once, and cannot now that the view is another."""
        asked = group.question
        view = self.views.get(asked.view)
        if view is None:
            raise BadQuery("view", f"no group can ask {asked.view}")
        filters = [condition(view, each, now) for each in asked.conditions]
        among = Among(filters, asked.search, asked.sort, asked.first)
        statement = subjects(view, Listing(now, None, among=among), MOST_MEMBERS)
        try:
            with self.session.transaction() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
                try:
                    cursor.execute(statement.sql, statement.parameters)
                except psycopg2.errors.QueryCanceled:  # Not the server's fault: the connection and the lease stay.
                    raise BadQuery("view", f"{view.name} took longer than {STATEMENT_SECONDS} s to answer") from None
                return [subject for (subject,) in cursor.fetchall()]
        except psycopg2.Error as no:
            raise BadQuery("view", not_asked(view, asked, no)) from None

    def complain(self, group_id: GroupId, number: int, because: str) -> int:
        """Say what is wrong with a group, once for each version, and how many cannot be asked by now; who is in it
        stays as it was.
        """
        if self.complained.get(group_id) != (number, because):
            self.complained[group_id] = (number, because)
            wrong = len(self.complained)
            log.warning("a group cannot be recorded", group=group_id, number=number, because=because, such_groups=wrong)
        return 0


def not_asked(view: Projection, asked: Question, no: psycopg2.Error) -> str:
    """Why the database did not answer, without its own words: they repeat what is compared."""
    match no:
        case psycopg2.errors.UndefinedTable():
            return f"{view.name} has not been built yet"
        case psycopg2.DataError():
            columns = ", ".join(dict.fromkeys(each.column for each in asked.conditions))
            return f"{view.name} holds nothing of the kind that is compared in {columns}"
        case _:
            return f"{view.name} cannot be asked this ({type(no).__name__})"


def condition(view: Projection, asked: Condition, now: Instant) -> Filter:
    """As texts, which the database reads; it was asked in the words of an address."""
    if asked.column not in view.filters:
        raise BadQuery(asked.column, f"{view.name} is filtered by {', '.join(view.filters)}")
    column = view.told(asked.column)

    def read(text: str) -> object:
        found = relative(column, text, now)
        return text if found is None else found

    match asked.operator:
        case "null":
            return Filter(asked.column, "null", asked.text == "true")
        case "in":
            return Filter(asked.column, "in", [read(each) for each in asked.text.split(",")])
        case operator:
            return Filter(asked.column, operator, read(asked.text))


def recorded(group_id: GroupId, number: int, moves: Sequence[Move]) -> RecordMembers:
    entered = tuple(who for came, who in moves if came)
    left = tuple(who for came, who in moves if not came)
    return RecordMembers(group_id=group_id, number=number, entered=entered, left=left)


def command_id(group_id: GroupId, version: int, part: int) -> UUID:
    """Of the same group in the same state the same, whoever asks."""
    return derived("groups", UUID(int=version), group_id, part)
