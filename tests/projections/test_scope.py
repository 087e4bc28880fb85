"""Lists of rows, on a real PostgreSQL: who may see what."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from commands.decider import Holding
from commands.permission import whereabouts
from commands.states import Known
from domain.access import Action, Scope, reaches
from domain.actor import Actor, ActorKind
from domain.pool import Pool, Terms
from domain.staff import Departed, Employed, Stranger
from domain.values import LeadId, OrgPath, PoolId, StaffId
from projections.funnel import Journey, funnel
from projections.pool_directory import PublicPool, pool_directory
from projections.query import Listing, count, cursor, page, summary
from projections.sales_worklist import SalesLead, sales_worklist
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.projections.leads import at
from tests.projections.lists import NOW, Views, lead, numbers

pytestmark = pytest.mark.slow  # On a real database.

ORGS = [
    OrgPath(path)
    for path in ("", "north", "north/team-1", "north/team-1/desk", "north/team", "north%", "south", "a//b")
]
PEOPLE = [StaffId(name) for name in ("ann", "bob", "mia", "sue", "o'tto")]
KINDS: tuple[ActorKind, ...] = ("user", "user", "service")
STRANGER = StaffId("stranger")
POOLS = [PoolId(name) for name in ("p1", "p2", "p3")]
UNTIL = [None, NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)]


@dataclass
class World:
    """Staff, pools, and leads that somebody holds, as both sides know them."""

    states: dict[str, Any]
    holdings: dict[int, Holding]

    @classmethod
    def any(cls, chance: Random) -> "World":
        states: dict[str, Any] = {}
        for person in PEOPLE:
            org = chance.choice(ORGS)
            left = chance.random() < 0.2
            works = Employed(name=person, role="sales", org_path=org, skills=())
            states[f"staff/{person}"] = Departed(name=person, role="sales", org_path=org) if left else works
        for pool in POOLS[:2]:
            members = tuple(chance.sample(ORGS, chance.randint(0, 3)))
            states[f"pool/{pool}"] = Pool(pool_id=pool, number=1, members=members, terms=Terms())
        return cls(states, {number: any_holding(chance) for number in range(40)})

    def get(self, stream: str) -> Known:
        return Known(self.states.get(stream, Stranger()), 1)

    def fill(self, views: Views) -> None:
        views.empty()
        people = [(StaffId(stream[6:]), state) for stream, state in self.states.items() if stream.startswith("staff/")]
        views.put(
            staff_directory,
            *(
                Colleague(
                    staff_id=name,
                    name=name,
                    role="sales",
                    org_path=state.org_path,
                    active=not isinstance(state, Departed),
                )
                for name, state in people
            ),
        )
        pools = [state for stream, state in self.states.items() if stream.startswith("pool/")]
        views.put(pool_directory, *(PublicPool(pool_id=each.pool_id, name="P", members=each.members) for each in pools))
        views.put(
            sales_worklist, *(row_of(number, holding, Random(number)) for number, holding in self.holdings.items())
        )

    def seen(self, scope: Scope, actor: Actor) -> list[int]:
        return [
            number
            for number, holding in self.holdings.items()
            if reaches(scope, Action.READ, actor, whereabouts("lead", holding, Action.READ, NOW, self.get))
        ]


def any_holding(chance: Random) -> Holding:
    match chance.randrange(7):
        case 0:
            return Holding()
        case 6:
            return Holding(team=chance.choice(ORGS))
        case 1:
            return Holding(pool_id=chance.choice(POOLS), pooled=True)
        case 2:
            helpers = {name: chance.choice(UNTIL) for name in chance.sample(PEOPLE, chance.randrange(3))}
            return Holding(formerly=chance.choice([*PEOPLE, STRANGER]), pool_id=chance.choice(POOLS), workers=helpers)
        case _:
            helpers = {name: chance.choice(UNTIL) for name in chance.sample(PEOPLE, chance.randrange(3))}
            writes = chance.random() < 0.5
            return Holding(
                owner=chance.choice([*PEOPLE, STRANGER]),
                workers=helpers if writes else {},
                readers={} if writes else helpers,
            )


def row_of(number: int, holding: Holding, chance: Random) -> SalesLead:
    helpers: dict[StaffId, datetime | None] = {**(holding.workers or {}), **(holding.readers or {})}
    gone = holding.pooled and chance.random() < 0.5  # What lay in a pool when it was closed is seen as before.
    formerly = f"pool/{holding.pool_id}" if gone else f"staff/{holding.formerly}" if holding.formerly else None
    formerly = formerly if holding.team is None else f"team/{holding.team}"
    return lead(
        number,
        owner_id=holding.owner,
        pool_id=None if gone else holding.pool_id if holding.pooled else None,
        formerly=formerly,
        collaborators=tuple(helpers),
        collaborating_until=tuple(helpers.values()),
    )


@pytest.mark.parametrize("worlds", [pytest.param(8, id="8"), pytest.param(300, id="300", marks=pytest.mark.deep)])
def test_a_list_shows_what_the_decision_function_grants(views: Views, seed: int, worlds: int) -> None:
    chance = Random(seed)
    seen = 0
    for _ in range(worlds):
        world = World.any(chance)
        world.fill(views)
        for scope in Scope:
            for _ in range(6):
                who = chance.choice([*PEOPLE, STRANGER, StaffId("")])
                actor = Actor(kind=chance.choice(KINDS), id=who, role="sales", org_path=chance.choice(ORGS))
                asked = Listing(NOW, Reach(actor, scope), limit=100)
                wanted = world.seen(scope, actor)
                assert numbers(views.run(page(sales_worklist, asked))) == wanted, (scope, actor)
                assert views.run(count(sales_worklist, asked)) == [{"count": len(wanted)}]
                seen += 0 < len(wanted) < len(world.holdings)
    assert seen > worlds * 10, "most of these lists show some rows and hide others"


def test_figures_are_those_of_what_may_be_seen(views: Views) -> None:
    def journey(number: int, owner: str) -> Journey:
        return Journey(
            lead_id=LeadId(UUID(int=number)),
            cohort=at(3, 1).date(),
            source="ads",
            channel="form",
            captured_at=at(3, 1),
            owner_id=StaffId(owner),
        )

    views.put(
        staff_directory, *(Colleague(staff_id=name, name=name, role="sales", org_path=ORGS[1]) for name in PEOPLE)
    )
    views.put(funnel, journey(1, "ann"), journey(2, "bob"))
    ann = Actor(kind="user", id="ann", org_path=OrgPath("south"))
    (own,) = views.run(summary(funnel, "stages", Listing(NOW, Reach(ann, Scope.OWN)), by=()))
    assert own["entered"] == 1


def test_everybody_reads_the_directories(views: Views) -> None:
    views.put(staff_directory, Colleague(staff_id=PEOPLE[0], name="Ann", role="sales", org_path=ORGS[1]))
    nobody = Actor(kind="user", id="nobody", org_path=OrgPath("south"))
    assert len(views.run(page(staff_directory, Listing(NOW, Reach(nobody, Scope.OWN))))) == 1


def test_a_page_is_of_the_present_of_the_first_but_who_may_see_it_is_of_now(views: Views) -> None:
    """Else whoever kept a cursor would be let in by it after his time."""
    ann, mine = Actor(kind="user", id="ann", org_path=OrgPath("south")), StaffId("ann")
    shared = {"owner_id": StaffId("bob"), "collaborators": (mine,), "collaborating_until": (NOW + timedelta(days=1),)}
    views.put(sales_worklist, *(lead(number, **shared) for number in (1, 2, 3)))
    first = Listing(NOW, Reach(ann, Scope.OWN, NOW), limit=1)
    seen, _ = views.run(page(sales_worklist, first))
    further = replace(first, after=cursor(sales_worklist, first, seen))
    assert numbers(views.run(page(sales_worklist, further))) == [2, 3]
    late = replace(further, reach=Reach(ann, Scope.OWN, NOW + timedelta(days=1)))
    assert views.run(page(sales_worklist, late)) == []
