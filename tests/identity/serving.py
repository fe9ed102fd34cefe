"""Neighbours of the tests' own on real ports."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from tests.support import eventually

KEEP_ALIVE_SECONDS = 75
"""Longer than any client keeps an idle connection, so that none sends into one just closed."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to pytest."""
        yield


async def _is_started(server: uvicorn.Server) -> bool:
    return server.started


@asynccontextmanager
async def serving(app: FastAPI, *, port: int = 0) -> AsyncIterator[str]:
    """The app's address while it runs."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    config.timeout_keep_alive = KEEP_ALIVE_SECONDS
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    await eventually(lambda: _is_started(server))
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
