"""The events that a view reads, with what its fold is told beside each."""

from collections.abc import Iterator, Sequence

from domain.values import FACT_NAMES, FORGETTING
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from ledger.scan import AHEAD, WHOLE, Part, Scan, Wire
from projections.folding import Told
from projections.projection import Projection


class Source:
    """Whoever follows a view that shows personal values is also told when somebody is forgotten."""

    def __init__(self, ledger: Ledger, wire: Wire, view: Projection) -> None:
        self.ledger = ledger
        self.tells = view.tells
        self.types = [FACT_NAMES[kind] for kind in view.reads]
        watched = dict.fromkeys((*view.reads, *(FORGETTING if view.opens else ())))
        self.watched = [FACT_NAMES[kind] for kind in watched]
        self.scan = self.following = None
        if view.tells != "all":
            self.scan = Scan(wire, ledger.codec, ledger.keys, view.reads, view.opens)
            self.following = Scan(wire, ledger.codec, ledger.keys, [*watched], view.opens)

    def read(self, after: int, until: int, limit: int) -> Sequence[Told]:
        """The next events after a position, up to another one, for who follows."""
        if self.following is not None:
            return self.following.read(after, until, limit)
        return self.told(self.ledger.events(after, limit, types=self.watched, until=until))

    def batches(self, after: int, until: int, part: Part = WHOLE) -> Iterator[Sequence[Told]]:
        """All events of the view after a position, up to another one; or those of a part of the streams. Whoever was
        forgotten by then is so from the first of them on.
        """
        self.ledger.catch_up()
        if self.scan is not None:
            yield from self.scan.batches(after, until, part=part)
            return
        assert part == WHOLE, "a view that is told everything is not folded in parts"
        while found := self.ledger.events(after, AHEAD, types=self.types, until=until):
            yield self.told(found)
            after = found[-1].position

    def told(self, found: Sequence[Recorded]) -> list[Told]:
        if self.tells == "all":
            return [(each.position, each, each.event) for each in found]
        return [(each.position, each.occurred_at, each.event) for each in found]
