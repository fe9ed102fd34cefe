"""State registries of the tests' own: real HTTP, answers set by the test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Response

from tests.support import eventually


class FakeRegistries:
    """What each registry answers, by name; without an entry it confirms. A number is a status without an answer."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.url = ""

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post("/registries/{name}/checks")
        async def check(name: str, fields: dict[str, Any]) -> Any:
            self.asked.append((name, fields))
            answer = self.answers.get(name, {"outcome": "match", "fields": []})
            return Response(status_code=answer) if isinstance(answer, int) else answer

        return app


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


async def _is_started(server: uvicorn.Server) -> bool:
    return server.started


@asynccontextmanager
async def running_registries() -> AsyncIterator[FakeRegistries]:
    registries = FakeRegistries()
    server = _Server(uvicorn.Config(registries.app(), host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve())
    await eventually(lambda: _is_started(server))
    registries.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/registries"
    try:
        yield registries
    finally:
        server.should_exit = True
        await running
