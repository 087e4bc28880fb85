"""The events that a view reads, with what its fold is told beside each."""

from collections.abc import Callable, Iterator, Sequence

from consumers.shares import may_concern
from domain.values import FORGETTING
from ledger.ledger import Ledger
from ledger.scan import WHOLE, Part, Scan, Wire
from projections.folding import Key, Told
from projections.projection import Projection


class Source:
    """Whoever follows a view that shows personal values is also told when somebody is forgotten."""

    def __init__(self, ledger: Ledger, wire: Wire, view: Projection) -> None:
        self.ledger = ledger
        self.view = view

        def scan(*kinds: type) -> Scan:
            return Scan(
                wire,
                ledger.codec,
                ledger.keys,
                kinds,
                view.opens,
                enveloped=view.tells == "all",
                everywhere=view.elsewhere,
            )

        self.scan = scan(*view.reads)
        self.following = scan(*dict.fromkeys((*view.reads, *(FORGETTING if view.opens else ()))))

    def read(self, after: int, until: int, limit: int) -> Sequence[Told]:
        """The next events after a position, up to another one, for who follows."""
        return self.following.read(after, until, limit)

    def batches(self, after: int, until: int, part: Part = WHOLE) -> Iterator[Sequence[Told]]:
        """All events of the view after a position, up to another one; or those that concern a part of the streams.
        Whoever was forgotten by then is so from the first of them on.
        """
        self.ledger.catch_up()
        batches: Iterator[Sequence[Told]] = self.scan.batches(after, until, part=part)
        if part != WHOLE and self.view.elsewhere:
            has = self.has(part)
            batches = ([each for each in told if may_concern(has, self.view, each)] for told in batches)
        yield from filter(None, batches)

    def has(self, part: Part) -> Callable[[Key], bool]:
        return lambda key: part.has(self.view.end_of(key))
