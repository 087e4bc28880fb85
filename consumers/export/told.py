"""The events of the ledger as an export tells them: with pseudonyms, and nothing opened that is personal."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from consumers.export.attributes import ENVELOPE, Plain, of_event
from consumers.export.objects import ACTOR, ON_BEHALF, concerned, exported, named, references
from consumers.export.pseudonyms import Pseudonyms
from consumers.export.states import RELATED, Somebody, stated
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import Scan, Wire


@dataclass(slots=True)
class Entry:
    """One event. `objects` are ids, each with its kind and how the event concerns it; `stated` is what is known of an
    object since, `related` the relations that it tells: source, target, which.
    """

    position: int
    type: str
    at: datetime
    resource: str
    attributes: dict[str, Plain]
    objects: list[tuple[str, str, str]]
    stated: list[tuple[str, str, str, Plain]]
    related: list[tuple[str, str, str]]

    @property
    def id(self) -> str:
        return f"e{self.position}"


class History:
    """The ledger up to a position, as it is exported; of one kind of objects, or of all.

    Memory: some batches of events, and the pseudonyms used last.
    """

    def __init__(self, ledger: Ledger, wire: Wire, pseudonyms: Pseudonyms, until: int) -> None:
        self.ledger, self.wire, self.until = ledger, wire, until
        self.of = pseudonyms.of

    def entries(self, kind: str | None = None) -> Iterator[tuple[int, list[Entry]]]:
        """Batch by batch, in the order of the ledger, and how far each batch goes. Raises Corrupt."""
        for recorded in self.scan(exported() if kind is None else concerned(kind)).batches(0, self.until):
            told = [self.entry(each) for _, each, _ in recorded]
            yield recorded[-1][0], [each for each in told if each.objects]

    def scan(self, kinds: Collection[type]) -> Scan:
        return Scan(self.wire, self.ledger.codec, self.ledger.keys, kinds, frozenset(), enveloped=True)

    def entry(self, recorded: Recorded) -> Entry:
        event = recorded.event
        class_: type = type(event)
        objects: dict[tuple[str, str, str], None] = {}
        related: dict[tuple[str, str, str], None] = {}
        own, relations = None, RELATED.get(class_, {})
        for reference in references(class_):
            for kind, name in named(event, reference):
                found = self.of(kind, name)
                objects[found, kind, reference.qualifier] = None
                if own is None:
                    own = found, kind
                elif reference.field in relations:
                    related[own[0], found, relations[reference.field]] = None
        resource = self.acting(recorded, objects)
        return Entry(
            position=recorded.position,
            type=recorded.type,
            at=recorded.occurred_at,
            resource=resource,
            attributes=attributes(recorded),
            objects=list(objects),
            stated=[] if own is None else [(*own, *each) for each in self.stated(recorded, own[1])],
            related=list(related),
        )

    def acting(self, recorded: Recorded, objects: dict[tuple[str, str, str], None]) -> str:
        """Who did it: staff by a pseudonym, and programs by their names."""
        actor = recorded.actor
        resource = f"{actor.kind} {actor.id}"
        if actor.kind == "user":
            resource = self.of("staff", actor.id)
            objects[resource, "staff", ACTOR] = None
        if recorded.on_behalf_of is not None:
            objects[self.of("staff", recorded.on_behalf_of), "staff", ON_BEHALF] = None
        return resource

    def stated(self, recorded: Recorded, kind: str) -> Iterator[tuple[str, Plain]]:
        """Only where the event stands in the object's own stream."""
        if recorded.stream.partition("/")[0] == kind:
            for name, value in stated(kind, recorded.event):
                yield name, self.of("staff", value.id) if isinstance(value, Somebody) else value


def attributes(recorded: Recorded) -> dict[str, Plain]:
    """What is there; what is not has no attribute."""
    found: dict[str, Plain] = {}
    for each in ENVELOPE:
        if (value := each.read(recorded)) is not None:
            found[each.name] = value
    class_: type = type(recorded.event)
    for each in of_event(class_, recorded.type.partition(".")[0]):
        if (value := each.read(recorded.event)) is not None:
            found[each.name] = value
    return found
