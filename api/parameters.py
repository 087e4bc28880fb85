"""What may stand behind the ? of an address: what is taken there, each once, and how what is wrong there is told."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Annotated

from fastapi import Depends, Request

from api.caller import caller
from api.problems import InvalidRequest
from domain.actor import Actor

Given = Sequence[tuple[str, str]]
"""A query string, as pairs."""


def wrong(parameter: str, detail: str) -> InvalidRequest:
    return InvalidRequest(errors=[told(parameter, detail)])


def told(parameter: str, detail: str) -> dict[str, str]:
    return {"parameter": parameter, "in": "query", "detail": detail}


async def only_what_it_takes(request: Request, _: Annotated[Actor, Depends(caller)]) -> None:
    """For every address that reads, once it is known who asks: what it would not look at is not passed over.

    Raises InvalidRequest.
    """
    asks = request.scope["route"].dependant
    takes = [each.alias for part in (asks, *asks.dependencies) for each in part.query_params]
    must_be_known([name for name, _ in request.query_params.multi_items()], takes)


def must_be_known(names: Sequence[str], takes: Collection[str]) -> None:
    """Raises InvalidRequest for every parameter that is not taken, or stands there twice."""
    able = f"this address takes {', '.join(takes) or 'no parameters'}"
    unknown = [told(name, able) for name in dict.fromkeys(names) if name not in takes]
    if errors := [*unknown, *repeated(names, takes)]:
        raise InvalidRequest(errors=errors)


def must_be_once(names: Sequence[str], single: Collection[str]) -> None:
    """Raises InvalidRequest for whatever of these stands there twice: nobody knows which is meant."""
    if errors := repeated(names, single):
        raise InvalidRequest(errors=errors)


def repeated(names: Sequence[str], single: Collection[str]) -> list[dict[str, str]]:
    several = [name for name, count in Counter(names).items() if count > 1 and name in single]
    return [told(name, "this is there more than once") for name in several]
