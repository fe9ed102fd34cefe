"""Keeps a running stack complete: a process that ends is started again, with a growing pause."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deploy.local.process import ChildProcess

LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
CALM_SECONDS = 60.0
"""A process that ran this long starts again with the first pause."""


@dataclass
class _Watched:
    process: ChildProcess
    pause_seconds: float = FIRST_PAUSE_SECONDS
    started_at: float = field(default_factory=time.monotonic)
    start_again_at: float | None = None


@dataclass
class Supervisor:
    """Watches processes that are all meant to run; `tell` hears what happened, in words for a person."""

    processes: Iterable[ChildProcess]
    tell: Callable[[str], None]

    async def run(self) -> None:
        """Watch until cancelled."""
        watched = [_Watched(process) for process in self.processes]
        while True:
            for one in watched:
                self._look(one)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self, one: _Watched) -> None:
        now = time.monotonic()
        if one.process.is_running:
            return
        if one.start_again_at is None:
            if now - one.started_at > CALM_SECONDS:
                one.pause_seconds = FIRST_PAUSE_SECONDS
            one.start_again_at = now + one.pause_seconds
            self.tell(
                f"{one.process.name}: процесс завершился ({_how(one.process.exit_status)}); новый запуск через {one.pause_seconds:g} с"
            )
            one.pause_seconds = min(one.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        elif now >= one.start_again_at:
            one.process.kill_now()  # what is left of its group would hold its port
            one.process.start()
            one.started_at, one.start_again_at = now, None


def _how(status: int | None) -> str:
    return f"сигнал {-status}" if status is not None and status < 0 else f"код {status}"
