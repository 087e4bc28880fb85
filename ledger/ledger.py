"""The ledger: events and their envelopes, over whatever keeps the rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from domain.actor import Actor, Reason, Source
from domain.identity import Identifier
from domain.values import Erased, forgotten_by
from ledger.codec import Codec
from ledger.envelope import Append, Batch, Circumstances, Logged, Recorded, time_ordered_id
from ledger.keys import Key, Keys, NewKey, seal
from ledger.row import Part, Row
from ledger.store import Encoded, Foundation, LockedRows, Rows, Sent, Standing


class RowReader:
    """Reads events through the codec, from rows that may be under the lock or not."""

    def __init__(self, rows: Rows | LockedRows, codec: Codec, keys: Keys) -> None:
        self.rows = rows
        self.codec = codec
        self.keys = keys

    def load(self, after: Mapping[str, int]) -> Mapping[str, Sequence[Any]]:
        found = self.rows.load_rows(after) if after else ()
        self.fetch_keys(found)
        return {
            stream: [self.event(row) for row in rows]
            for stream, rows in groupby(found, key=lambda row: row.originator_id)
        }

    def fetch_keys(self, rows: Sequence[Row]) -> None:
        self.keys.look()
        self.keys.fetch({row.subject for row in rows if row.subject})

    def find(self, identifiers: Collection[Identifier]) -> Mapping[Identifier, UUID]:
        digests = {self.keys.identity_digest(each): each for each in identifiers}
        found = self.rows.find_identities(digests.keys()) if digests else {}
        return {digests[digest]: identity for digest, identity in found.items()}

    def event(self, row: Row) -> Any:
        return self.codec.decode(
            row.topic,
            row.schema_version,
            row.state,
            lambda where, found: self.keys.open(row.subject, row.event_id, where, found),
        )


class LockedLedger(RowReader):
    """The ledger while nobody else can write to it."""

    rows: LockedRows

    def __init__(self, rows: LockedRows, codec: Codec, keys: Keys, created: dict[str, NewKey]) -> None:
        super().__init__(rows, codec, keys)
        self.created = created
        self.forgets = False

    def check(
        self, streams: Collection[str], commands: Collection[UUID], identifiers: Collection[Identifier]
    ) -> Standing[Identifier]:
        digests = {self.keys.identity_digest(each): each for each in identifiers}
        found = self.rows.check(streams, commands, digests.keys())
        guarded = {digests[digest]: identity for digest, identity in found.identities.items()}
        return Standing(found.heads, found.outcomes, guarded)

    def insert_batches(self, batches: Sequence[Encoded]) -> Sequence[int]:
        for batch in batches:
            self.created.update(batch.keys)
        self.forgets = self.forgets or forgets(batches)
        return self.rows.insert_batches(batches)


class SentEvents:
    """A batch on its way, and the keys that count once it has come about. They are used for the next one already."""

    def __init__(self, sent: Sent, keys: Keys, created: Mapping[str, NewKey], *, forgets: bool) -> None:
        self.sent = sent
        self.keys = keys
        self.created = created
        self.forgets = forgets
        for subject, new in created.items():
            keys.keep(subject, new.key)

    def answers_on(self) -> int | None:
        return self.sent.answers_on()

    def result(self) -> Sequence[int] | None:
        positions = None
        try:
            positions = self.sent.result()
        finally:
            if positions is None:
                self.keys.forget(self.created)  # They are kept nowhere, unless the commit came about after all.
            if self.forgets:
                self.keys.looks_at = 0.0
        return positions


class Ledger(RowReader):
    """One ordered ledger of everything that happened."""

    rows: Rows

    def new_id(self) -> UUID:
        """Of an event that is about to be written."""
        return time_ordered_id()

    def digest(self, kind: str, body: bytes) -> bytes:
        return self.keys.command_digest(kind, body)

    def forget(self, subjects: Collection[str]) -> None:
        self.keys.forget(subjects)

    def catch_up(self) -> int:
        return self.keys.catch_up()

    def send(self, foundation: Foundation[Identifier], batches: Sequence[Encoded]) -> Sent:
        guards = {self.keys.identity_digest(each): stream for each, stream in foundation.guards.items()}
        sent = self.rows.send(Foundation(foundation.heads, foundation.unknown, guards, foundation.erasures), batches)
        created = {subject: new for batch in batches for subject, new in batch.keys.items()}
        return SentEvents(sent, self.keys, created, forgets=forgets(batches))

    @contextmanager
    def locked(self) -> Iterator[LockedLedger]:
        created: dict[str, NewKey] = {}
        with self.rows.locked() as rows:
            locked = LockedLedger(rows, self.codec, self.keys, created)
            yield locked
        for subject, new in created.items():
            self.keys.keep(subject, new.key)
        if locked.forgets:
            self.keys.looks_at = 0.0

    def outcomes(self, commands: Collection[UUID]) -> Mapping[UUID, Logged]:
        return self.rows.outcomes(commands)

    def last_position(self) -> int:
        return self.rows.last_position()

    def position_at(self, recorded: datetime, until: int) -> int:
        """The last position before which nothing was recorded later than then; at most `until`, which is one.

        Clocks of several processes differ a little: what was recorded by then and stands behind something later is not
        part of what stood there first.
        """
        later = self.rows.first_recorded_after(recorded, until)
        return until if later is None else later - 1

    def recorded_at(self, position: int) -> datetime:
        """When the event at a position was recorded, which is there."""
        (row,) = self.rows.select_rows(position - 1, 1)
        return row.recorded_at

    def first_recorded_from(self, at: datetime, until: int) -> int:
        """The position from which on, up to one that is there, all was recorded then or later; the one behind it where
        nothing was. Looked up by halves, so clocks that differ make it so much less exact.
        """
        first, behind = 1, until + 1
        while first < behind:
            middle = (first + behind) // 2
            if self.recorded_at(middle) < at:
                first = middle + 1
            else:
                behind = middle
        return first

    def event_by_id(self, event_id: UUID) -> Recorded | None:
        row = self.rows.row_by_id(event_id)
        return None if row is None else self.recorded([row])[0]

    def event_at(self, position: int) -> Recorded | None:
        return next(iter(self.events(position - 1, 1, until=position)), None)

    def event_of(self, stream: str, version: int) -> Recorded | None:
        found = self.recorded(self.rows.next_rows(stream, version - 1, 1))
        return next((each for each in found if each.version == version), None)

    def erased_subjects(self) -> int:
        """Of how many the key has been destroyed: where this has changed, what was read before may show too much."""
        return self.rows.erased_subjects()

    def afresh(self) -> "Ledger":
        """This ledger, read with the keys that it has now, whatever was at hand."""
        return Ledger(self.rows, self.codec, self.keys.afresh())

    def close(self) -> None:
        self.rows.close()

    def history(self, stream: str) -> Sequence[Recorded]:
        return self.recorded(self.rows.load_rows({stream: 0}))

    def parts(self, parts: Mapping[str, Part]) -> Mapping[str, Sequence[Any]]:
        """What is told in each stream after one version and up to another."""
        found = self.rows.part_rows(parts) if parts else ()
        self.fetch_keys(found)
        by_stream = groupby(found, key=lambda row: row.originator_id)
        return {stream: [self.event(row) for row in rows] for stream, rows in by_stream}

    def events(
        self, after: int, limit: int, *, types: Sequence[str] = (), until: int | None = None
    ) -> Sequence[Recorded]:
        return self.recorded(self.rows.select_rows(after, limit, types=types, until=until))

    def recorded(self, rows: Sequence[Row]) -> list[Recorded]:
        """Rows as events with their envelopes."""
        self.fetch_keys(rows)
        return [self.enveloped(row) for row in rows]

    def enveloped(self, row: Row) -> Recorded:
        assert row.notification_id is not None
        return Recorded(
            position=row.notification_id,
            stream=row.originator_id,
            version=row.originator_version,
            type=row.topic,
            event=self.event(row),
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            actor=Actor(
                kind=row.actor_kind,  # type: ignore[arg-type]  # Written from the same type.
                id=row.actor_id,
                name=row.actor_name,
                role=row.actor_role,
                org_path=row.actor_org,  # type: ignore[arg-type]
            ),
            command_id=row.command_id,
            correlation_id=row.correlation_id,
            causation_id=row.causation_id,
            on_behalf_of=row.on_behalf_of,
            reason=self.reason(row),
            source=Source(system=row.source_system, message_id=row.source_message_id or "")
            if row.source_system
            else None,
            policy_version=row.policy_version,
            imported=row.imported,
            subject=row.subject,
            schema_version=row.schema_version,
        )

    def reason(self, row: Row) -> Reason | None:
        if row.reason_code is None:
            return None
        if row.reason_text is None:
            return Reason(code=row.reason_code)
        text = self.keys.open(row.subject, row.event_id, REASON, {"sealed": row.reason_text})
        return Reason(code=row.reason_code, text=text if isinstance(text, Erased) else text.decode())

    # Writing

    def encode(self, batches: Sequence[Batch]) -> list[Encoded]:
        """The rows of each batch. Keys that are new come with the first batch that needs them; of whom one forgets,
        neither it nor any after it has something to say.
        """
        at_hand = dict(self.keys.fetch({each.circumstances.subject for each in batches if self.has_secrets(each)}))
        return [self.encode_batch(batch, at_hand) for batch in batches]

    def has_secrets(self, batch: Batch) -> bool:
        """Whether something of it goes under a key that may exist already."""
        if not batch.events or (batch.events[0].version == 1 and batch.events[0].stream == batch.stream):
            return False
        reason = batch.circumstances.reason
        return (reason is not None and reason.text is not None) or self.codec.has_personal(batch.events)

    def encode_batch(self, batch: Batch, at_hand: dict[str, Key | Erased]) -> Encoded:
        around = batch.circumstances
        new_keys: dict[str, NewKey] = {}
        forgets: Mapping[str, Erased] = {}
        if gone := [subject for append in batch.events for subject in forgotten_by(append.event)]:
            forgets = dict.fromkeys(gone, Erased(on=around.recorded_at, by=around.actor.id))
            at_hand |= {subject: left for subject, left in forgets.items() if not is_erased(at_hand.get(subject))}

        rows = []
        for append in batch.events:
            event_id = self.new_id()
            sealing = partial(self.sealing, around.subject, event_id, at_hand, new_keys)
            name, schema_version, payload = self.codec.encode(append.event, sealing)
            told = None
            if around.reason is not None and isinstance(around.reason.text, str):
                told = sealing(REASON, around.reason.text.encode()).get("sealed")
            rows.append(row_of(append, name, payload, event_id, schema_version, told, around))
        logged = Logged(
            around.command_id,
            batch.type,
            batch.digest,
            batch.stream,
            batch.version,
            0,
            around.recorded_at,
            batch.refusal,
        )
        digests: Mapping[bytes, UUID] = {}
        if batch.identities:
            digests = {self.keys.identity_digest(value): identity for value, identity in batch.identities.items()}
        return Encoded(rows, logged, (around.actor.kind, around.actor.id), new_keys, digests, batch.side, forgets)

    def sealing(
        self,
        subject: str,
        event_id: UUID,
        at_hand: dict[str, Key | Erased],
        new_keys: dict[str, NewKey],
        where: str,
        plaintext: bytes,
    ) -> Any:
        """A personal value as it is stored; of who has been erased, nothing is stored any more."""
        key = at_hand.get(subject)
        if key is None:
            new = new_keys[subject] = self.keys.create(subject)
            key = at_hand[subject] = new.key
        if isinstance(key, Erased):
            return {"erased": {"on": key.on.isoformat(), "by": key.by}}
        return seal(key, event_id, where, plaintext)


REASON = "reason/text"


def is_erased(key: Key | Erased | None) -> bool:
    return isinstance(key, Erased)


def forgets(batches: Sequence[Encoded]) -> bool:
    return any(batch.forgets for batch in batches)


def row_of(
    append: Append,
    name: str,
    payload: bytes,
    event_id: UUID,
    schema_version: int,
    reason_text: str | None,
    around: Circumstances,
) -> Row:
    actor, reason, source = around.actor, around.reason, around.source
    return Row(  # In the order of its columns, which takes half as long as by name.
        append.stream,
        append.version,
        name,
        payload,
        None,
        event_id,
        schema_version,
        around.occurred_at,
        around.recorded_at,
        actor.kind,
        actor.id,
        actor.name,
        actor.role,
        actor.org_path,
        around.on_behalf_of,
        None if reason is None else reason.code,
        reason_text,
        around.command_id,
        around.correlation_id,
        around.causation_id,
        None if source is None else source.system,
        None if source is None else source.message_id,
        around.policy_version,
        around.imported,
        around.subject,
    )
