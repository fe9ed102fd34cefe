"""Limits of size and time hold for what really happens, not for what is claimed."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from chassis import guards, problems
from chassis.auth import anyone
from chassis.guards import body_limit, time_limit


class _Note(BaseModel):
    text: str


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    router = APIRouter(prefix="/notes")

    @router.post("", dependencies=[anyone()])
    async def plain(body: _Note) -> int:
        return len(body.text)

    @router.post("/{kind}/files", dependencies=[anyone(), body_limit(5_000)])
    async def stream(kind: str, request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @router.put("/{kind}/files", dependencies=[anyone()])
    async def ordinary(kind: str, request: Request) -> int:
        return len(await request.body())

    @router.get("/slow", dependencies=[anyone()])
    async def slow() -> None:
        await asyncio.Event().wait()

    @router.get("/patient", dependencies=[anyone(), time_limit(None)])
    async def patient(seconds: float) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            loop = asyncio.get_running_loop()
            done = asyncio.Event()
            loop.call_later(seconds, done.set)
            await done.wait()
            yield b"done"

        return StreamingResponse(lines())

    app.include_router(router, prefix="/api")
    guards.install(app, body_limit_bytes=1_000, request_timeout_seconds=0.2)
    problems.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x/api") as made:
        yield made


async def _chunks(total: int, size: int = 100) -> AsyncIterator[bytes]:
    for _ in range(total // size):
        yield b"x" * size


async def test_a_body_that_says_it_is_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/notes", json={"text": "x" * 1_000})
    assert (response.status_code, response.json()["code"], response.json()["limit_bytes"]) == (413, "payload-too-large", 1_000)


async def test_a_body_of_unknown_length_is_counted(client: httpx.AsyncClient) -> None:
    response = await client.put("/notes/a/files", content=_chunks(1_100))
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")
    assert (await client.put("/notes/a/files", content=_chunks(1_000))).json() == 1_000


async def test_a_json_body_of_unknown_length_is_counted(client: httpx.AsyncClient) -> None:
    async def long() -> AsyncIterator[bytes]:
        yield b'{"text": "'
        async for chunk in _chunks(2_000):
            yield chunk

    response = await client.post("/notes", content=long(), headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")


async def test_a_route_states_its_own_limit_for_its_method_only(client: httpx.AsyncClient) -> None:
    assert (await client.post("/notes/a/files", content=b"x" * 5_000)).json() == 5_000
    assert (await client.post("/notes/a/files", content=_chunks(5_100))).status_code == 413
    assert (await client.put("/notes/a/files", content=b"x" * 1_001)).status_code == 413


@pytest.mark.parametrize("length", ["9" * 400, "-5", "ten"])
async def test_an_absurd_length_never_fails(client: httpx.AsyncClient, length: str) -> None:
    response = await client.put("/notes/a/files", content=b"x", headers={"content-length": length})
    assert response.status_code in {200, 413}


async def test_a_request_that_takes_too_long_ends_with_503(client: httpx.AsyncClient) -> None:
    response = await client.get("/notes/slow")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["Retry-After"]


async def test_a_stream_may_outlive_the_limit(client: httpx.AsyncClient) -> None:
    assert (await client.get("/notes/patient", params={"seconds": 0.4})).text == "done"
