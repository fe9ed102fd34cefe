"""What the worker lets a prepared process find out about untrusted files."""

import asyncio
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Self

from services.documents.domain.findings import TEXT_UNREADABLE, Finding, FindingCode, found
from services.documents.domain.reading import NOTHING, Page, Reading, Source
from services.documents.gateways.failures import RETRY_SECONDS, LookCut
from services.documents.gateways.held import Held
from services.documents.gateways.nursery import Child, Nursery, Overcome


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look at a file may cost."""

    cpu_seconds: int
    memory_bytes: int
    pages: int
    objects: int
    pixels: int
    page_mm: int
    """Of the longer side of a page."""


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
class ReadingLimits:
    """How much is read of a file, and what that may cost: recognition takes a hundred times as long as all other looks."""

    pages: int
    cpu_seconds: int
    wall_seconds: float


ONE_PAGE = ReadingLimits(pages=1, cpu_seconds=20, wall_seconds=60)


@dataclass(slots=True)
class Room:
    """Where one file is looked at: a child of the nursery, begun with the first question, and anew after one that it did not survive."""

    nursery: Nursery
    held: Held
    memory_bytes: int
    _child: Child | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()

    async def ask(self, question: dict[str, Any], *, wall_seconds: float) -> Any:
        """The child's answer. Raises `Overcome`, `InspectionFailed` when repeating may help."""
        try:
            async with asyncio.timeout(wall_seconds):
                if self._child is None:
                    self._child = await self.nursery.child(self.held.descriptor, memory_bytes=self.memory_bytes)
                return await self._child.ask(question)
        except BaseException as error:
            self._leave()
            if isinstance(error, TimeoutError):
                raise LookCut("Проверка не уложилась в отведённое время.", retry_after_seconds=RETRY_SECONDS) from None
            raise

    def _leave(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks into files, each in a process of its own with little memory and time: a hostile file ends its own check only."""

    nursery: Nursery
    limits: Limits
    lines: Lines
    wall_seconds: float
    trust: Trust = NOBODY
    reading: ReadingLimits = ONE_PAGE

    def room(self, held: Held) -> Room:
        """For these bytes, while they are looked at."""
        return Room(self.nursery, held, self.limits.memory_bytes)

    async def inspect(self, room: Room) -> tuple[Finding, ...]:
        """Whether these bytes open, and are safe. Raises `InspectionFailed` when repeating may help."""
        return await self._look(room, {"look": "opening"})

    async def measure(self, room: Room, *, paper_mm: int | None) -> tuple[Finding, ...]:
        """Whether the pages, on a paper with such a short side, can be read. Raises `InspectionFailed` when repeating may help."""
        return await self._look(room, {"look": "pages", "paper_mm": paper_mm, **asdict(self.lines)})

    async def codes(self, room: Room) -> tuple[Finding, ...]:
        """Whether the codes on the pages lead where they may. Raises `InspectionFailed` when repeating may help."""
        return await self._look(room, {"look": "code", **asdict(self.trust)})

    async def signatures(self, room: Room, *, is_signed: bool, is_needed: bool) -> tuple[Finding, ...]:
        """What the electronic signatures of a PDF are worth. Raises `InspectionFailed` when repeating may help."""
        return await self._look(room, {"look": "signature", "is_signed": is_signed, "is_needed": is_needed, **asdict(self.trust)})

    async def page_count(self, room: Room) -> int:
        """How many pages there are. Raises `Overcome`, `InspectionFailed` when repeating may help."""
        return int(await self._ask(room, {"look": "page-count"}))

    async def preview(self, room: Room, page: int, *, longest: int) -> bytes:
        """A page, numbered from 1, as PNG; its long side has `longest` pixels at most. Raises as `page_count` does."""
        return bytes(await self._ask(room, {"look": "preview", "page": page, "longest": longest}))

    async def as_pdf(self, room: Room) -> bytes:
        """A JPEG on a sheet, unchanged. Raises `Overcome`, `InspectionFailed` when repeating may help."""
        return bytes(await self._ask(room, {"look": "pdf"}))

    async def read(self, room: Room) -> tuple[Reading, tuple[Finding, ...]]:
        """What the pages say, and how well they could be read. Raises `InspectionFailed` when repeating may help."""
        limits = {**asdict(self.limits), "cpu_seconds": self.reading.cpu_seconds}
        question = {"look": "text", "pages_read": self.reading.pages, **limits}
        try:
            told = await room.ask(question, wall_seconds=self.reading.wall_seconds)
        except Overcome:
            return NOTHING, (TEXT_UNREADABLE,)
        return _reading(told), _findings(told["problems"])

    async def _ask(self, room: Room, question: dict[str, Any]) -> Any:
        return await room.ask({**question, **asdict(self.limits)}, wall_seconds=self.wall_seconds)

    async def _look(self, room: Room, question: dict[str, Any]) -> tuple[Finding, ...]:
        try:
            return _findings(await self._ask(room, question))
        except Overcome:
            return (Finding(FindingCode.FILE_TOO_COMPLEX),)


def _reading(told: dict[str, Any]) -> Reading:
    source = Source.TEXT_LAYER if told["is_exact"] else Source.RECOGNISED
    return Reading(source, tuple(Page.of(words) for words in told["pages"]), told["unread"])


def _findings(problems: list[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(found(FindingCode(problem["code"]), **problem.get("facts", {})) for problem in problems)
