"""Waiting for a condition instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(check: Callable[[], Awaitable[T | None]], timeout: float = 10, interval: float = 0.05) -> T:
    """The first true answer of the check; `AssertionError` with the last answer when there was none in time.

    An `AssertionError` inside the check counts as "not yet".
    """
    limit = time.monotonic() + timeout
    while True:
        try:
            answer = await check()
        except AssertionError as error:
            if time.monotonic() > limit:
                raise
            last: object = error
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() > limit:
            raise AssertionError(f"not within {timeout} s; the last answer was {last!r}")
        await asyncio.sleep(interval)
