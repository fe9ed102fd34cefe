"""What documents runs on in tests: its processes, in the test's own one or as they run in production, and a scanner."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil
from fastapi import FastAPI

from deploy.local.clamd import Clamd
from deploy.local.ports import free_ports
from services.documents.main import create_app, create_worker
from services.documents.settings import Settings
from tests.support import eventually

SERVICE = "services.documents.main"
WORKER = "services.documents.main.worker"


def create_both(settings: Settings) -> FastAPI:
    """The service with its worker beside it; they share stores and queues, as two processes do."""
    app, worker = create_app(settings), create_worker(settings)
    alone = app.router.lifespan_context

    @asynccontextmanager
    async def together(_: FastAPI) -> AsyncIterator[None]:
        async with worker.router.lifespan_context(worker), alone(app):
            yield

    app.router.lifespan_context = together
    return app


@asynccontextmanager
async def a_clamd(folder: Path) -> AsyncIterator[Clamd]:
    """A scanner of its own, to hang it."""
    own = Clamd(folder / "clamd", free_ports(1)[0], folder / "clamd.log")
    own.process.start()
    try:
        await own.process.wait_ready()
        yield own
    finally:
        await own.process.kill()


@asynccontextmanager
async def a_process(module: str, env: Mapping[str, str]) -> AsyncIterator[tuple[psutil.Process, str]]:
    """The process of that module once it is ready, and its address; it may end before we do."""
    (port,) = free_ports(1)
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env=os.environ | env | {"DOCUMENTS_PORT": str(port)})
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:

            async def ready() -> bool:
                try:
                    return (await client.get(f"{url}/health/ready")).status_code == httpx.codes.OK
                except httpx.TransportError:
                    return False

            await eventually(ready, timeout=30)
        yield psutil.Process(running.pid), url
    finally:
        with suppress(ProcessLookupError):
            running.terminate()
        try:
            await asyncio.wait_for(running.wait(), 30)
        except TimeoutError:  # it is a failure, and must not outlive the run
            running.kill()
            await running.wait()
            raise


def client_of(url: str) -> httpx.AsyncClient:
    """A client of the service at this address."""
    return httpx.AsyncClient(base_url=f"{url}/api/documents", timeout=60)
