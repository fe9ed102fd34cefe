"""The servers a measurement runs against: real ones, on free ports, in a folder of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.stack import Stack


@asynccontextmanager
async def servers(folder: Path, service: str) -> AsyncIterator[Stack]:
    """Broker, object store and the store of one service; no service runs."""
    stack = Stack(folder)
    stack.broker.mapper.start()
    await stack.broker.mapper.wait_ready()
    processes = [stack.broker.process, stack.mongo[service].process, stack.objects.process]
    for process in processes:
        process.start()
    try:
        for process in processes:
            await process.wait_ready()
        yield stack
    finally:
        await stack.stop()
