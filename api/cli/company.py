"""A company as a file has it: its teams, staff, pools and catalogs, and every fault that the file alone can show."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.cli.outline import Fault, Outline, Place, like, read
from commands.agent_book import ChangeCapacity
from commands.catalog import PublishCatalog
from commands.pool import PublishPool
from commands.rehearsal import rehearse
from commands.staff import ROLES, OnboardStaff
from domain.actor import Actor
from domain.catalog import CustomField, Entry
from domain.errors import Invalid, Refused
from domain.pool import Terms
from domain.staff import proper
from domain.values import CatalogId, OrgPath, PoolId, StaffId, value, within

CALLER = Actor(kind="service", id="setup", name="lifeledger setup", role="administrator")


# What may stand in the file


@value
class Capacity:
    held: int
    daily_claims: int


@value
class Person:
    """What is left out of `capacity` and `available` is left as it is."""

    id: StaffId
    name: str
    role: str
    team: OrgPath
    skills: tuple[str, ...] = ()
    capacity: Capacity | None = None
    available: bool | None = None
    departed: bool = False


@value
class PoolPart:
    id: PoolId
    name: str
    members: tuple[OrgPath, ...]
    terms: Terms = Terms()


@value
class CatalogPart:
    id: CatalogId
    entries: tuple[Entry, ...] = ()
    fields: tuple[CustomField, ...] = ()


@value
class Parts:
    """Everything is optional; who and what is not named in the file is left alone."""

    teams: tuple[OrgPath, ...] = ()
    staff: tuple[Person, ...] = ()
    pools: tuple[PoolPart, ...] = ()
    catalogs: tuple[CatalogPart, ...] = ()


def parts_of(file: Path) -> Outline[Parts]:
    """What the file says. Raises Failure with every fault of its form, its sense, and before the rules."""
    return read(file, Parts, faults, stand_in)


# The commands that it wants

AS_THE_FILE_SAYS = {
    "staff_id": "id",
    "pool_id": "id",
    "catalog_id": "id",
    "org_path": "team",
    "to": "team",
    "cap": "held",
}


def onboarding(person: Person) -> OnboardStaff:
    return OnboardStaff(
        staff_id=person.id, name=person.name, role=person.role, org_path=person.team, skills=person.skills
    )


def limits(person: Person, wanted: Capacity) -> ChangeCapacity:
    return ChangeCapacity(staff_id=person.id, cap=wanted.held, daily_claims=wanted.daily_claims)


def terms(pool: PoolPart) -> PublishPool:
    return PublishPool(pool_id=pool.id, name=pool.name, members=pool.members, terms=pool.terms)


def choices(catalog: CatalogPart) -> PublishCatalog:
    return PublishCatalog(catalog_id=catalog.id, entries=catalog.entries, fields=catalog.fields)


def place(path: Place, no: Refused) -> Place:
    """What a refusal is about: the part of the file that wanted the command, or a field in it."""
    if not isinstance(no, Invalid):
        return path
    steps = (AS_THE_FILE_SAYS.get(step, step) for step in no.field.split("/"))
    return (*path, *(int(step) if step.isdecimal() else step for step in steps))


# Its faults


def faults(parts: Parts, mended: Collection[Place]) -> Iterator[Fault]:
    """What makes no sense beside the rest of the file, and what no rule would accept."""
    yield from twice(parts)
    yield from misplaced(parts, mended)
    yield from refused(parts)


def twice(parts: Parts) -> Iterator[Fault]:
    for name, ids in (
        ("staff", [each.id for each in parts.staff]),
        ("pools", [each.id for each in parts.pools]),
        ("catalogs", [each.id for each in parts.catalogs]),
    ):
        seen: set[str] = set()
        for nth, each in enumerate(ids):
            if each in seen:
                yield (name, nth, "id"), f"{each} stands there twice"
            seen.add(each)


def misplaced(parts: Parts, mended: Collection[Place]) -> Iterator[Fault]:
    for nth, team in enumerate(parts.teams):
        try:
            proper(team, "teams")
        except Invalid as no:
            yield ("teams", nth), no.because
    if ("teams",) in mended:
        return  # Nobody knows which there are.
    teams = [team for nth, team in enumerate(parts.teams) if ("teams", nth) not in mended]
    for nth, person in enumerate(parts.staff):
        if person.team not in teams:
            yield ("staff", nth, "team"), f"{person.team!r} is not among the teams{like(person.team, teams)}"
    for nth, pool in enumerate(parts.pools):
        for mth, unit in enumerate(pool.members):
            if not any(within(team, unit) for team in teams):
                yield ("pools", nth, "members", mth), f"{unit!r} is not among the teams{like(unit, teams)}"


def refused(parts: Parts) -> Iterator[Fault]:
    """What the rules say of each part, as if it were the first in an empty house."""
    now = datetime.now(UTC)
    for wishes in wished(parts):
        answers = rehearse([command for _, command in wishes], CALLER, now)
        for (path, _), no in zip(wishes, answers, strict=True):
            if no is not None:
                yield place(path, no), no.because if isinstance(no, Invalid) else str(no)
                break  # What follows from it would be refused only because of it.


def wished(parts: Parts) -> Iterator[Sequence[tuple[Place, Any]]]:
    """The commands of each part, and where it stands. Who has departed was somebody once, and is looked at as well."""
    for nth, person in enumerate(parts.staff):
        capacity = person.capacity
        yield [
            (("staff", nth), onboarding(person)),
            *([] if capacity is None else [(("staff", nth, "capacity"), limits(person, capacity))]),
        ]
    for nth, pool in enumerate(parts.pools):
        yield [(("pools", nth), terms(pool))]
    for nth, catalog in enumerate(parts.catalogs):
        yield [(("catalogs", nth), choices(catalog))]


def stand_in(path: Place) -> Any:
    """Something without a fault for a place that has one; None where there need be nothing."""
    *_, around, name = ("", *path)
    match name:
        case "id" | "name" | "team" | "code":
            return "-".join(map(str, path))
        case int():
            return "-".join(map(str, path)) if around in {"teams", "members", "skills", "choices"} else {}
        case "role":
            return ROLES[0]
        case "type":
            return "text"
        case "held" | "daily_claims":
            return 0
        case "members":
            return []
        case _:
            return None
