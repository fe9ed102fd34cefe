"""What documents reaches outside itself: the object store, and the inspector of untrusted files."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.objects import ListedObject, ObjectStore, StoredObject
from services.documents.domain.documents import FileVersion
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.rules import MediaType
from services.documents.gateways.failures import RETRY_SECONDS, InspectionFailed, LookCut
from services.documents.gateways.held import Held
from services.documents.gateways.nursery import Nursery

__all__ = ["RETRY_SECONDS", "Files", "InspectionFailed", "Inspector", "Limits", "Lines", "LookCut", "Trust"]


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
        await self.objects.delete_below(self.bucket, f"{owner_id}/")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look at a file may cost."""

    cpu_seconds: int
    memory_bytes: int
    pages: int
    objects: int
    pixels: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Below these a page cannot be read."""

    scan_dpi: float
    sharpness: float
    ink: float
    measured_pages: int


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom documents prove anything to us by."""

    hosts: tuple[str, ...]
    """Where codes may lead."""
    code_pages: int
    """Pages on which codes are looked for."""
    roots: str | None
    """Folder with the certificates that signers' lead to; None trusts nobody."""


NOBODY = Trust(hosts=(), code_pages=1, roots=None)


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks into files, each in a process of its own with little memory and time: a hostile file ends its own check only."""

    nursery: Nursery
    limits: Limits
    lines: Lines
    wall_seconds: float
    trust: Trust = NOBODY

    async def inspect(self, held: Held) -> tuple[Finding, ...]:
        """Whether these bytes open, and are safe. Raises `InspectionFailed` when repeating may help."""
        return await self._look(held, {"look": "opening"})

    async def measure(self, held: Held, *, paper_mm: int | None) -> tuple[Finding, ...]:
        """Whether the pages, on a paper with such a short side, can be read. Raises `InspectionFailed` when repeating may help."""
        return await self._look(held, {"look": "pages", "paper_mm": paper_mm, **asdict(self.lines)})

    async def codes(self, held: Held) -> tuple[Finding, ...]:
        """Whether the codes on the pages lead where they may. Raises `InspectionFailed` when repeating may help."""
        return await self._look(held, {"look": "code", **asdict(self.trust)})

    async def signatures(self, held: Held, *, is_signed: bool, is_needed: bool) -> tuple[Finding, ...]:
        """What the electronic signatures of a PDF are worth. Raises `InspectionFailed` when repeating may help."""
        return await self._look(held, {"look": "signature", "is_signed": is_signed, "is_needed": is_needed, **asdict(self.trust)})

    async def _look(self, held: Held, request: dict[str, Any]) -> tuple[Finding, ...]:
        try:
            async with asyncio.timeout(self.wall_seconds):
                answer = await self.nursery.look(held.descriptor, {**request, **asdict(self.limits)})
        except TimeoutError:
            raise LookCut("Проверка не уложилась в отведённое время.", retry_after_seconds=RETRY_SECONDS) from None
        return _findings(answer.lines[-1] if answer.status == 0 else [{"code": FindingCode.FILE_TOO_COMPLEX.value}])


def _findings(problems: list[dict[str, Any]]) -> tuple[Finding, ...]:
    coded = ((FindingCode(problem["code"]), problem.get("facts", {})) for problem in problems)
    return tuple(Finding(code, facts, is_warning=code.is_warning) for code, facts in coded)
