"""The service's side of the nursery (`gateways.sandbox`): starts it, hands it files, and understands its answers."""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.documents.gateways.failures import RETRY_SECONDS, InspectionFailed, LookCut

_ANSWER_LIMIT = 65_536
_KILLED = -9
_PAUSE_SECONDS = 1.0
"""Between two starts: a nursery that cannot live is not a busy loop."""
_START = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from sandbox.__main__ import main; main()"
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Nothing of ours: a hostile file meets no secret. One thread, since only such a process may fork."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child said, and how it ended."""

    lines: tuple[Any, ...]
    status: int
    """As `subprocess` has it: 0 is well, below it is the signal."""
    peak_bytes: int
    """Memory at its peak, what it shared with the nursery included."""


@dataclass(slots=True)
class Nursery:
    """One prepared process that forks a limited child for each file. Starts by itself when it is asked, again when it has died."""

    _process: asyncio.subprocess.Process | None = None
    _asks: socket.socket | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _may_start_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process; None before it is needed."""
        return None if self._process is None else self._process.pid

    async def look(self, file: int, limits: dict[str, Any]) -> Answer:
        """Let a child look at the file of this descriptor; it is killed when nobody waits any more. Raises `InspectionFailed`."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            with theirs:
                await self._ask(json.dumps(limits).encode(), [file, theirs.fileno()])
            return _understood(await _read(ours))

    async def _ask(self, message: bytes, descriptors: list[int]) -> None:
        async with self._starting:
            if self._asks is not None:
                with suppress(OSError):
                    socket.send_fds(self._asks, [message], descriptors)
                    return
                await self.close()
            try:
                socket.send_fds(await self._start(), [message], descriptors)
            except OSError:
                raise InspectionFailed("Проверка файла не состоялась.", retry_after_seconds=RETRY_SECONDS) from None

    async def _start(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._may_start_at - loop.time()))
        self._may_start_at = loop.time() + _PAUSE_SECONDS
        nowhere = asyncio.subprocess.DEVNULL
        self._asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asks.setblocking(False)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", _START), stdin=theirs.fileno(), stdout=nowhere, stderr=nowhere, env=_ENVIRONMENT
            )
        return self._asks

    async def run(self) -> None:
        """Keep it until cancelled: the process ends with the service."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.close()

    async def close(self) -> None:
        """End it and every child."""
        if self._asks is not None:
            self._asks.close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self._asks = self._process = None


async def _read(ours: socket.socket) -> bytes:
    answer, loop = bytearray(), asyncio.get_running_loop()
    with suppress(ConnectionResetError):
        while len(answer) < _ANSWER_LIMIT and (part := await loop.sock_recv(ours, _ANSWER_LIMIT)):
            answer += part
    return bytes(answer)


def _understood(answer: bytes) -> Answer:
    """The last line is the nursery's. Without it, or when somebody else killed the child, nothing is known of the file."""
    try:
        *lines, end = [json.loads(line) for line in answer.splitlines()]
        told = Answer(tuple(lines), end["status"], end["peak_bytes"])
    except (ValueError, TypeError, KeyError):
        raise LookCut("Проверка файла прервалась.", retry_after_seconds=RETRY_SECONDS) from None
    if told.status == _KILLED:
        raise LookCut("Проверка файла прервалась.", retry_after_seconds=RETRY_SECONDS)
    if not told.lines:
        raise InspectionFailed("Проверка файла не состоялась.", retry_after_seconds=RETRY_SECONDS)
    return told
