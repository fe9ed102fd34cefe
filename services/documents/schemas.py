"""Bodies on the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.documents import DocumentType
from services.documents.domain.documents import FileVersion, State
from services.documents.domain.findings import Finding
from services.documents.domain.renditions import Kind, Wanted
from services.documents.domain.rules import RULES, MediaType, Rule
from services.documents.usecases.access import DocumentView, DownloadLink


class TypeOut(BaseModel):
    """What a file of this type must be, to be shown before the upload."""

    document_type: DocumentType
    title: str
    media_types: list[MediaType]
    extensions: list[str]
    max_bytes: int
    limits: str
    proof: str | None

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """One row of the rule table."""
        return cls(
            document_type=rule.document_type,
            title=rule.title,
            media_types=list(rule.media_types),
            extensions=[extension for media_type in rule.media_types for extension in media_type.extensions],
            max_bytes=rule.max_bytes,
            limits=rule.limits,
            proof=rule.proof,
        )


class TypesOut(BaseModel):
    """The whole table."""

    items: list[TypeOut]


class FindingOut(BaseModel):
    """One thing wrong with a file."""

    code: str
    detail: str

    @classmethod
    def all_of(cls, findings: Iterable[Finding], title: str) -> list[Self]:
        """With their sentences."""
        return [cls(code=finding.code.value, detail=finding.sentence(title)) for finding in findings]


class TwinOut(BaseModel):
    """Another document of the same person with the same bytes."""

    document_id: UUID
    document_type: DocumentType
    title: str
    file_version: int
    detail: str


class FileOut(BaseModel):
    """One file version; it never changes but for its verdict."""

    file_version: int
    state: State
    file_name: str
    media_type: MediaType
    size_bytes: int
    sha256: str
    uploaded_by: UUID
    received_at: datetime
    checked_at: datetime | None
    findings: list[FindingOut]
    warnings: list[FindingOut]
    twin: TwinOut | None
    previews: int
    """Pages that have a picture, from the first on."""
    has_pdf: bool
    """Whether a scan was made a PDF besides."""

    @classmethod
    def of(cls, file: FileVersion, view: DocumentView) -> Self:
        """With the sentences of its findings."""
        title = view.document.rule.title
        made = view.renditions.get(file.object_key) if file.state is State.ACCEPTED else None
        return cls(
            file_version=file.number,
            state=file.state,
            file_name=file.file_name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            uploaded_by=file.uploaded_by,
            received_at=file.received_at,
            checked_at=file.checked_at,
            findings=FindingOut.all_of(file.findings, title),
            warnings=FindingOut.all_of(file.warnings, title),
            twin=_twin(file),
            previews=0 if made is None else made.pages,
            has_pdf=made is not None and made.has_pdf,
        )


class DocumentOut(BaseModel):
    """A document as lists show it; the file is its newest, None while the first one is being received."""

    document_id: UUID
    owner_id: UUID
    document_type: DocumentType
    title: str
    state: State
    explanation: str
    version: int
    created_at: datetime
    is_locked: bool
    locked_by: list[UUID]
    file_version: int | None
    file: FileOut | None

    @classmethod
    def of(cls, view: DocumentView) -> Self:
        """The newest state."""
        return cls(**_summary(view))


class DocumentDetailOut(DocumentOut):
    """A document with all its files, the newest first."""

    files: list[FileOut]

    @classmethod
    def of(cls, view: DocumentView) -> Self:
        """The newest state and the history."""
        return cls(**_summary(view), files=[FileOut.of(file, view) for file in reversed(view.document.files)])


class LinkIn(BaseModel):
    """What to download: which file, without a number the newest, and in which form; a page is of a preview, the first without a number."""

    model_config = ConfigDict(extra="forbid")

    file_version: int | None = Field(default=None, ge=1, le=10_000)
    kind: Kind = Kind.ORIGINAL
    page: int = Field(default=1, ge=1, le=10_000)

    def wanted(self) -> Wanted:
        """As the domain says it."""
        return Wanted(self.file_version, self.kind, self.page)


class LinkOut(BaseModel):
    """Where to download, and until when."""

    url: str
    expires_at: datetime
    file_version: int

    @classmethod
    def of(cls, link: DownloadLink) -> Self:
        """On the wire."""
        return cls(url=link.url, expires_at=link.expires_at, file_version=link.file_version)


def _summary(view: DocumentView) -> dict[str, object]:
    document = view.document
    file = document.current
    return {
        "document_id": document.id,
        "owner_id": document.owner_id,
        "document_type": document.document_type,
        "title": document.rule.title,
        "state": document.state,
        "explanation": document.state.explanation,
        "version": document.version,
        "created_at": document.created_at,
        "is_locked": bool(view.locked_by),
        "locked_by": list(view.locked_by),
        "file_version": None if file is None else file.number,
        "file": None if file is None else FileOut.of(file, view),
    }


def _twin(file: FileVersion) -> TwinOut | None:
    twin = file.twin
    if twin is None:
        return None
    title = RULES[twin.document_type].title
    return TwinOut(
        document_id=twin.document_id,
        document_type=twin.document_type,
        title=title,
        file_version=twin.file_version,
        detail=f"Такой же файл уже загружен: «{title}», версия {twin.file_version}.",
    )
