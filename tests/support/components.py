"""One service with real servers behind it, on a real port, inside the test's own process."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import httpx
import uvicorn
from fastapi import FastAPI
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from chassis.clock import SandboxClock
from chassis.settings import ServiceSettings, load_settings
from chassis.trust import authorities
from contracts.base import Event
from contracts.sealed import KeyRing
from tests.support.tap import Tap
from tests.support.waiting import eventually

READY_POLL_SECONDS = 0.1
"""Every look asks store and broker, and so takes time from the start."""
AnySettings = TypeVar("AnySettings", bound=ServiceSettings)


@dataclass(frozen=True)
class Component:
    """A running service under test."""

    service: str
    app: FastAPI
    url: str
    client: httpx.AsyncClient
    """Bound to `/api/<service>`; it keeps no cookies and follows no redirects."""
    tap: Tap
    database: AsyncDatabase[dict[str, Any]]
    clock: SandboxClock
    """Moves the time of this service alone."""
    amqp_url: str
    key_ring: KeyRing

    async def publish(self, event: Event, **properties: Any) -> None:
        """Put an event on the exchange, as its owner would."""
        await self.tap.publish(event, **properties)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


@asynccontextmanager
async def component(
    create_app: Callable[[AnySettings], FastAPI], settings_class: type[AnySettings], env: Mapping[str, str]
) -> AsyncIterator[Component]:
    """Run the service of that environment until it is ready, and stop it gracefully afterwards."""
    service = settings_class.model_config["env_prefix"].rstrip("_").lower()
    prefix = service.upper()
    with patch.dict(os.environ, env):
        settings = load_settings(settings_class)
    key_ring = KeyRing.from_json(settings.sealed_key_ring.get_secret_value())
    amqp_url = env[f"{prefix}_AMQP_URL"]
    app = create_app(settings)
    async with (
        Tap(amqp_url, key_ring) as tap,
        _serving(app, settings.keep_alive_seconds) as url,
        AsyncMongoClient[dict[str, Any]](env[f"{prefix}_MONGO_URL"], uuidRepresentation="standard", tz_aware=True) as store,
    ):
        database = store[env[f"{prefix}_MONGO_DATABASE"]]
        async with httpx.AsyncClient(base_url=f"{url}/api/{service}", timeout=15, verify=authorities()) as client:
            await eventually(lambda: _is_ready(client, url), timeout=30, interval=READY_POLL_SECONDS)
            clock = SandboxClock(Path(env["SANDBOX_CLOCK_FILE"]))
            yield Component(service, app, url, client, tap, database, clock, amqp_url, key_ring)


@asynccontextmanager
async def _serving(app: FastAPI, keep_alive_seconds: int) -> AsyncIterator[str]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="on", log_config=None, timeout_graceful_shutdown=3)
    config.timeout_keep_alive = keep_alive_seconds
    server = _Server(config)
    running = asyncio.create_task(server.serve(), name="component")
    try:
        while not server.started:
            if running.done():
                await running
                raise RuntimeError("the service ended at its start; see the captured log")
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    answer = await client.get(f"{url}/health/ready")
    assert answer.status_code == httpx.codes.OK, answer.text
    return True
