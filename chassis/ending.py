"""Ending in bounded time: what is told to stop may hang on a server that is away."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

log = structlog.get_logger()
_AGAIN_SECONDS = 0.5


async def end_all(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: a driver whose server is away may turn the cancellation into an error of its own, which the task outlives.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_SECONDS)


async def within(seconds: float, step: Callable[[], Awaitable[None]], *, what: str) -> None:
    """Take a step of the end, or leave it after so many seconds: the process ends anyway, and others wait for that."""
    try:
        async with asyncio.timeout(seconds):
            await step()
    except TimeoutError:
        log.warning("left-unfinished", step=what, seconds=seconds)
