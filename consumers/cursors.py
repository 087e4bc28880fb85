"""From where on and up to where topics have all that there is: those of the ledger as the relay says, those of views as
it is said beside the views.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consumers.session import Session
from ledger.scan import Wire


@dataclass(frozen=True, slots=True)
class Filled:
    """What has been sent to a topic: all of its `types`, or all of its aggregate, beyond `whole_from` and up to a
    position.

    `log` is which topic of that name it is, and `filling` stands for all that was sent there since it began. In each
    partition that is what lies between `begins` and `ends`; what is before is none of it.
    """

    log: str
    filling: str
    partitions: int
    position: int
    whole_from: int
    begins: Sequence[int]
    ends: Sequence[int]
    types: Sequence[str] | None = None

    def has(self, types: set[str]) -> bool:
        return self.types is None or types <= {*self.types}


COLUMNS = "log, filling, partitions, position, whole_from, begins, ends"


def relayed(wire: Wire) -> dict[str, Filled]:
    """The ledger's own topics. Raises Unavailable."""
    with wire.connected() as connection:
        statement = f"SELECT topic, {COLUMNS}, types FROM ledger.relayed WHERE wanted"  # noqa: S608 - names of ours.
        found = connection.execute(statement.encode())
        return {topic: Filled(*rest) for topic, *rest in found.fetchall()}


def repartitioned(session: Session) -> dict[tuple[str, str], tuple[str, Filled]]:
    """Those of views, by the view and the fingerprint of its fold: how it is called, and what is there."""
    with session.transaction() as cursor:
        cursor.execute(f"SELECT view, fingerprint, topic, {COLUMNS} FROM views.repartitioned")  # noqa: S608 - as above.
        return {(view, of): (topic, Filled(*rest)) for view, of, topic, *rest in cursor.fetchall()}
