"""A sweep: every file is looked for in the store, and every object of the store for its file. It goes part by part."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.documents.domain.documents import original_of

MAX_DAMAGES = 100
"""Named in a sweep's result; the others are counted, and named in the log."""


class Phase(StrEnum):
    """What a sweep goes over, in this order."""

    FILES = "files"
    OBJECTS = "objects"
    QUARANTINE = "quarantine"
    DONE = "done"

    @property
    def next(self) -> "Phase":
        """What follows; `DONE` is followed by itself."""
        order = list(Phase)
        return order[min(order.index(self) + 1, len(order) - 1)]


class DamageKind(StrEnum):
    """What may be wrong with the bytes of a file."""

    MISSING = "missing"
    SIZE_DIFFERS = "size-differs"
    BYTES_DIFFER = "bytes-differ"


@dataclass(frozen=True, slots=True)
class Damage:
    """One file whose bytes are not what was received."""

    document_id: UUID
    file_version: int
    kind: DamageKind


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What a sweep needs to know of a file; its name is not among it."""

    document_id: UUID
    file_version: int
    object_key: str
    size_bytes: int
    sha256: str
    is_infected: bool

    def damage(self, size_bytes: int | None, sha256: str | None) -> Damage | None:
        """What is wrong with the object found; None as size means that there is none, None as hash that nobody read it."""
        kind = None
        if size_bytes is None:
            kind = DamageKind.MISSING
        elif size_bytes != self.size_bytes:
            kind = DamageKind.SIZE_DIFFERS
        elif sha256 is not None and sha256 != self.sha256:
            kind = DamageKind.BYTES_DIFFER
        return None if kind is None else Damage(self.document_id, self.file_version, kind)


@dataclass(frozen=True, slots=True)
class Share:
    """The documents whose bytes are read and not only measured: one in `of`, another one each night."""

    of: int
    number: int

    @classmethod
    def of_night(cls, at: datetime, nights: int) -> "Share":
        """After so many nights in a row every document had its turn."""
        return cls(nights, at.toordinal() % nights)

    def has(self, document_id: UUID) -> bool:
        """Whether it is the document's turn."""
        return document_id.int % self.of == self.number


EVERYTHING = Share(1, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one part came to."""

    documents: int = 0
    files: int = 0
    bytes_read: int = 0
    objects: int = 0
    orphans: int = 0
    isolated: int = 0
    expired: int = 0
    damages: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One sweep as far as it got. A dry one changes nothing in the store."""

    id: UUID
    started_at: datetime
    is_dry: bool = False
    share: Share | None = None
    phase: Phase = Phase.FILES
    parts: int = 0
    cursor: str | None = None
    """Where the present phase goes on; None at its beginning."""
    documents: int = 0
    files: int = 0
    bytes_read: int = 0
    objects: int = 0
    orphans: int = 0
    """Objects of no file and no upload, removed."""
    isolated: int = 0
    """Infected files that still lay among the others, moved to the quarantine."""
    expired: int = 0
    """Objects of the quarantine whose term is over, removed."""
    damage_count: int = 0
    damages: tuple[Damage, ...] = ()
    finished_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything was gone over."""
        return self.phase is Phase.DONE

    def reads(self, file: KeptFile) -> bool:
        """Whether the file's bytes are to be read."""
        return self.share is not None and self.share.has(file.document_id)

    def after(self, seen: Seen, cursor: str | None, *, at: datetime) -> "Sweep":
        """The sweep after one more part; None as cursor ends the phase."""
        phase = self.phase.next if cursor is None else self.phase
        return replace(
            self,
            phase=phase,
            parts=self.parts + 1,
            cursor=cursor,
            documents=self.documents + seen.documents,
            files=self.files + seen.files,
            bytes_read=self.bytes_read + seen.bytes_read,
            objects=self.objects + seen.objects,
            orphans=self.orphans + seen.orphans,
            isolated=self.isolated + seen.isolated,
            expired=self.expired + seen.expired,
            damage_count=self.damage_count + len(seen.damages),
            damages=(*self.damages, *seen.damages)[:MAX_DAMAGES],
            finished_at=at if phase is Phase.DONE else None,
        )


def orphans(keys: Collection[str], known: Collection[str]) -> list[str]:
    """Keys that belong to no file and no upload, and were made from none."""
    return [key for key in keys if original_of(key) not in known]
