"""Liveness is about the process, readiness about what it needs."""

import asyncio

import httpx
import structlog.testing
from fastapi import FastAPI

from chassis import problems
from chassis.health import Readiness, health_router


async def _fine() -> None: ...


async def _no() -> bool:
    return False


async def _down() -> None:
    raise ConnectionError("mongodb://secret")


async def _hanging() -> None:
    await asyncio.Event().wait()


def _client(readiness: Readiness) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(health_router(readiness))
    problems.install(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x/health")


async def test_ready_when_everything_answers() -> None:
    async with _client(Readiness({"mongo": _fine})) as client:
        assert (await client.get("/live")).json() == {"status": "alive"}
        assert (await client.get("/ready")).json() == {"status": "ready"}


async def test_what_fails_is_named_without_its_words() -> None:
    readiness = Readiness({"mongo": _down, "rabbitmq": _fine, "store": _hanging}, timeout_seconds=0.1)
    readiness.add("own", _no)
    async with _client(readiness) as client:
        answer = await client.get("/ready")
        assert (answer.status_code, answer.json()["code"], answer.json()["failing"]) == (503, "not-ready", ["mongo", "store", "own"])
        assert "secret" not in answer.text
        assert (await client.get("/live")).status_code == 200


async def test_not_ready_while_stopping() -> None:
    readiness = Readiness({})
    readiness.stop()
    async with _client(readiness) as client:
        assert (await client.get("/ready")).json()["failing"] == ["stopping"]


async def test_a_failure_is_warned_of_and_the_recovery_is_only_noted() -> None:
    is_down = [True, True, False]
    readiness = Readiness({"mongo": lambda: _down() if is_down.pop(0) else _fine()})
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            await readiness.failing()
    assert [(log["log_level"], log["failing"]) for log in logs] == [("warning", ["mongo"]), ("info", [])]
