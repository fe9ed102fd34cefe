"""Rates hold across replicas, and the store does not tell whom they are about."""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from limits.aio.strategies import MovingWindowRateLimiter
from pymongo import AsyncMongoClient

from chassis import auth, limits, problems
from chassis.auth import Authenticator, JwksCache, anyone, callers
from chassis.clock import SystemClock
from chassis.errors import TooManyRequests
from chassis.limits import RateLimiter, limited, mongo_storage
from contracts.roles import Role
from tests.support import Infra, Signer, eventually


@pytest.fixture(scope="module")
async def database_name(infra: Infra) -> AsyncIterator[str]:
    name = f"test_{infra.run}_limits"
    yield name
    await infra.drop_database(name)


Limiters = Callable[..., RateLimiter]


@pytest.fixture
def limiter(infra: Infra, database_name: str) -> Iterator[Limiters]:
    made: list[RateLimiter] = []

    def make(key: bytes = b"k", **rates: str) -> RateLimiter:
        storage = mongo_storage(infra.mongo_url, database_name, server_selection_seconds=2)
        made.append(RateLimiter(storage, hash_key=key, rates=rates))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def _client(app: FastAPI, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://x")


async def test_replicas_share_the_count_and_strangers_do_not(limiter: Limiters) -> None:
    key = secrets.token_bytes(16)
    replicas = [limiter(key), limiter(key)]
    for number in range(4):
        await replicas[number % 2].hit("codes", "203.0.113.9", rate="4/minute")
    with pytest.raises(TooManyRequests) as refused:
        await replicas[0].hit("codes", "203.0.113.9", rate="4/minute")
    assert 1 <= refused.value.retry_after_seconds <= 60
    await replicas[0].hit("codes", "203.0.113.10", rate="4/minute")
    await replicas[0].hit("other", "203.0.113.9", rate="4/minute")


async def test_a_window_moves_on(limiter: Limiters) -> None:
    one = limiter()
    for _ in range(2):
        await one.hit("short", "a", rate="2/second")
    with pytest.raises(TooManyRequests):
        await one.hit("short", "a", rate="2/second")

    async def let_in() -> bool:
        try:
            await one.hit("short", "a", rate="2/second")
        except TooManyRequests:
            return False
        return True

    assert await eventually(let_in, timeout=3)


async def test_a_window_that_empties_meanwhile_still_says_how_long_to_wait(
    infra: Infra, database_name: str, limiter: Limiters, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limiter().hit("old", "a", rate="1/second")
    async with AsyncMongoClient[dict[str, Any]](infra.mongo_url) as client:
        await client[database_name][limits.COLLECTION].update_many({}, {"$set": {"entries": [0.0]}})
    monkeypatch.setattr(MovingWindowRateLimiter, "hit", AsyncMock(return_value=False))  # as it was a moment ago
    with pytest.raises(TooManyRequests) as refused:
        await limiter().hit("old", "a", rate="1/second")
    assert refused.value.retry_after_seconds == 1


async def test_the_store_holds_no_address_in_clear(infra: Infra, database_name: str, limiter: Limiters) -> None:
    await limiter().hit("codes", "198.51.100.77", rate="4/minute")
    async with AsyncMongoClient[dict[str, Any]](infra.mongo_url) as client:
        found = await client[database_name][limits.COLLECTION].find().to_list()
    assert found
    assert "198.51.100.77" not in json.dumps(found, default=str)


async def test_routes_are_limited_by_address_or_person(limiter: Limiters, signer: Signer) -> None:
    app = FastAPI()

    @app.post("/sign-ins", dependencies=[anyone(), limited("sign-in", "2/minute")])
    async def sign_in() -> None: ...

    @app.post("/exports", dependencies=[callers(Role.PRACTITIONER), limited("export", "100/minute", by="principal")])
    async def export() -> None: ...

    async with httpx.AsyncClient() as http:
        auth.install(app, Authenticator(JwksCache(signer.jwks_url, http, lifetime_seconds=60), SystemClock()))
        limits.install(app, limiter(secrets.token_bytes(8), export="1/minute"))
        problems.install(app)
        one, two = await _client(app, "203.0.113.1"), await _client(app, "203.0.113.2")
        answers = [await one.post("/sign-ins") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].json()["retry_after_seconds"] == int(answers[-1].headers["Retry-After"]) > 0
        assert (await two.post("/sign-ins")).status_code == 200

        person, other = (signer.headers(uuid4(), Role.PRACTITIONER) for _ in range(2))
        assert [(await one.post("/exports", headers=person)).status_code, (await two.post("/exports", headers=person)).status_code] == [
            200,
            429,
        ]
        assert (await one.post("/exports", headers=other)).status_code == 200
        assert (await one.post("/exports")).status_code == 401
        assert "429" in app.openapi()["paths"]["/exports"]["post"]["responses"]
        await one.aclose()
        await two.aclose()


def test_a_wrong_rate_is_named_at_start() -> None:
    with pytest.raises(ValueError, match="often"):
        limited("x", "often")
