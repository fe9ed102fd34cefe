"""What documents knows of applications: which files they hold as they are, and who may read them for it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from contracts.documents import DocumentType
from contracts.roles import Role
from services.documents.domain.rules import ALL_TYPES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """A value and the version of the application that told it: older news, which may come late, do not count."""

    value: T
    version: int = 0

    def by(self, version: int, value: T) -> "Told[T]":
        """The newer of the two."""
        return Told(value, version) if version > self.version else self


@dataclass(frozen=True, slots=True)
class Reader:
    """Who wants to read; `address` is where from, `types` which of their own documents they may read."""

    id: UUID
    roles: frozenset[Role]
    address: str | None = None
    types: frozenset[DocumentType] = ALL_TYPES


@dataclass(frozen=True, slots=True)
class Grant:
    """In which role and for what somebody may read another's document."""

    role: Role
    purpose: str


@dataclass(frozen=True, slots=True)
class DraftUse:
    """When its applicant last worked on a draft, and which documents it named then."""

    document_ids: tuple[UUID, ...]
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One application as far as its documents are concerned."""

    application_id: UUID
    applicant_id: UUID
    document_ids: Told[tuple[UUID, ...]] = field(default_factory=lambda: Told(()))
    unlocked_document_ids: Told[tuple[UUID, ...]] = field(default_factory=lambda: Told(()))
    is_over: Told[bool] = field(default_factory=lambda: Told(value=False))
    """Refused or withdrawn: nothing is held any more. After approval the documents stay as they were approved."""
    handed_in: frozenset[UUID] = frozenset()
    """Every document it was ever handed in with; these are no drafts' documents any more."""
    draft: Told[DraftUse | None] = field(default_factory=lambda: Told(None))
    reviewer_id: Told[UUID | None] = field(default_factory=lambda: Told(None))
    is_at_registrar: Told[bool] = field(default_factory=lambda: Told(value=False))

    @property
    def locked_document_ids(self) -> tuple[UUID, ...]:
        """What its owner cannot replace now."""
        if self.is_over.value:
            return ()
        return tuple(one for one in self.document_ids.value if one not in self.unlocked_document_ids.value)

    def lock(self, version: int, document_ids: Collection[UUID]) -> "Hold":
        """Handed in, first or again: everything is locked."""
        return replace(
            self,
            document_ids=self.document_ids.by(version, tuple(document_ids)),
            handed_in=self.handed_in | set(document_ids),
            unlocked_document_ids=self.unlocked_document_ids.by(version, ()),
            is_over=self.is_over.by(version, False),
        )

    def save_draft(self, version: int, use: DraftUse) -> "Hold":
        """Its applicant worked on it before handing it in."""
        return replace(self, draft=self.draft.by(version, use))

    def unlock(self, version: int, document_ids: Collection[UUID]) -> "Hold":
        """Flagged items may be replaced."""
        return replace(self, unlocked_document_ids=self.unlocked_document_ids.by(version, tuple(document_ids)))

    def give_to_reviewer(self, version: int, reviewer_id: UUID, document_ids: Collection[UUID]) -> "Hold":
        """The reviewer may read."""
        return replace(
            self,
            reviewer_id=self.reviewer_id.by(version, reviewer_id),
            document_ids=self.document_ids.by(version, tuple(document_ids)),
            handed_in=self.handed_in | set(document_ids),
        )

    def take_from_reviewer(self, version: int) -> "Hold":
        """The reviewer may no longer read."""
        return replace(self, reviewer_id=self.reviewer_id.by(version, None))

    def give_to_registrars(self, version: int, document_ids: Collection[UUID]) -> "Hold":
        """Registrars may read, and the reviewer, who is done, no longer."""
        return replace(
            self,
            reviewer_id=self.reviewer_id.by(version, None),
            is_at_registrar=self.is_at_registrar.by(version, True),
            document_ids=self.document_ids.by(version, tuple(document_ids)),
            handed_in=self.handed_in | set(document_ids),
        )

    def close(self, version: int, *, is_over: bool) -> "Hold":
        """Decided: nobody of staff may read any more; `is_over` also frees the documents."""
        return replace(
            self,
            reviewer_id=self.reviewer_id.by(version, None),
            is_at_registrar=self.is_at_registrar.by(version, False),
            is_over=self.is_over.by(version, is_over),
        )

    def grant(self, reader: Reader) -> Grant | None:
        """Why this application lets somebody read its documents, if it does."""
        if Role.REVIEWER in reader.roles and self.reviewer_id.value == reader.id:
            return Grant(Role.REVIEWER, "review")
        if Role.REGISTRAR in reader.roles and self.is_at_registrar.value:
            return Grant(Role.REGISTRAR, "registration")
        return None
