"""What documents reaches outside itself: the object store, and the inspector of untrusted files."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.errors import Unavailable
from chassis.objects import ListedObject, ObjectStore, StoredObject
from services.documents.domain.documents import FileVersion
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.rules import MediaType
from services.documents.gateways.held import Held

_INSPECTOR = Path(__file__).with_name("inspector.py")
_ANSWER_LIMIT = 65_536
_KILLED = -9
RETRY_SECONDS = 30


class InspectionFailed(Unavailable):
    """The look at a file did not come to an end through no fault of the file; worth repeating."""

    code = "inspection-failed"


class LookCut(InspectionFailed):
    """The look was cut off by the clock or from outside. That may be the file's doing, so it is repeated a few times only."""

    code = "look-cut"


@dataclass(frozen=True, slots=True)
class Files:
    """The bytes of files. Objects are written once and never changed."""

    objects: ObjectStore
    bucket: str
    link_lifetime: timedelta

    async def prepare(self) -> None:
        """Make the bucket."""
        await self.objects.ensure_bucket(self.bucket)

    async def store(self, object_key: str, chunks: AsyncIterator[bytes], *, size_bytes: int, media_type: MediaType) -> StoredObject:
        """Stream to the store; nothing becomes visible unless exactly `size_bytes` arrive."""
        return await self.objects.put_stream(self.bucket, object_key, chunks, size_bytes, media_type.value)

    def read(self, object_key: str) -> AsyncIterator[bytes]:
        """The bytes, in parts."""
        return self.objects.open(self.bucket, object_key)

    def link(self, file: FileVersion, *, file_name: str) -> str:
        """A link that works for a short while and always downloads."""
        return self.objects.link(self.bucket, file.object_key, file_name=file_name, expires=self.link_lifetime)

    async def size_bytes(self, object_key: str) -> int:
        """How many bytes are stored; `FileMissing` if there is no such object."""
        return await self.objects.size_bytes(self.bucket, object_key)

    async def list(self, *, after: str | None, limit: int, prefix: str = "") -> list[ListedObject]:
        """What is stored, in the order of keys."""
        return await self.objects.list_objects(self.bucket, prefix=prefix, after=after, limit=limit)

    async def delete(self, object_key: str) -> None:
        """Remove, if it is there."""
        await self.objects.delete(self.bucket, object_key)

    async def delete_all(self, owner_id: UUID) -> None:
        """Remove every object of the owner, whatever it is."""
        prefix = f"{owner_id}/"
        while keys := await self.objects.list_keys(self.bucket, prefix=prefix):
            for key in keys:
                await self.objects.delete(self.bucket, key)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look at a file may cost."""

    cpu_seconds: int
    memory_bytes: int
    pages: int
    objects: int
    pixels: int

    @property
    def argument(self) -> str:
        """As the inspector reads it."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks into files, each in a process of its own with little memory and time: a hostile file ends its own check only."""

    limits: Limits
    wall_seconds: float

    async def inspect(self, held: Held) -> tuple[Finding, ...]:
        """Problems of these bytes. Raises `InspectionFailed` when repeating may help."""
        try:
            async with asyncio.timeout(self.wall_seconds):
                return await self._inspect(held)
        except TimeoutError:
            raise LookCut("Проверка не уложилась в отведённое время.", retry_after_seconds=RETRY_SECONDS) from None

    async def _inspect(self, held: Held) -> tuple[Finding, ...]:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        content = held.opened()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_INSPECTOR), self.limits.argument, stdin=content, stdout=pipe, stderr=nowhere, env={}
            )
        finally:
            os.close(content)
        try:
            answer = await _answer(process)
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return _understand(status, answer)


async def _answer(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    answer = bytearray()
    while len(answer) < _ANSWER_LIMIT and (part := await process.stdout.read(_ANSWER_LIMIT)):
        answer += part
    return bytes(answer)


def _understand(status: int, answer: bytes) -> tuple[Finding, ...]:
    """An end by the file's content is a finding; an inspector that could not begin, or was killed from outside, is a failure."""
    format_line, _, problems_line = answer.partition(b"\n")
    if status == _KILLED:
        raise LookCut("Проверка файла прервалась.", retry_after_seconds=RETRY_SECONDS)
    if not format_line:
        raise InspectionFailed("Проверка файла не состоялась.", retry_after_seconds=RETRY_SECONDS)
    told: list[dict[str, Any]] = json.loads(problems_line) if status == 0 else [{"code": FindingCode.FILE_TOO_COMPLEX.value}]
    return tuple(Finding(FindingCode(problem["code"]), problem.get("facts", {})) for problem in told)
