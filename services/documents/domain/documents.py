"""A document and its files: uploads in progress, immutable versions, states."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.documents import DocumentType
from services.documents.domain.errors import FileNameMissing, FileNotAccepted, FileNotFound, UploadSuperseded
from services.documents.domain.findings import Declared, Finding, FindingCode
from services.documents.domain.rules import RULES, MediaType, Rule

MAX_NAME_LENGTH = 200
MAX_EXTENSION_LENGTH = 10


class State(StrEnum):
    """What people see of a document or of one of its files."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    DELAYED = "delayed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"

    @property
    def explanation(self) -> str:
        """What is going on and what happens next."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    State.RECEIVING: "Файл загружается. Если загрузка прервётся, её можно повторить.",
    State.CHECKING: "Файл получен и проверяется. Обычно это занимает несколько секунд, о результате мы сообщим.",
    State.DELAYED: "Проверка идёт дольше обычного. Мы уже знаем об этом и повторим её сами, о результате сообщим; от вас ничего не нужно.",
    State.ACCEPTED: "Файл принят.",
    State.REJECTED: "Файл не принят. Исправьте названное и загрузите файл снова.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload in progress. Its id ends the object key, so no attempt ever writes over another."""

    id: UUID
    object_key: str
    file_name: str
    media_type: MediaType
    uploaded_by: UUID
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Twin:
    """Another file of the same owner with the same bytes."""

    document_id: UUID
    document_type: DocumentType
    file_version: int


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Where the bytes of a finished upload are, and what they are."""

    object_key: str
    size_bytes: int
    sha256: str
    twin: Twin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """One file of a document. Its bytes and what is said of them never change; only the verdict is added."""

    number: int
    upload_id: UUID
    object_key: str
    file_name: str
    media_type: MediaType
    size_bytes: int
    sha256: str
    uploaded_by: UUID
    received_at: datetime
    state: State
    findings: tuple[Finding, ...] = ()
    """Why it is refused."""
    warnings: tuple[Finding, ...] = ()
    """What its reviewer should know."""
    checked_at: datetime | None = None
    twin: Twin | None = None

    @property
    def is_undecided(self) -> bool:
        """Whether the verdict is still to come."""
        return self.state in {State.CHECKING, State.DELAYED}

    @property
    def is_infected(self) -> bool:
        """Whether malware was found in it."""
        return any(finding.code is FindingCode.FILE_INFECTED for finding in self.findings)

    @property
    def declared(self) -> Declared:
        """What the check compares the bytes with."""
        return Declared(extension_of(self.file_name), self.media_type, self.size_bytes, self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a person; `version` counts its changes and is 0 until the first file is there."""

    id: UUID
    owner_id: UUID
    document_type: DocumentType
    version: int
    created_at: datetime
    files: tuple[FileVersion, ...] = ()
    upload: Upload | None = None

    @property
    def rule(self) -> Rule:
        """What its files must be."""
        return RULES[self.document_type]

    @property
    def current(self) -> FileVersion | None:
        """The newest file."""
        return self.files[-1] if self.files else None

    @property
    def next_file_version(self) -> int:
        """The number the next file gets."""
        return len(self.files) + 1

    @property
    def state(self) -> State:
        """An upload in progress, else the state of the newest file."""
        return self.files[-1].state if self.files and self.upload is None else State.RECEIVING

    def file(self, number: int | None = None) -> FileVersion:
        """A file by number, the newest without one. Raises `FileNotFound`."""
        wanted = len(self.files) if number is None else number
        if not 1 <= wanted <= len(self.files):
            raise FileNotFound.of()
        return self.files[wanted - 1]

    def downloadable(self, number: int | None = None) -> FileVersion:
        """A file that passed its check. Raises `FileNotFound`, `FileNotAccepted`."""
        file = self.file(number)
        if file.state is not State.ACCEPTED:
            raise FileNotAccepted.of()
        return file

    def is_current(self, file: FileVersion) -> bool:
        """Whether it is the newest file; only its verdict is told to others."""
        return file.number == len(self.files)

    def receive(self, upload: Upload) -> "Document":
        """Begin an upload, in place of one that may still hang. What people hold as version stays: nothing changed yet."""
        return replace(self, upload=upload)

    def finish(self, upload_id: UUID, stored: StoredBytes, *, at: datetime) -> "Document":
        """The bytes are stored: a new file that waits for its check. Raises `UploadSuperseded`."""
        upload = self.upload
        if upload is None or upload.id != upload_id:
            raise UploadSuperseded.of()
        file = FileVersion(
            number=self.next_file_version,
            upload_id=upload.id,
            object_key=stored.object_key,
            file_name=upload.file_name,
            media_type=upload.media_type,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            uploaded_by=upload.uploaded_by,
            received_at=at,
            state=State.CHECKING,
            twin=stored.twin,
        )
        return replace(self, version=self.version + 1, files=(*self.files, file), upload=None)

    def give_up(self, upload_id: UUID) -> "Document":
        """Forget an unfinished upload, if it is the present one."""
        return replace(self, upload=None) if self.upload is not None and self.upload.id == upload_id else self

    def delay(self, number: int) -> "Document":
        """The check of a file takes longer than promised."""
        return self._with(replace(self.file(number), state=State.DELAYED))

    def decide(self, number: int, findings: tuple[Finding, ...], *, warnings: tuple[Finding, ...] = (), at: datetime) -> "Document":
        """The verdict over a file, or another one after it was checked again."""
        state = State.REJECTED if findings else State.ACCEPTED
        return self._with(replace(self.file(number), state=state, findings=findings, warnings=warnings, checked_at=at))

    def condemn(self, object_key: str, *, at: datetime) -> "Document":
        """Malware was found in these bytes: no file that has them stays accepted. The same document when none does."""
        finding = Finding(FindingCode.FILE_INFECTED)
        files = tuple(
            replace(file, state=State.REJECTED, findings=(finding,), checked_at=at)
            if file.object_key == object_key and not file.is_infected
            else file
            for file in self.files
        )
        return self if files == self.files else replace(self, version=self.version + 1, files=files)

    def _with(self, file: FileVersion) -> "Document":
        files = tuple(file if known.number == file.number else known for known in self.files)
        return replace(self, version=self.version + 1, files=files)


def object_key_of(owner_id: UUID, document_id: UUID, upload_id: UUID) -> str:
    """Where an upload's bytes go; nothing in it tells what they are."""
    return f"{owner_id}/{document_id}/{upload_id}"


def document_of(object_key: str) -> UUID | None:
    """The document for which an object was uploaded; None for a key that is none of ours."""
    try:
        _, document_id, _ = object_key.split("/")
        return UUID(document_id)
    except ValueError:
        return None


def original_of(object_key: str) -> str:
    """The key of the file an object was made from; what was made is named after it, with an end behind a dot."""
    return object_key.partition(".")[0]


def clean_file_name(name: str | None) -> str:
    """The last part of a path, without control or invisible characters, not longer than 200. Raises `FileNameMissing`."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    text = unicodedata.normalize("NFC", "".join(sign for sign in last if not unicodedata.category(sign).startswith("C"))).strip()
    if not text.strip(". "):
        raise FileNameMissing.of()
    extension = extension_of(text)
    return text if len(text) <= MAX_NAME_LENGTH else text[: MAX_NAME_LENGTH - len(extension)] + extension


def extension_of(file_name: str) -> str:
    """The end of a name from its last dot on, lower case; empty without one or when it is no extension."""
    stem, dot, end = file_name.rpartition(".")
    return f".{end.lower()}" if stem and dot and 1 <= len(end) <= MAX_EXTENSION_LENGTH else ""
