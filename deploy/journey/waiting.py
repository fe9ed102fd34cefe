"""Waiting for what the services do on their own time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class StillWaiting(Exception):  # reads as what happened
    """What was promised did not come in time."""


async def until(check: Callable[[], Awaitable[T | None]], what: str, *, timeout_seconds: float = 30, pause_seconds: float = 0.1) -> T:
    """The first true answer of `check`. Raises `StillWaiting` naming `what` after the time-out."""
    ends_at = time.monotonic() + timeout_seconds
    while True:
        if answer := await check():
            return answer
        if time.monotonic() > ends_at:
            raise StillWaiting(f"{what}: не дождались за {timeout_seconds:g} с")
        await asyncio.sleep(pause_seconds)
