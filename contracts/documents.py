"""What documents tells: which file arrived and whether it is acceptable."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from contracts.base import Count, Event, Moment
from contracts.exports import DataExportPiece


class DocumentType(StrEnum):
    """Kinds of documents the cabinet accepts; their rules are documents' table."""

    DIPLOMA = "diploma"
    LICENCE = "licence"
    TRAINING_CERTIFICATE = "training-certificate"
    NO_CRIMINAL_RECORD = "no-criminal-record"
    GOSUSLUGI_CONFIRMATION = "gosuslugi-confirmation"
    PASSPORT = "passport"
    SNILS = "snils"
    EMPLOYMENT_RECORD = "employment-record"
    SUPPORTING = "supporting"
    APPEAL_ATTACHMENT = "appeal-attachment"
    CHAT_ATTACHMENT = "chat-attachment"


TITLES: Mapping[DocumentType, str] = MappingProxyType(
    {
        DocumentType.DIPLOMA: "Диплом о высшем медицинском образовании",
        DocumentType.LICENCE: "Лицензия на медицинскую деятельность",
        DocumentType.TRAINING_CERTIFICATE: "Сертификат об обязательном обучении",
        DocumentType.NO_CRIMINAL_RECORD: "Справка об отсутствии судимости",
        DocumentType.GOSUSLUGI_CONFIRMATION: "Подтверждение регистрации на Госуслугах",
        DocumentType.PASSPORT: "Паспорт",
        DocumentType.SNILS: "СНИЛС",
        DocumentType.EMPLOYMENT_RECORD: "Трудовая книжка или сведения о трудовой деятельности",
        DocumentType.SUPPORTING: "Дополнительный документ",
        DocumentType.APPEAL_ATTACHMENT: "Приложение к жалобе",
        DocumentType.CHAT_ATTACHMENT: "Файл к обращению",
    }
)
"""The one name people read for each kind, in whatever service."""


class _DocumentEvent(Event):
    aggregate: ClassVar[str] = "document_id"
    about: ClassVar[str | None] = "owner_id"
    document_id: UUID
    owner_id: UUID
    document_type: str
    """A `DocumentType` value; consumers keep an unknown one as it is."""
    file_version: Count
    """Counts the files of this document: 1 is the first upload, each replacement adds one."""


class DocumentReceived(_DocumentEvent):
    """The bytes are stored and hashed; checks follow."""

    type: ClassVar[str] = "documents.document-received.v1"
    size_bytes: Count
    media_type: str
    sha256: str


class DocumentAccepted(_DocumentEvent):
    """Every check passed."""

    type: ClassVar[str] = "documents.document-accepted.v1"
    size_bytes: Count
    media_type: str
    sha256: str
    received_at: Moment
    warnings: tuple[str, ...] = ()
    """Codes of what the reviewer should know."""
    was_accepted: bool = False
    """It was accepted before; only what the reviewer should know is other than it was."""


class DocumentRejected(_DocumentEvent):
    """At least one check failed; `codes` name all reasons."""

    type: ClassVar[str] = "documents.document-rejected.v1"
    codes: tuple[str, ...]


class _DocumentMoment(_DocumentEvent):
    about: ClassVar[str | None] = None
    """A moment to look at something, as a removal needs too; it brings nothing new of the person."""
    aggregate: ClassVar[None] = None  # type: ignore[assignment]  # a moment in time or a request, no change of the document


class CheckTermReached(_DocumentMoment):
    """A check should be done by now; the timer looks whether it is."""

    type: ClassVar[str] = "documents.check-term-reached.v1"
    attempt: Count = 1
    """How often the check was asked for."""


class CheckRequested(_DocumentMoment):
    """A check is to be made, again or for what is missing of it."""

    type: ClassVar[str] = "documents.check-requested.v1"
    attempt: Count
    steps: tuple[str, ...] = ()
    """Steps to be made again although they were made; what was not made is made in any case."""
    reason: str = "stuck"
    """Why: `stuck` or `demand`; readers keep an unknown one as it is."""


class UploadTermReached(_DocumentMoment):
    """An upload is over by now or never will be; what it left behind is removed. `file_version` is the one it was to become."""

    type: ClassVar[str] = "documents.upload-term-reached.v1"
    upload_id: UUID


class MalwareFound(_DocumentEvent):
    """A file is infected: administrators are to know, and it is kept apart from all others."""

    type: ClassVar[str] = "documents.malware-found.v1"
    aggregate: ClassVar[None] = None  # type: ignore[assignment]  # an alarm beside the verdict, which alone changes the document


class QuarantineTermReached(_DocumentMoment):
    """Nobody needs the copy of an infected file any more."""

    type: ClassVar[str] = "documents.quarantine-term-reached.v1"


class RetentionTermReached(_DocumentMoment):
    """A document that was never handed in may have been unused for long; `told` is the end of its term its owner was told, if any."""

    type: ClassVar[str] = "documents.retention-term-reached.v1"
    told: Moment | None = None


class DocumentRemovalPlanned(_DocumentEvent):
    """A document that was never handed in is removed then, unless it is used before."""

    type: ClassVar[str] = "documents.document-removal-planned.v1"
    aggregate: ClassVar[None] = None  # type: ignore[assignment]  # tells a moment in time, no change of the document
    remove_at: Moment


class DocumentRemoved(_DocumentEvent):
    """A document that was never handed in is no more, nor are its files."""

    type: ClassVar[str] = "documents.document-removed.v1"


class SweepDue(Event):
    """A part of the nightly sweep is to be made; 0 begins it."""

    type: ClassVar[str] = "documents.sweep-due.v1"
    sweep_id: UUID
    part: Count


class DamageFound(Event):
    """A sweep found files whose bytes are missing or not what was received; its result names them."""

    type: ClassVar[str] = "documents.damage-found.v1"
    sweep_id: UUID
    files: Count


class RemovalTermReached(Event):
    """Uploads that were on their way when an owner's files were removed are over by now; what they left is removed too."""

    type: ClassVar[str] = "documents.removal-term-reached.v1"
    owner_id: UUID


class DocumentDelayed(_DocumentEvent):
    """The check takes longer than promised."""

    type: ClassVar[str] = "documents.document-delayed.v1"


class DocumentsExported(DataExportPiece):
    """What documents has of a person, asked for by that person."""

    type: ClassVar[str] = "documents.documents-exported.v1"
