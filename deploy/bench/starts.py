"""Start: an empty folder until everything is ready, the second start, and the memory of the five services and the worker together."""

import time
from pathlib import Path

import psutil

from deploy.bench.report import Figure
from deploy.local.settings import MODULES
from deploy.local.stack import Stack

_MEBIBYTE = 1_048_576


async def measure(folder: Path) -> list[Figure]:
    """Two starts of the same folder."""
    seconds, resident = [], 0
    for _ in range(2):
        started = time.perf_counter()
        async with Stack(folder) as stack:
            seconds.append(time.perf_counter() - started)
            resident = sum(_resident(stack.processes[name].pid) for name in MODULES)
    return [
        Figure("first start, empty folder, to healthy", f"{seconds[0]:.1f} s", ""),
        Figure("second start to healthy", f"{seconds[1]:.1f} s", ""),
        Figure("resident memory of the five services and the worker", f"{resident / _MEBIBYTE:,.0f} MiB", ""),
    ]


def _resident(pid: int | None) -> int:
    return 0 if pid is None else int(psutil.Process(pid).memory_info().rss)
