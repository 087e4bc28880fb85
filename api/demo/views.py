"""The views of a history that is at hand: folded while it is told, and written when it ends; nothing is read again.

Where a start is broken off, whoever keeps the views builds those that are not there, as ever.
"""

from collections.abc import Iterator, Sequence

from consumers.reactor import told
from consumers.rebuild import Rebuild
from consumers.simulated import Simulated
from ledger.envelope import Recorded
from ledger.ledger import Ledger
from projections import VIEWS
from projections.folding import Table

CHUNK = 5_000  # Events at hand at a time.


class Viewed:
    """All views, and what each policy remembers; some of them are kept by the policies anyhow."""

    def __init__(self, policies: Simulated) -> None:
        self.policies = policies
        self.tables = [Table(view, remember=False) for view in VIEWS if view.name not in policies.tables]
        self.heard: list[Recorded] = []
        self.position = 0

    def hear(self, found: Sequence[Recorded]) -> None:
        self.heard += found
        if len(self.heard) >= CHUNK:
            self.fold()

    def fold(self) -> None:
        heard, self.heard = self.heard, []
        for table in self.tables:
            reads = {*table.view.reads}
            table.fold(told(table.view, each) for each in heard if type(each.event) in reads)
        if heard:
            self.position = heard[-1].position

    def all(self) -> Iterator[Table]:
        """Those of which nothing is missing: what a policy has not reacted to, it does not remember."""
        yield from self.tables
        yield from self.policies.tables.values()

    def write(self, ledger: Ledger, url: str) -> None:
        """Into a read database that has none of them, each as it is after the last event that was heard of. What shows
        personal values is folded anew where somebody has been forgotten, who was heard of by name before.
        """
        self.fold()
        forgotten = ledger.erased_subjects() > 0
        for table in self.all():
            folded = None if forgotten and table.view.opens else table
            Rebuild(table.view, ledger, url, url, until=self.position, folded=folded).run()
