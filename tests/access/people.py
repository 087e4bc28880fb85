"""Who asks, in every role, and whose the things are that he asks about: what the table of rights is held against."""

from commands.decider import Holding
from commands.permission import whereabouts
from commands.states import Known
from domain.access import TABLE, Action, Scope, Whereabouts, scope_of
from domain.actor import Actor
from domain.pool import Pool, Terms
from domain.staff import MACHINES, Employed, Stranger
from domain.values import Instant, OrgPath, PoolId, StaffId

ROB = StaffId("rob")
TEAM = OrgPath("north/team-1")
COLLEAGUES = {
    ROB: TEAM,
    StaffId("ann"): TEAM,
    StaffId("kim"): OrgPath("north/team-1/night"),
    StaffId("sue"): OrgPath("north/team-10"),  # Whose team's name begins as his does.
}
POOLS = {PoolId("his"): TEAM, PoolId("hers"): OrgPath("north/team-10")}

PLACES: dict[str, Holding] = {
    "his own": Holding(owner=ROB),
    "once his own": Holding(formerly=ROB),
    "another team's, and he helps": Holding(owner=StaffId("sue"), workers={ROB: None}),
    "another team's, and he may look": Holding(owner=StaffId("sue"), readers={ROB: None}),
    "offered to his team": Holding(pool_id=PoolId("his"), pooled=True),
    "his colleague's": Holding(owner=StaffId("ann")),
    "once his colleague's": Holding(formerly=StaffId("ann")),
    "below him": Holding(owner=StaffId("kim")),
    "nobody's": Holding(),
    "another team's": Holding(owner=StaffId("sue")),
    "once another team's": Holding(formerly=StaffId("sue")),
    "offered to another team": Holding(pool_id=PoolId("hers"), pooled=True),
}

SHARED: dict[str, Holding] = {
    "another team's, and his success too": Holding(owner=StaffId("sue"), sharers=frozenset({ROB})),
    "another team's, and his colleague's success too": Holding(
        owner=StaffId("sue"), sharers=frozenset({StaffId("ann")})
    ),
    "nobody's, and his success": Holding(sharers=frozenset({ROB})),
}
"""Where there can be what is several people's success."""

OF_TEAMS: dict[str, Holding] = {
    "his team's": Holding(team=TEAM),
    "of all that his team lies in": Holding(team=OrgPath("north")),
    "of a team below his": Holding(team=OrgPath("north/team-1/night")),
    "of another team": Holding(team=OrgPath("north/team-10")),
}
"""Where there can be what a team is to do."""

EVERY_PLACE = PLACES | SHARED | OF_TEAMS

HIS = {
    "his own",
    "once his own",
    "another team's, and he helps",
    "another team's, and he may look",
    "offered to his team",
    "another team's, and his success too",
    "nobody's, and his success",
    "his team's",
    "of all that his team lies in",
}
HIS_PEOPLES = HIS | {
    "his colleague's",
    "once his colleague's",
    "below him",
    "nobody's",
    "another team's, and his colleague's success too",
    "of a team below his",
}
ALL = {*EVERY_PLACE}

SEES: dict[str, set[str]] = {
    "sales": HIS,
    "partner": HIS,
    "service_agent": HIS,
    "personnel": set(),
    "sales_manager": HIS_PEOPLES,
    "service_manager": HIS_PEOPLES,
    "inspector": ALL,
    "quality_manager": ALL,
    "credit_controller": ALL,
    "analyst": ALL,
    "auditor": ALL,
    "operations": ALL,
    "administrator": ALL,
    "service_account": ALL,
    "policy": ALL,
}
"""What a role of the team north/team-1 sees, of all that can be somebody's."""

SEES_EVERYTHING = {role for role, seen in SEES.items() if seen == ALL}


def as_rob(role: str) -> Actor:
    """A program has no team, and nothing is its own."""
    if role in MACHINES:
        return Actor(kind="service", id=ROB, role=role)
    return Actor(kind="user", id=ROB, role=role, org_path=TEAM)


def reads(role: str) -> Scope:
    found = scope_of(role, Action.READ)
    assert found is not None, f"{role} reads nothing"
    return found


def get(stream: str) -> Known:
    """The people and the pools, as a command finds them."""
    kind, _, name = stream.partition("/")
    if kind == "staff" and (org := COLLEAGUES.get(StaffId(name))) is not None:
        return Known(Employed(name=name, role="sales", org_path=org, skills=()), 1)
    if kind == "pool" and (org := POOLS.get(PoolId(name))) is not None:
        return Known(Pool(pool_id=PoolId(name), number=1, members=(org,), terms=Terms()), 1)
    return Known(Stranger(), 0)


def place_of(name: str, action: Action, at: Instant) -> Whereabouts:
    return whereabouts(name, EVERY_PLACE[name], action, at, get)


assert SEES.keys() == TABLE.keys(), "every role has an entry"
