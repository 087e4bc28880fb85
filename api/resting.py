"""GET /policies: what the service does by itself, and which of it rests: until when, by whom, and why."""

import asyncio
from datetime import UTC, datetime
from typing import Any, get_args

from fastapi import APIRouter, Response

from api.reading import Seer, Who, content, in_json
from api.service import Service
from domain.access import Action, Scope, scope_of
from domain.actor import Actor
from domain.errors import NotAllowed
from domain.policy import Paused, PolicyName, paused_at


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["policies"])

    @found.get(
        "/policies",
        summary="What the service does by itself, and which of it rests.",
        description="For who may let a policy rest, and for who may read everything.",
        operation_id="ListPolicies",
        response_class=Response,
        response_description="A row for each policy",
        responses={200: content(SCHEMA)},
    )
    async def policies(who: Who) -> Response:
        position, rows = await asyncio.to_thread(standing, service, who)
        return in_json({"rows": rows}, {"Position": str(position)})

    return found


def standing(service: Service, who: Actor) -> tuple[int, list[dict[str, Any]]]:
    """How each stands now. Raises NotAllowed."""
    seer = Seer(service.write, who)
    seer.view.fetch({f"staff/{who.id}"} if who.kind == "user" else set())
    role = seer.actor().role
    if scope_of(role, Action.ASSIGN) is None and scope_of(role, Action.READ) is not Scope.ALL:
        raise NotAllowed(action=Action.READ, because="policies are for who may let them rest")
    position = service.write.ledger.last_position()
    seer.view.fetch({f"policy/{name}" for name in get_args(PolicyName)})
    now = datetime.now(UTC)
    return position, [told(service, name, seer.view.get(f"policy/{name}").state, now) for name in get_args(PolicyName)]


def told(service: Service, name: str, state: object, now: datetime) -> dict[str, Any]:
    if not isinstance(state, Paused) or not paused_at(state, now):
        return {"policy_name": name, "state": "running", **dict.fromkeys(BESIDE)}
    ledger = service.write.ledger
    (last,) = ledger.recorded(ledger.rows.latest_rows([f"policy/{name}"], 2**63 - 1, 1))
    reason = last.reason
    return {
        "policy_name": name,
        "state": "paused",
        "until": state.until,
        "since": last.occurred_at,
        "by": last.actor.id,
        "reason_code": None if reason is None else reason.code,
        "reason_text": None if reason is None else reason.text,
    }


BESIDE = ("until", "since", "by", "reason_code", "reason_text")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "policy_name": {"enum": [*get_args(PolicyName)]},
                    "state": {"enum": ["running", "paused"]},
                    **{
                        name: {"type": ["string", "null"], "format": "date-time"}
                        if name in ("until", "since")
                        else {"type": ["string", "null"]}
                        for name in BESIDE
                    },
                },
                "required": ["policy_name", "state", *BESIDE],
            },
        }
    },
    "required": ["rows"],
}
