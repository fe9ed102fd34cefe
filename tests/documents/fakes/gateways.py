"""What documents reaches outside itself, in dictionaries and lists."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from chassis.errors import Unavailable
from chassis.objects import FileMissing, ListedObject, StoredObject, UploadCut
from services.documents.domain.findings import Finding
from services.documents.domain.reading import NOTHING, Reading
from services.documents.domain.rules import MediaType
from services.documents.gateways.clamd import Scanner, Threat
from services.documents.gateways.failures import InspectionFailed
from services.documents.gateways.files import Files
from services.documents.gateways.inspector import Inspector, Limits, Lines, Room
from services.documents.gateways.nursery import Nursery
from services.documents.gateways.quarantine import Quarantine

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
JUST_NOW = datetime(2100, 1, 1, tzinfo=UTC)
_NOTHING = cast("Any", None)


class FakeFiles(Files):
    """Objects in a dictionary; `is_down` makes the store unavailable."""

    __slots__ = ("is_down", "read_keys", "stored", "stored_at")

    def __init__(self) -> None:
        super().__init__(_NOTHING, "documents", timedelta(minutes=5))
        object.__setattr__(self, "stored", {})
        object.__setattr__(self, "stored_at", {})
        object.__setattr__(self, "is_down", [])
        object.__setattr__(self, "read_keys", [])

    stored: dict[str, bytes]
    stored_at: dict[str, datetime]
    """When an object was stored, if that matters to the test."""
    read_keys: list[str]
    is_down: list[bool]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def store(self, object_key: str, chunks: AsyncIterator[bytes], *, size_bytes: int, media_type: MediaType) -> StoredObject:
        if self.is_down:
            raise Unavailable("нет", retry_after_seconds=1)
        content = b"".join([chunk async for chunk in chunks])
        if len(content) < size_bytes:
            raise UploadCut("оборвалось")
        self.stored[object_key] = content
        return StoredObject(len(content), hashlib.sha256(content).hexdigest(), "")

    async def read(self, object_key: str) -> AsyncIterator[bytes]:
        self.read_keys.append(object_key)
        if object_key not in self.stored:
            raise FileMissing("нет")
        yield self.stored[object_key]

    async def size_bytes(self, object_key: str) -> int:
        if self.is_down:
            raise Unavailable("нет", retry_after_seconds=1)
        if object_key not in self.stored:
            raise FileMissing("нет")
        return len(self.stored[object_key])

    async def list(self, *, after: str | None, limit: int, prefix: str = "") -> list[ListedObject]:
        return _listed(self.stored, self.stored_at, after, limit, prefix)

    async def store_made(self, object_key: str, content: bytes, media_type: MediaType) -> None:
        self.stored[object_key] = content

    async def delete_made(self, object_key: str) -> None:
        for key in [key for key in self.stored if key.startswith(f"{object_key}.")]:
            del self.stored[key]

    def link(self, object_key: str, *, file_name: str) -> str:
        return f"https://store.test/{object_key}?name={file_name}"

    async def delete(self, object_key: str) -> None:
        self.stored.pop(object_key, None)

    async def delete_all(self, owner_id: UUID) -> None:
        for key in [key for key in self.stored if key.startswith(f"{owner_id}/")]:
            del self.stored[key]


class FakeQuarantine(Quarantine):
    """Objects in a dictionary, copied from those of the files."""

    __slots__ = ("files", "stored", "stored_at")

    def __init__(self, files: FakeFiles) -> None:
        super().__init__(_NOTHING, "quarantine", "documents")
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "stored", {})
        object.__setattr__(self, "stored_at", {})

    files: FakeFiles
    stored: dict[str, bytes]
    stored_at: dict[str, datetime]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def take(self, object_key: str) -> None:
        if object_key in self.files.stored:
            self.stored[object_key] = self.files.stored[object_key]
            self.stored_at[object_key] = JUST_NOW
        elif object_key not in self.stored:
            raise FileMissing("нет")

    async def holds(self, object_key: str) -> bool:
        return object_key in self.stored

    async def list(self, *, after: str | None, limit: int) -> list[ListedObject]:
        return _listed(self.stored, self.stored_at, after, limit)

    async def delete(self, object_key: str) -> None:
        self.stored.pop(object_key, None)

    async def delete_all(self, owner_id: UUID) -> None:
        for key in [key for key in self.stored if key.startswith(f"{owner_id}/")]:
            del self.stored[key]


def _listed(
    stored: Mapping[str, bytes], stored_at: Mapping[str, datetime], after: str | None, limit: int, prefix: str = ""
) -> list[ListedObject]:
    keys = [key for key in sorted(stored) if key.startswith(prefix) and (after is None or key > after)]
    return [ListedObject(key, len(stored[key]), stored_at.get(key, LONG_AGO)) for key in keys[:limit]]


@dataclass(frozen=True)
class FakeScanner(Scanner):
    """Finds what it was told to find; `failures` come first, one for each look."""

    host: str = "nowhere"
    port: int = 0
    seconds: float = 1
    threats: list[Threat] = field(default_factory=list)
    failures: list[InspectionFailed] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)

    async def threat(self, content: AsyncIterable[bytes]) -> Threat | None:
        self.seen.append(b"".join([chunk async for chunk in content]))
        if self.failures:
            raise self.failures.pop(0)
        return self.threats[0] if self.threats else None


@dataclass(frozen=True)
class FakeInspector(Inspector):
    """Finds what it was told to find; `failures` come first, one for each look."""

    nursery: Nursery = field(default_factory=Nursery)
    limits: Limits = field(default_factory=lambda: Limits(1, 1, 1, 1, 1, 1))
    lines: Lines = field(default_factory=lambda: Lines(1, 1, 1, 1))
    wall_seconds: float = 1
    problems: list[Finding] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    """Of the pages."""
    failures: list[InspectionFailed] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    pages: list[bytes | Exception] = field(default_factory=lambda: [b"first", b"second", b"third"])
    readings: list[Reading] = field(default_factory=list)
    """One for each look at the text; when there are no more, nothing is read."""

    async def inspect(self, room: Room) -> tuple[Finding, ...]:
        self.seen.append(b"".join([chunk async for chunk in room.held.chunks()]))
        if self.failures:
            raise self.failures.pop(0)
        return tuple(self.problems)

    async def measure(self, room: Room, *, paper_mm: int | None) -> tuple[Finding, ...]:
        return tuple(self.faults)

    async def read(self, room: Room) -> tuple[Reading, tuple[Finding, ...]]:
        return (self.readings.pop(0) if self.readings else NOTHING), ()

    async def codes(self, room: Room) -> tuple[Finding, ...]:
        return ()

    async def signatures(self, room: Room, *, is_signed: bool, is_needed: bool) -> tuple[Finding, ...]:
        return ()

    async def page_count(self, room: Room) -> int:
        return len(self.pages)

    async def preview(self, room: Room, page: int, *, longest: int) -> bytes:
        if isinstance(made := self.pages[page - 1], Exception):
            raise made
        return made

    async def as_pdf(self, room: Room) -> bytes:
        return b"%PDF of " + room.held.head(4)
