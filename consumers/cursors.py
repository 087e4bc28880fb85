"""Up to where topics have all that there is: those of the ledger as the relay says, those of views as it is said beside
the views.
"""

from dataclasses import dataclass

from consumers.session import Session
from ledger.scan import Wire


@dataclass(frozen=True, slots=True)
class Filled:
    """All up to a position is there, and its keys are spread over so many partitions."""

    partitions: int
    position: int


def relayed(wire: Wire) -> dict[str, Filled]:
    """The ledger's own topics. Raises Unavailable."""
    with wire.connected() as connection:
        found = connection.execute("SELECT topic, partitions, position FROM ledger.relayed WHERE wanted")
        return {topic: Filled(*rest) for topic, *rest in found.fetchall()}


def repartitioned(session: Session) -> dict[str, Filled]:
    """Those of views."""
    with session.transaction() as cursor:
        cursor.execute("SELECT topic, partitions, position FROM views.repartitioned")
        return {topic: Filled(*rest) for topic, *rest in cursor.fetchall()}
