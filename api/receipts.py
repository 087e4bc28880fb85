"""GET /customers/{customer_id}/erasure-receipt: what proves that a customer was forgotten, for whoever may erase."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from api.problems import NoReceipt, ViewNotBuilt
from api.reading import Seer, Who
from api.service import Service
from commands.customer.customers import customers
from domain.access import Action, decide
from domain.actor import Actor
from ledger.receipt import RECEIPTS

NONE = "no erasure of this customer has been sealed; a worker seals about once a minute"


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["customers"])

    @found.get(
        "/customers/{customer_id}/erasure-receipt",
        summary="The signed receipts of a customer's erasure: who was forgotten, on whose demand, and when.",
        description="Each with the proof that the ledger says so. `lifeledger audit check` checks them anywhere.",
        operation_id="ReadErasureReceipt",
        response_class=Response,
        response_description="Signed notes (c2sp.org/signed-note), a proof below each (c2sp.org/tlog-proof)",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def receipt(who: Who, customer_id: UUID) -> Response:
        stream = f"customer/{customer_id}"
        await asyncio.to_thread(must_be_allowed, service, who, str(customer_id))
        if service.views is None:
            raise ViewNotBuilt
        texts = await service.views.run(lambda asking: written(asking, stream))
        if not texts:
            raise NoReceipt(because=NONE)
        return Response("".join(texts), media_type="text/plain")

    return found


def must_be_allowed(service: Service, who: Actor, key: str) -> None:
    """Raises NotAllowed for who may not erase, and Hidden where there is no such customer."""
    seer = Seer(service.write, who)
    if (no := decide(seer.actor(), Action.ADMINISTER, None)) is not None:
        raise no
    seer.subject(customers, key)


def written(asking: Any, stream: str) -> list[str]:
    asking.execute(RECEIPTS, (stream,))
    return [text for (text,) in asking.fetchall()]
