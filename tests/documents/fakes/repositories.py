"""Repositories of documents in dictionaries."""

from collections.abc import Callable, Sequence
from collections.abc import Collection as Many
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from chassis.transaction import Transaction
from contracts.documents import DocumentType
from services.documents.domain.checks import CheckCase
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.domain.errors import DocumentNotFound, StaleDocument
from services.documents.domain.holds import Hold
from services.documents.domain.profiles import Profile
from services.documents.domain.reading import Reading
from services.documents.domain.renditions import Renditions
from services.documents.domain.rules import ALL_TYPES, RULES_VERSION
from services.documents.domain.sweeps import KeptFile, Sweep
from services.documents.repository import (
    CheckRepository,
    DocumentRepository,
    HoldRepository,
    ProfileRepository,
    ReadingRepository,
    RenditionRepository,
    SweepRepository,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
JUST_NOW = datetime(2100, 1, 1, tzinfo=UTC)
_NOTHING = cast("Any", None)


class FakeDocumentRepository(DocumentRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING, _NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[UUID, Document]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def add(self, tx: Transaction, document: Document) -> None:
        self.stored[document.id] = document

    async def save(self, tx: Transaction, document: Document, *, replacing: Document) -> None:
        known = self.stored.get(document.id)
        if known is None or known.version != replacing.version:
            raise StaleDocument.of()
        self.stored[document.id] = document

    async def remove(self, tx: Transaction, document: Document) -> None:
        known = self.stored.get(document.id)
        if known is not None and known.version == 0:
            del self.stored[document.id]

    async def discard(self, tx: Transaction, document: Document) -> None:
        known = self.stored.get(document.id)
        if known is None or known.version != document.version:
            raise StaleDocument.of()
        del self.stored[document.id]

    async def get(
        self, document_id: UUID, *, owner_id: UUID, types: frozenset[DocumentType] = ALL_TYPES, tx: Transaction | None = None
    ) -> Document:
        document = await self.get_granted(document_id)
        if document.owner_id != owner_id or document.document_type not in types:
            raise DocumentNotFound.of()
        return document

    async def get_granted(self, document_id: UUID, *, tx: Transaction | None = None) -> Document:
        if document_id not in self.stored:
            raise DocumentNotFound.of()
        return self.stored[document_id]

    async def list(
        self, owner_id: UUID, *, types: frozenset[DocumentType], limit: int, after: tuple[datetime, UUID] | None
    ) -> list[Document]:
        own = [one for one in self.stored.values() if one.owner_id == owner_id and one.document_type in types]
        ordered = sorted(own, key=lambda one: (one.created_at, one.id.bytes), reverse=True)
        if after is not None:
            ordered = [one for one in ordered if (one.created_at, one.id.bytes) < (after[0], after[1].bytes)]
        return ordered[:limit]

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        for document in [one for one in self.stored.values() if one.owner_id == owner_id]:
            del self.stored[document.id]

    async def count(self, owner_id: UUID, *, limit: int, tx: Transaction) -> int:
        return min(limit, sum(one.owner_id == owner_id for one in self.stored.values()))

    async def find_same_bytes(self, owner_id: UUID, sha256: str, *, tx: Transaction) -> tuple[Document, FileVersion] | None:
        own = [one for one in self.stored.values() if one.owner_id == owner_id]
        same = [(one, file) for one in own for file in one.files if file.sha256 == sha256]
        return min(same, key=lambda pair: (pair[1].state is State.REJECTED, pair[1].received_at), default=None)

    async def is_stored_file(self, object_key: str) -> bool:
        return any(file.object_key == object_key for one in self.stored.values() for file in one.files)

    async def kept_files(self, after: UUID | None, limit: int) -> tuple[Sequence[KeptFile], UUID | None]:
        ordered = sorted(self.stored.values(), key=lambda one: one.id.bytes)
        page = [one for one in ordered if after is None or one.id.bytes > after.bytes][:limit]
        files = [
            KeptFile(one.id, file.number, file.object_key, file.size_bytes, file.sha256, file.is_infected)
            for one in page
            for file in one.files
        ]
        return files, page[-1].id if len(page) == limit else None

    async def known_keys(self, object_keys: Many[str]) -> set[str]:
        known = {file.object_key for one in self.stored.values() for file in one.files}
        known |= {one.upload.object_key for one in self.stored.values() if one.upload}
        return known & set(object_keys)

    async def ids_with_object(self, object_key: str) -> Sequence[UUID]:
        return [one.id for one in self.stored.values() if any(file.object_key == object_key for file in one.files)]

    async def estimated_count(self) -> int:
        return len(self.stored)


class FakeSweepRepository(SweepRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[UUID, Sweep]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, sweep_id: UUID, *, tx: Transaction | None = None) -> Sweep | None:
        return self.stored.get(sweep_id)

    async def save(self, tx: Transaction, sweep: Sweep) -> None:
        self.stored[sweep.id] = sweep


class FakeCheckRepository(CheckRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[UUID, CheckCase]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, upload_id: UUID, *, tx: Transaction) -> CheckCase | None:
        return self.stored.get(upload_id)

    async def save(self, tx: Transaction, case: CheckCase) -> None:
        self.stored[case.upload_id] = case

    async def outdated(self, after: UUID | None, limit: int) -> Sequence[CheckCase]:
        older = sorted((one for one in self.stored.values() if one.rules_version < RULES_VERSION), key=lambda one: one.upload_id.bytes)
        return [one for one in older if after is None or one.upload_id.bytes > after.bytes][:limit]

    async def count_outdated(self) -> int:
        return sum(one.rules_version < RULES_VERSION for one in self.stored.values())

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        for case in [one for one in self.stored.values() if one.owner_id == owner_id]:
            del self.stored[case.upload_id]

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        for case in [one for one in self.stored.values() if one.document_id == document_id]:
            del self.stored[case.upload_id]


class FakeReadingRepository(ReadingRepository):
    __slots__ = ("cases", "stored")

    def __init__(self) -> None:
        super().__init__(_NOTHING, _NOTHING)
        object.__setattr__(self, "stored", {})
        object.__setattr__(self, "cases", {})

    stored: dict[UUID, Reading]
    cases: dict[UUID, CheckCase]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, upload_id: UUID, *, tx: Transaction) -> Reading | None:
        return self.stored.get(upload_id)

    async def save(self, tx: Transaction, case: CheckCase, reading: Reading) -> None:
        self.stored[case.upload_id] = reading
        self.cases[case.upload_id] = case

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        self._keep_only({key for key, case in self.cases.items() if case.owner_id != owner_id})

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        self._keep_only({key for key, case in self.cases.items() if case.document_id != document_id})

    def _keep_only(self, kept: set[UUID]) -> None:
        for key in self.stored.keys() - kept:
            del self.stored[key], self.cases[key]


class FakeRenditionRepository(RenditionRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[str, Renditions]

    async def find(self, object_keys: Many[str]) -> dict[str, Renditions]:
        return {key: self.stored[key] for key in object_keys if key in self.stored}

    async def save(self, tx: Transaction, made: Renditions) -> None:
        self.stored[made.object_key] = made

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        self._keep_but(lambda made: made.owner_id == owner_id)

    async def remove_objects(self, object_keys: Many[str]) -> None:
        self._keep_but(lambda made: made.object_key in object_keys)

    def _keep_but(self, is_removed: Callable[[Renditions], bool]) -> None:
        object.__setattr__(self, "stored", {key: made for key, made in self.stored.items() if not is_removed(made)})


class FakeHoldRepository(HoldRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[UUID, Hold]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, application_id: UUID, *, tx: Transaction) -> Hold | None:
        return self.stored.get(application_id)

    async def remove_all(self, tx: Transaction, applicant_id: UUID) -> None:
        for hold in [one for one in self.stored.values() if one.applicant_id == applicant_id]:
            del self.stored[hold.application_id]

    async def save(self, tx: Transaction, hold: Hold) -> None:
        self.stored[hold.application_id] = hold

    async def holding(self, document_id: UUID) -> list[Hold]:
        return [hold for hold in self.stored.values() if document_id in hold.document_ids.value]

    async def naming(self, document_id: UUID, *, owner_id: UUID, tx: Transaction) -> list[Hold]:
        own = [hold for hold in self.stored.values() if hold.applicant_id == owner_id]
        drafts = [hold for hold in own if hold.draft.value and document_id in hold.draft.value.document_ids]
        return [hold for hold in own if document_id in hold.handed_in or hold in drafts]

    async def locking(self, document_ids: Many[UUID], *, owner_id: UUID, tx: Transaction | None = None) -> dict[UUID, list[UUID]]:
        locks: dict[UUID, list[UUID]] = {}
        for hold in (one for one in self.stored.values() if one.applicant_id == owner_id):
            for document_id in set(hold.locked_document_ids) & set(document_ids):
                locks.setdefault(document_id, []).append(hold.application_id)
        return locks


class FakeProfileRepository(ProfileRepository):
    __slots__ = ("stored",)

    def __init__(self) -> None:
        super().__init__(_NOTHING, _NOTHING)
        object.__setattr__(self, "stored", {})

    stored: dict[UUID, Profile]

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, practitioner_id: UUID, *, tx: Transaction | None = None) -> Profile | None:
        return self.stored.get(practitioner_id)

    async def save(self, tx: Transaction, profile: Profile) -> None:
        self.stored[profile.practitioner_id] = profile

    async def remove(self, tx: Transaction, practitioner_id: UUID) -> None:
        self.stored.pop(practitioner_id, None)
