"""Events as they come from Kafka, for whoever folds them: read once, however many views are told.

What is personal in them stays closed; who opens something is fed by the ledger. What actors are called does not travel.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from consumers.cloudevents import ID, POSITION, SCHEMA_VERSION, TIME, TYPE, Foreign, row_of, source_of
from consumers.message import Arrived, Message, Partition
from domain.values import FACT_NAMES
from ledger.codec import Codec
from ledger.envelope import Corrupt
from ledger.lean import Lean
from ledger.scan import recorded
from projections.folding import Told
from projections.projection import Projection

CLOSED: frozenset[str] = frozenset()
NEEDED = (ID, POSITION, SCHEMA_VERSION, TIME, TYPE)

log = structlog.get_logger()


@dataclass(slots=True)
class Unpacked:
    """A message, and the event that is in it once somebody has asked for it; of another ledger, there is none."""

    offset: int
    message: Message
    position: int | None = None
    kind: type | None = None
    lean: Lean | None = None
    event: Any = None
    envelope: Any = None
    row: Any = field(default=None, repr=False)

    def told(self, view: Projection) -> Told:
        """As a view is told it. Raises Corrupt."""
        assert self.position is not None, "nothing of another ledger is told"
        if self.event is None:
            self.open()
        if view.tells != "all":
            return self.position, self.row.occurred_at, self.event
        if self.envelope is None:
            self.envelope = recorded(told_in_order(self.row), self.event)
        return self.position, self.envelope, self.event

    def open(self) -> None:
        assert self.lean is not None, "somebody reads it"
        self.row = row_of(self.message)
        how, version = self.lean, self.row.schema_version
        try:
            self.event = how.read(self.row.state) if version == how.version else how.modernised(version, self.row.state)
        except (LookupError, TypeError, ValueError, AttributeError) as wrong:
            said = f"{self.row.topic} in schema version {version}, at position {self.position}, cannot be read"
            raise Corrupt(f"{said}: {type(wrong).__name__}") from wrong


class Unpacking:
    """For some views of one ledger, which has a name."""

    def __init__(self, codec: Codec, views: Iterable[Projection], source: str) -> None:
        self.source = source
        kinds = {kind for view in views for kind in view.reads}
        self.kinds = {FACT_NAMES[kind]: (kind, Lean(codec.by_class[kind], CLOSED)) for kind in kinds}

    def unpacked(self, partition: Partition, records: Sequence[Arrived]) -> list[Unpacked]:
        """What is no event at all is passed over, and told of."""
        found: list[Unpacked] = []
        for each in records:
            message = Message(topic=partition.topic, key=each.key or b"", value=each.value, headers=each.headers)
            found.append(one := Unpacked(each.offset, message))
            try:
                if source_of(message) == self.source:
                    self.look(one)
            except Foreign as wrong:
                passed_over(partition, each.offset, wrong)
        return found

    def look(self, one: Unpacked) -> None:
        """At its headers, as far as is needed to know whom it concerns. Raises Foreign."""
        headers = dict(one.message.headers)
        try:
            position, name = int(headers[POSITION]), headers[TYPE].decode()
        except (LookupError, ValueError):
            row = row_of(one.message)  # It says what is wrong.
            position, name = row.notification_id or 0, row.topic
        if one.message.value is None or not headers.keys() >= {*NEEDED}:
            row_of(one.message)
        one.position = position
        one.kind, one.lean = self.kinds.get(name, (None, None))


def passed_over(partition: Partition, offset: int, wrong: Foreign) -> None:
    log.error("what is no event is passed over", where=f"{partition} at {offset}", because=str(wrong))


def told_in_order(row: Any) -> tuple[Any, ...]:
    """The columns that a scan has beside an event."""
    return (
        row.notification_id,
        row.topic,
        row.schema_version,
        None,
        row.occurred_at,
        None,
        None,
        None,
        row.originator_id,
        row.originator_version,
        row.event_id,
        row.recorded_at,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.actor_role,
        row.actor_org,
        row.command_id,
        row.correlation_id,
        row.causation_id,
        row.on_behalf_of,
        row.reason_code,
        row.source_system,
        row.source_message_id,
        row.policy_version,
        row.imported,
        row.subject,
    )
