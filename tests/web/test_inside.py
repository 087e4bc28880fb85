"""A page asks as everybody does: by the same requests, and it hears the same answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse, StreamingResponse

from api.web.inside import Inside, Told, part_of

ANN = {"x-actor": "user:ann"}
app = FastAPI()


@app.get("/seen/{key}")
async def seen(request: Request, key: str) -> Response:
    told = {"key": key, "query": request.query_params.multi_items(), "headers": dict(request.headers)}
    return JSONResponse(told, headers={"Position": "7", "Link": '</seen/x?cursor=c>; rel="next"'})


@app.post("/leads/{key}/claim")
async def claim(request: Request, key: str) -> Response:
    return JSONResponse({"key": key, "body": await request.json(), "headers": dict(request.headers)})


@app.get("/behind")
async def behind(request: Request) -> Response:
    if "read-after" in request.headers:
        return JSONResponse({"type": "/problems/read-model-behind"}, 503)
    return JSONResponse({"rows": []}, headers={"Position": "3"})


@app.get("/no")
async def no() -> Response:
    return JSONResponse({"type": "/problems/already-held", "detail": "bob holds it", "owner": "bob"}, 409)


@app.get("/changes")
async def changes() -> Response:
    async def tell() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"id: %d\n\n" % number
            await asyncio.sleep(0)
        await asyncio.sleep(60)

    return StreamingResponse(tell(), media_type="text/event-stream")


def get(inside: Inside, *asked: Any, **query: Any) -> Any:
    return asyncio.run(inside.get(*asked, **query))


def test_it_asks_as_who_looks_and_for_what_he_says() -> None:
    inside = Inside(app, ANN, after=5, purpose="complaint")
    found = get(inside, part_of("/seen/{}", "安 c?"), [("owner_id.null", "true")], sort="-score", cursor=None)
    assert found["key"] == "安 c?"
    assert found["query"] == [["owner_id.null", "true"], ["sort", "-score"]]
    told = {name: found["headers"][name] for name in ("x-actor", "read-after", "x-purpose")}
    assert told == {"x-actor": "user:ann", "read-after": "5", "x-purpose": "complaint"}


def test_a_key_is_one_step_of_an_address_whatever_is_in_it() -> None:
    assert part_of("/leads/{}/events", "../x?y") == "/leads/..%2Fx%3Fy/events"


def test_it_knows_the_least_position_that_it_has_read_at_and_where_the_next_page_is() -> None:
    inside = Inside(app, ANN)
    answer = asyncio.run(inside.answer("/seen/x"))
    assert (answer.next, answer.position) == ("/seen/x?cursor=c", 7)
    get(inside, "/behind")
    get(inside, "/seen/x")
    assert inside.position == 3


def test_what_is_behind_is_read_as_it_stands_and_that_is_said() -> None:
    inside = Inside(app, ANN, after=9)
    assert get(inside, "/behind") == {"rows": []}
    assert inside.stale


def test_a_refusal_is_heard_with_its_facts() -> None:
    with pytest.raises(Told, match="bob holds it") as refused:
        get(Inside(app, ANN), "/no")
    assert (refused.value.status, refused.value.kind, refused.value.problem["owner"]) == (409, "already-held", "bob")


def test_a_command_goes_with_its_headers() -> None:
    answer = asyncio.run(Inside(app, ANN).send("/leads/x/claim", {"n": "中"}, {"idempotency-key": "k"})).told
    assert (answer["key"], answer["body"], answer["headers"]["idempotency-key"]) == ("x", {"n": "中"}, "k")


def test_a_long_answer_is_heard_piece_by_piece_and_left_when_enough_is_heard() -> None:
    async def few() -> list[bytes]:
        found: list[bytes] = []
        async with Inside(app, ANN).follow("/changes", {}) as pieces:
            async for piece in pieces:
                found.append(piece)
                if len(found) == 3:
                    break
        return found

    assert asyncio.run(asyncio.wait_for(few(), 10)) == [b"id: 0\n\n", b"id: 1\n\n", b"id: 2\n\n"]


def test_what_cannot_be_followed_is_said() -> None:
    async def follow() -> None:
        async with Inside(app, ANN).follow("/no", {}):
            raise AssertionError

    with pytest.raises(Told, match="bob holds it"):
        asyncio.run(follow())
