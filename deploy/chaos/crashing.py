"""`python -m deploy.chaos.crashing <process> <point> <share>`: a service or worker that kills itself at the worst moments.

The points are wrapped around the mechanisms from outside; nothing in a service knows of them.
"""

import importlib
import os
import random
import runpy
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import wraps
from itertools import count
from typing import Any

from deploy.local.settings import MODULES

POINTS: dict[str, tuple[str, str, str]] = {
    "after-commit": ("chassis.transaction", "MongoBegin", "_commit"),
    "after-confirm": ("chassis.relay", "Relay", "_publish"),
    "before-ack": ("chassis.broker", "PolicyMiddleware", "consume_scope"),
}
"""Where the process dies: right after the method named here has succeeded."""


def arm(point: str, share: float) -> None:
    """Let one of the next `1/share` passages, no later one, be the last thing the process does."""
    module_name, class_name, method_name = POINTS[point]
    owner = getattr(importlib.import_module(module_name), class_name)
    original: Callable[..., Awaitable[Any]] = getattr(owner, method_name)
    passages = count(1)
    last = random.randint(1, round(1 / share))  # noqa: S311 - chance, not a secret

    @wraps(original)
    async def deadly(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        if next(passages) >= last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method_name, deadly)


if __name__ == "__main__":
    _, process, chosen, chance = sys.argv
    arm(chosen, float(chance))
    runpy.run_module(MODULES[process], run_name="__main__")
