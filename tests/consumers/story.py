"""An office without a database, whose policies are simulated."""

from collections.abc import Sequence
from datetime import timedelta

from consumers.policies import POLICIES
from consumers.simulated import Simulated
from ledger.envelope import Recorded
from tests.consumers.house import House
from tests.consumers.office import Office
from tests.memory import memory_ledger


class Story(Office):
    def __init__(self) -> None:
        super().__init__(House("", memory_ledger()))
        self.position = 0
        self.simulated = Simulated(POLICIES, self.executor, self.news)

    def news(self) -> Sequence[Recorded]:
        found = self.house.ledger.events(self.position, 1_000)
        self.position = found[-1].position if found else self.position
        return found

    def until(self, later: timedelta) -> None:
        self.now += later
        self.simulated.settle()
        self.simulated.ring()
