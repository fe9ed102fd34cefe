"""Malware: every file goes through clamd before anything else reads it. Source of the protocol: clamd(8), INSTREAM."""

import asyncio
import struct
from collections.abc import AsyncIterable
from dataclasses import dataclass

from chassis.errors import Outage
from services.documents.domain.findings import Finding, FindingCode
from services.documents.gateways.failures import RETRY_SECONDS, InspectionFailed

_COMMAND = b"zINSTREAM\0"
_LENGTH = struct.Struct(">I")
_ANSWER_LIMIT = 4096
_CLEAN, _FOUND = "stream: OK", " FOUND"
_FIRST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 0.1, 2.0
_BEYOND_LIMITS = "Heuristics.Limits.Exceeded"


class ScannerAway(InspectionFailed, Outage):
    """clamd gives no verdict. Files wait for it as long as it takes."""

    code = "scanner-away"


@dataclass(frozen=True, slots=True)
class Threat:
    """What clamd said of a file, by the name of the signature."""

    name: str

    @property
    def finding(self) -> Finding:
        """What its owner is told. A file that unpacks to more than may be scanned is no malware, but nobody can tell."""
        return Finding(FindingCode.FILE_TOO_COMPLEX if self.name.startswith(_BEYOND_LIMITS) else FindingCode.FILE_INFECTED)


@dataclass(frozen=True, slots=True)
class Scanner:
    """A client of clamd; one connection for each file, which is passed on as it comes."""

    host: str
    port: int
    seconds: float

    async def threat(self, content: AsyncIterable[bytes]) -> Threat | None:
        """None for a clean file. Raises `ScannerAway` when clamd gives no verdict: the file stays unchecked, and so unseen.

        A clamd that takes no connection is waited for within the same time: it may just be starting.
        """
        try:
            async with asyncio.timeout(self.seconds):
                return _understood(await self._answer(content))
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            raise _failed("Проверка на вредоносные программы сейчас недоступна.") from None

    async def _answer(self, content: AsyncIterable[bytes]) -> str:
        reader, writer = await self._connected()
        try:
            writer.write(_COMMAND)
            async for chunk in content:
                if not chunk:
                    continue  # no length may be zero but the last
                writer.write(_LENGTH.pack(len(chunk)) + chunk)
                await writer.drain()
            writer.write(_LENGTH.pack(0))
            await writer.drain()
            return (await reader.readuntil(b"\0")).rstrip(b"\0").decode(errors="replace")
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await asyncio.open_connection(self.host, self.port, limit=_ANSWER_LIMIT)
            except OSError:
                await asyncio.sleep(pause)
            pause = min(_MOST_PAUSE_SECONDS, 2 * pause)


def _understood(answer: str) -> Threat | None:
    if answer == _CLEAN:
        return None
    if answer.endswith(_FOUND):
        return Threat(answer.removeprefix("stream: ").removesuffix(_FOUND))
    raise _failed("Проверка на вредоносные программы не дала ответа.")


def _failed(text: str) -> ScannerAway:
    return ScannerAway(text, retry_after_seconds=RETRY_SECONDS)
