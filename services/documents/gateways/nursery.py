"""The service's side of the nursery (`gateways.sandbox`): starts it, hands it files, asks its children and understands how they ended."""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.documents.gateways.failures import RETRY_SECONDS, InspectionFailed, LookCut
from services.documents.gateways.sandbox.framing import HEAD

_ANSWER_BYTES = 33_554_432
"""Longest answer: a picture of a page, or a file made anew."""
_END_BYTES = 4096
_KILLED = -9
_PAUSE_SECONDS = 1.0
"""Between two starts: a nursery that cannot live is not a busy loop."""
_START = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from sandbox.__main__ import main; main()"
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Nothing of ours: a hostile file meets no secret. One thread, since only such a process may fork."""


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended."""

    status: int
    """As `subprocess` has it: 0 is well, below it is the signal."""
    peak_bytes: int
    """Memory at its peak, what it shared with the nursery included."""


class Overcome(Exception):
    """The file made its child end: too little memory or time for it, or a library that crashed over it."""

    def __init__(self, end: End) -> None:
        super().__init__(f"the child ended with status {end.status}")
        self.end = end


@dataclass(slots=True)
class Child:
    """A child that looks at one file, question after question. To close it is to kill it, whatever it does."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _life: socket.socket
    _has_begun: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def ask(self, question: dict[str, Any]) -> Any:
        """What it answers: JSON, or bytes. Raises `Overcome`, `LookCut` if it was killed, `InspectionFailed` if it could not even begin."""
        try:
            if not self._has_begun:
                await self._answer()
                self._has_begun = True
            self._writer.write(json.dumps(question).encode() + b"\n")
            return await self._answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._reason() from None

    async def _answer(self) -> Any:
        is_json, size_bytes = HEAD.unpack(await self._reader.readexactly(HEAD.size))
        if size_bytes > _ANSWER_BYTES:
            self.close()
            raise _cut()
        content = await self._reader.readexactly(size_bytes)
        return json.loads(content) if is_json else content

    async def _reason(self) -> Exception:
        end = await self._ended()
        if end.status == _KILLED:
            return _cut()
        return Overcome(end) if self._has_begun else _not_begun()

    async def leave(self) -> End:
        """No more questions: wait until it has ended. Raises `LookCut` if the nursery died before."""
        self._writer.write_eof()
        return await self._ended()

    async def _ended(self) -> End:
        """The nursery's word."""
        with suppress(OSError):
            told = await asyncio.get_running_loop().sock_recv(self._life, _END_BYTES)
            if told:
                return End(**json.loads(told))
        raise _cut()

    def close(self) -> None:
        """End it now."""
        self._writer.close()
        self._life.close()


@dataclass(frozen=True, slots=True)
class Model:
    """What text is recognised by: a folder with one file for each language, and the languages."""

    folder: Path
    languages: str
    """As Tesseract has them: `rus`, `rus+eng`."""

    def __post_init__(self) -> None:
        for language in self.languages.split("+"):
            (self.folder / f"{language}.traineddata").stat()


@dataclass(slots=True)
class Nursery:
    """One prepared process that forks a limited child for each file. Starts by itself when it is asked, again when it has died."""

    model: Model | None = None
    """Without one no text is recognised."""
    _process: asyncio.subprocess.Process | None = None
    _asks: socket.socket | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _may_start_at: float = 0.0

    @property
    def pid(self) -> int | None:
        """Of the process; None before it is needed."""
        return None if self._process is None else self._process.pid

    async def child(self, file: int, *, memory_bytes: int) -> Child:
        """A child for the file of this descriptor. Raises `InspectionFailed`."""
        talk, its_talk = socket.socketpair()
        life, its_life = socket.socketpair()
        try:
            with its_talk, its_life:
                await self._ask(json.dumps({"memory_bytes": memory_bytes}).encode(), [file, its_talk.fileno(), its_life.fileno()])
            talk.setblocking(False)
            life.setblocking(False)
            return Child(*await asyncio.open_unix_connection(sock=talk), life)
        except BaseException:
            talk.close()
            life.close()
            raise

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
                raise _not_begun() from None

    async def _start(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._may_start_at - loop.time()))
        self._may_start_at = loop.time() + _PAUSE_SECONDS
        nowhere = asyncio.subprocess.DEVNULL
        model = () if self.model is None else (str(self.model.folder), self.model.languages)
        self._asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asks.setblocking(False)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", _START, *model), stdin=theirs.fileno(), stdout=nowhere, stderr=nowhere, env=_ENVIRONMENT
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


def _cut() -> LookCut:
    return LookCut("Проверка файла прервалась.", retry_after_seconds=RETRY_SECONDS)


def _not_begun() -> InspectionFailed:
    return InspectionFailed("Проверка файла не состоялась.", retry_after_seconds=RETRY_SECONDS)
