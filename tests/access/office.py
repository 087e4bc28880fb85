"""The service over HTTP, and Rob, who asks it in one role after the other."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from api.as_of import Moments
from api.churn.facts import ChurnFacts
from api.proofs import Proofs
from api.viewing import ViewReader
from commands import DECIDERS
from domain.access import TABLE
from domain.staff import MACHINES, StaffMoved
from tests.access.people import ROB, TEAM
from tests.access.subjects import told
from tests.api.house import House
from tests.consumers.telling import tell

ROLES = [role for role in TABLE if role != "policy"]  # Nobody comes from outside and says that he is a policy.


@dataclass
class Office:
    house: House
    role: str = "sales"

    def rob(self, role: str) -> Mapping[str, str]:
        """Who he is, in a role, and what for; as a program in those that people cannot have."""
        if role in MACHINES:
            return {"X-Actor": f"service:{ROB}", "X-Role": role, "X-Purpose": "spec"}
        if role != self.role:
            moved = StaffMoved(staff_id=ROB, role=role, from_=TEAM, to=TEAM, from_role=self.role)
            tell(self.house.app.service.write.ledger, moved)
            self.role = role
        return {"X-Actor": f"user:{ROB}", "X-Purpose": "spec"}

    def get(self, path: str, role: str) -> httpx.Response:
        return self.house.get(path, self.rob(role))


@contextmanager
def opened(url: str) -> Iterator[Office]:
    """Over a ledger in memory, and views in a database."""
    with House.opened() as house:
        service = house.app.service
        service.views, service.moments = ViewReader(url, 2), Moments(url, service.write.ledger, 1_000)
        service.churn, service.proofs = ChurnFacts(url, 1_000), Proofs(url, service.write.ledger)
        tell(service.write.ledger, *(event for decider in DECIDERS for event in told(decider)))
        try:
            yield Office(house)
        finally:
            service.proofs.close()
            service.churn.close()
            service.moments.close()
            service.views.close()
            service.views = service.moments = service.churn = service.proofs = None


def same(answer: httpx.Response, missing: httpx.Response, asked: object, asked_of_missing: object) -> bool:
    """Whether nobody can tell what is hidden from what is not there: but for what he has asked for, and the trace."""
    return outside(answer, asked) == outside(missing, asked_of_missing)


def outside(answer: httpx.Response, asked: object) -> tuple[int, str, set[str]]:
    text = re.sub(rf"(?<!\w){re.escape(str(asked))}(?!\w)", "", answer.text.replace(answer.headers["trace-id"], ""))
    return answer.status_code, text, {*answer.headers}
