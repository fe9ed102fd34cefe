"""One child process: start, wait until ready, stop, kill, restart; it never outlives us."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

POLL_SECONDS = 0.02
READY_POLL_SECONDS = 0.1
LAST_LINES = 15


class ProcessFailed(RuntimeError):
    """A child ended or hung before it was ready; the message holds its name and the end of its log."""


@dataclass
class ChildProcess:
    """A command with its log file and a question that says when it is ready.

    The child leads its own process group, so its own children end with it, and the kernel sends it SIGTERM
    should we die first.
    """

    name: str
    command: Sequence[str]
    log_file: Path
    is_ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment of the child, apart from PATH and the locale."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    """How long a stop may take before the child is killed."""
    start_seconds: float = 60
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def pid(self) -> int | None:
        """The process id while the child runs, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def is_running(self) -> bool:
        """Whether the child runs at this moment."""
        return self.pid is not None

    @property
    def exit_status(self) -> int | None:
        """How the child ended (negative: by that signal); None while it runs or before its first start."""
        return None if self._child is None else self._child.poll()

    def start(self) -> None:
        """Start the child; does nothing if it runs. Call from the main thread: the death signal follows the starting thread."""
        if self.is_running:
            return
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name in ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR") if (value := os.environ.get(name))}
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(  # our own commands
                [*_die_with_parent(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**kept, **self.environment},
                start_new_session=True,
            )

    async def wait_ready(self) -> None:
        """Return when the child answers; `ProcessFailed` when it ended or did not become ready in time."""
        limit = time.monotonic() + self.start_seconds
        while not await self.is_ready():
            if not self.is_running:
                raise ProcessFailed(
                    f"{self.name}: процесс завершился с кодом {self.exit_status}, не успев начать работу\n{self.last_log()}"
                )
            if time.monotonic() > limit:
                raise ProcessFailed(f"{self.name}: не готов и через {self.start_seconds:.0f} с\n{self.last_log()}")
            await asyncio.sleep(READY_POLL_SECONDS)

    async def wait_exited(self, timeout_seconds: float) -> bool:
        """Whether the child is gone within the time; only then are its files and locks free."""
        limit = time.monotonic() + timeout_seconds
        while self.is_running:
            if time.monotonic() > limit:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def stop(self) -> None:
        """Ask the child to end, wait, and kill what is left of its group."""
        if self._child is None:
            return
        if self.is_running:
            self._child.send_signal(self.stop_signal)
            await self.wait_exited(self.stop_seconds)
        await self.kill()

    async def kill(self) -> None:
        """`kill -9` of the child and its own children; returns when the child is gone."""
        self.kill_now()
        await self.wait_exited(self.stop_seconds)

    def kill_now(self) -> None:
        """`kill -9` of the child and its own children, without waiting."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Hang the child (SIGSTOP); `thaw` lets it go on."""
        if self._child is not None:
            self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen child go on."""
        if self._child is not None:
            self._child.send_signal(signal.SIGCONT)

    async def restart(self) -> None:
        """Stop, start, wait until ready."""
        await self.stop()
        self.start()
        await self.wait_ready()

    def last_log(self) -> str:
        """The last lines the child wrote."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-LAST_LINES:])


def _die_with_parent() -> list[str]:
    return ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
