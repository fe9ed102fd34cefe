"""State registries of the tests' own: real HTTP, answers set by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response

from tests.identity.serving import serving


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


@asynccontextmanager
async def running_registries() -> AsyncIterator[FakeRegistries]:
    registries = FakeRegistries()
    async with serving(registries.app()) as url:
        registries.url = f"{url}/registries"
        yield registries
