"""GET /audit/checkpoints, /audit/proof/{event} and /audit/consistency: what was signed of the ledger, that an event is
among it as it was, and that the ledger has only grown since; for who may read everything.

What is answered is reckoned here, and comes with all that somebody needs who reckons it himself.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response

from api.asking import reach_of
from api.looking import Looking, streams_seen
from api.parameters import wrong
from api.problems import NotYetSealed, ViewNotBuilt
from api.proven import CHECKPOINTS, CONSISTENCY, PROOF, checkpoint, grown, key, proven
from api.reading import Who, content, in_json
from api.service import Service
from api.tracing import event_of
from domain.errors import Hidden
from ledger.evidence import (
    Continued,
    Evidence,
    NoSuchSize,
    NotSealedYet,
    NotThere,
    checkpoints,
    continued,
    evidence,
    found_by,
)
from ledger.logs import EVENTS, LOGS, Log
from ledger.note import Verifier
from ledger.seal import Connection, unsealed
from projections.audit_trail import audit_trail

T = TypeVar("T")

PAGE, LARGEST_PAGE = 20, 200
MOST = 2**63 - 1
OfLog = Literal["events", "commands"]
Size = Annotated[int | None, Query(ge=1, le=MOST, description="The size of a checkpoint; the last one if not given.")]


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["audit"])
    add_checkpoints(found, service)
    add_proof(found, service)
    add_consistency(found, service)
    return found


async def asked(service: Service, ask: Callable[[Connection, Verifier], T], named: Mapping[int | None, str]) -> T:
    """What is asked of the sealed logs. A size that is no checkpoint's is told under the name by which it was given.

    Raises InvalidRequest, NotYetSealed, ViewNotBuilt, or Unavailable.
    """
    if service.proofs is None:
        raise ViewNotBuilt
    try:
        return await service.proofs.run(ask)
    except NotSealedYet as no:
        raise NotYetSealed(log=no.log.name, number=no.number, sealed=no.sealed) from None
    except NoSuchSize as no:
        raise wrong(named[no.size], str(no)) from None


# Checkpoints


def add_checkpoints(router: APIRouter, service: Service) -> None:
    @router.get(
        "/audit/checkpoints",
        summary="The signed checkpoints of both logs, the last first, and the key by which they are checked.",
        description=OF_CHECKPOINTS,
        operation_id="ListCheckpoints",
        response_class=Response,
        response_description="Of each log its checkpoints, and where there are earlier ones, the address of the next",
        responses={200: content(CHECKPOINTS)},
    )
    async def signed(
        who: Who,
        log: Annotated[OfLog | None, Query(description="Of one log alone.")] = None,
        before: Annotated[int | None, Query(ge=1, le=MOST, description="Only smaller ones; of one log.")] = None,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> Response:
        await asyncio.to_thread(reach_of, service, who, audit_trail)
        if before is not None and log is None:
            raise wrong("log", "of which log is not said, and sizes are those of one")
        logs = [each for each in LOGS if log in (None, each.name)]
        answer = await asked(service, partial(page_of, logs=logs, before=before, limit=limit), {})
        headers = {}
        if log is not None and (following := answer["logs"][0]["next"]) is not None:
            headers["Link"] = f'<{following}>; rel="next"'
        return in_json(answer, headers)


def page_of(
    connection: Connection, verifier: Verifier, *, logs: list[Log], before: int | None, limit: int
) -> dict[str, Any]:
    found = []
    for log in logs:
        several = checkpoints(connection, log, verifier, before, limit + 1)
        here = several[:limit]
        more = None
        if len(several) > limit:
            more = "/audit/checkpoints?" + urlencode({"log": log.name, "before": here[-1].size, "limit": limit})
        found.append(
            {
                "log": log.name,
                "unsealed": unsealed(connection, log),
                "checkpoints": [checkpoint(each) for each in here],
                "next": more,
            }
        )
    return {"key": key(verifier), "logs": found}


# Proofs


def add_proof(router: APIRouter, service: Service) -> None:
    @router.get(
        "/audit/proof/{event}",
        summary="That an event, or a command, is in the ledger as it was sealed; or what is wrong with it.",
        description=OF_PROOFS,
        operation_id="ReadProof",
        response_class=Response,
        response_description="The leaf, the way from it to a signed checkpoint, and the verdict",
        responses={200: content(PROOF)},
    )
    async def proof(
        who: Who,
        eye: Looking,
        event: Annotated[str, Path(description="The position or the id of an event, or the id of a command.")],
        checkpoint: Size = None,
    ) -> Response:
        reach = await asyncio.to_thread(reach_of, service, who, audit_trail)
        wanted = event_of(event)

        def ask(connection: Connection, verifier: Verifier) -> tuple[Evidence, Verifier]:
            row = (EVENTS, wanted) if isinstance(wanted, int) else found_by(connection, wanted)
            try:
                if row is not None:
                    return evidence(connection, *row, verifier, checkpoint), verifier
            except NotThere:
                pass
            raise Hidden(subject=f"event/{event}")

        found, verifier = await asked(service, ask, {checkpoint: "checkpoint"})
        answer = proven(found, verifier)
        await eye.saw(streams_seen([answer["subject"]] if answer["subject"] else [], reach))
        return in_json(answer, {})


# Between two checkpoints


def add_consistency(router: APIRouter, service: Service) -> None:
    @router.get(
        "/audit/consistency",
        summary="That the ledger has only grown between two signed checkpoints; or what speaks against it.",
        description=OF_CONSISTENCY,
        operation_id="ReadConsistency",
        response_class=Response,
        response_description="Both checkpoints, the hashes that lead from one to the other, and the verdict",
        responses={200: content(CONSISTENCY)},
    )
    async def consistency(
        who: Who,
        since: Annotated[int, Query(alias="from", ge=1, le=MOST, description="The size of the older checkpoint.")],
        to: Size = None,
        log: OfLog = "events",
    ) -> Response:
        await asyncio.to_thread(reach_of, service, who, audit_trail)
        of = next(each for each in LOGS if each.name == log)

        def ask(connection: Connection, verifier: Verifier) -> tuple[Continued, Verifier]:
            return continued(connection, of, verifier, since, to), verifier

        return in_json(grown(*await asked(service, ask, {to: "to", since: "from"})), {})


# How it is documented

OF_CHECKPOINTS = """
A checkpoint (c2sp.org/tlog-checkpoint) says of a log how many rows it has, and which one hash stands for all of them,
in a signed note (c2sp.org/signed-note). `unsealed` is how many rows have come since. `signed_at` was noted, and is not
signed. Who keeps a `note` elsewhere can later tell whether anything of what it stands for was changed.
"""
OF_PROOFS = """
The leaf is every column of the row as it is stored (what is personal is sealed, and stays as it is when somebody is
erased), and `path` the hashes that lead from it to the root of the checkpoint (RFC 9162, 2.1.3). What is not sealed yet
is answered with the problem `not-yet-sealed`: it is with the next checkpoint. `text` is what `lifeledger audit check`
reads (c2sp.org/tlog-proof); there is none where something is wrong.
"""
OF_CONSISTENCY = """
Both are sizes of signed checkpoints (RFC 9162, 2.1.4). Compare `from` with the one that you have kept: what proves is
that, and not what is kept here. `text` is what `lifeledger audit check --kept` reads (c2sp.org/tlog-witness).
"""
