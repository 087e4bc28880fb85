"""Who sends a request. Everything that is asked goes through `caller`, and nothing else knows how a caller is named.

Until there is real authentication the headers are believed, which is why the service binds the loopback address.
"""

from functools import lru_cache
from typing import Annotated
from urllib.parse import unquote

from fastapi import Header

from api.problems import Unauthenticated
from commands.decider import LONGEST_KEY
from domain.access import TABLE
from domain.actor import Actor, ActorKind

OUTSIDE: dict[str, ActorKind] = {"user": "user", "service": "service", "integration": "integration"}
ROLES = sorted(TABLE.keys() - {"policy"})
SERVICE_ROLE = "service_account"

XActor = Annotated[
    str | None,
    Header(
        description="Who sends this: `user:ann`, `service:crm`, `integration:ads`; what is not ASCII percent-encoded.",
        examples=["user:ann"],
        json_schema_extra={"pattern": "^(user|service|integration):[!-.0-~]{1,128}$"},
    ),
]
XRole = Annotated[
    str | None,
    Header(
        description=f"The role of a service or an integration, `{SERVICE_ROLE}` if not given; people have their own.",
        json_schema_extra={"enum": ROLES},
    ),
]


async def caller(x_actor: XActor = None, x_role: XRole = None) -> Actor:
    """The principal behind a request. Raises Unauthenticated, which says what is wrong."""
    return named(x_actor, x_role)


@lru_cache(maxsize=4096)
def named(x_actor: str | None, x_role: str | None) -> Actor:
    if x_actor is None:
        raise Unauthenticated(because="the header X-Actor is missing: user:ann, for one")
    kind, _, name = x_actor.partition(":")
    if kind not in OUTSIDE:
        raise Unauthenticated(because=f"X-Actor begins with one of {', '.join(OUTSIDE)}, and a colon")
    staff_id = unquote(name, errors="replace")
    if not 0 < len(staff_id) <= LONGEST_KEY or not staff_id.isprintable() or " " in staff_id or "/" in staff_id:
        raise Unauthenticated(because=f"the id in X-Actor has 1 to {LONGEST_KEY} characters, no blanks and no slashes")
    if kind == "user":
        if x_role is not None:
            raise Unauthenticated(because="X-Role is not for people: they have the role of their staff record")
        return Actor(kind="user", id=staff_id)
    role = SERVICE_ROLE if x_role is None else x_role
    if role not in ROLES:
        raise Unauthenticated(because=f"X-Role is one of {', '.join(ROLES)}")
    return Actor(kind=OUTSIDE[kind], id=staff_id, role=role)
