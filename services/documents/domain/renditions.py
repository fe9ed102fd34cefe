"""What is made of an accepted file for whoever looks at it: pictures of its pages, and a PDF of a photographed or scanned JPEG."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.documents.domain.documents import FileVersion
from services.documents.domain.errors import RenditionNotFound
from services.documents.domain.rules import MediaType


class Kind(StrEnum):
    """What of a file is asked for."""

    ORIGINAL = "original"
    PDF = "pdf"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of which file; the newest without a version. Pages are numbered from 1."""

    file_version: int | None = None
    kind: Kind = Kind.ORIGINAL
    page: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """An object that can be downloaded."""

    object_key: str
    media_type: MediaType
    suffix: str = ""
    """Of its name, before the extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """What was made of the bytes of one object."""

    object_key: str
    owner_id: UUID
    pages: int
    """First pages that have a picture."""
    has_pdf: bool

    def source(self, wanted: Wanted) -> Source:
        """Raises `RenditionNotFound` when it was not made."""
        if wanted.kind is Kind.PDF and self.has_pdf:
            return pdf_of(self.object_key)
        if wanted.kind is Kind.PREVIEW and wanted.page <= self.pages:
            return preview_of(self.object_key, wanted.page)
        raise RenditionNotFound.of()


def original(file: FileVersion) -> Source:
    """The file itself."""
    return Source(file.object_key, file.media_type)


def preview_of(object_key: str, page: int) -> Source:
    """The picture of a page."""
    return Source(f"{object_key}.page-{page}.png", MediaType.PNG, f"-page-{page}")


def pdf_of(object_key: str) -> Source:
    """The scan as a PDF."""
    return Source(f"{object_key}.pdf", MediaType.PDF)
