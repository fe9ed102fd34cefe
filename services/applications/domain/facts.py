"""What this service knows from others' events: practitioners, documents, staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.roles import Role
from services.applications.domain.errors.drafting import NotVerified, ProfileOverdue

NOT_VERIFIED = "Подать заявление можно после того, как реестры подтвердят профиль."


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A profile as the registries confirmed it last; `is_verified` says whether that still holds."""

    id: UUID
    version: int
    is_verified: bool
    facts: Mapping[str, Any] | None
    is_correction_overdue: bool = False

    def check_may_apply(self) -> None:
        """Raises `NotVerified`, `ProfileOverdue`."""
        if self.is_correction_overdue:
            raise ProfileOverdue("Срок исправления профиля истёк. Исправьте отмеченные поля в «Моих данных» и дождитесь проверки.")
        if not self.is_verified or self.facts is None:
            raise NotVerified(NOT_VERIFIED)


class Verdict(StrEnum):
    """What documents says about a file."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REMOVED = "removed"
    """The document is no more: it was never handed in and its term is over."""


@dataclass(frozen=True, slots=True)
class OwnedDocument:
    """The newest file of a document and the verdict on it."""

    id: UUID
    version: int
    owner_id: UUID
    document_type: str
    file_version: int
    verdict: Verdict
    sha256: str | None
    size_bytes: int | None
    media_type: str | None
    codes: tuple[str, ...]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Which reviews somebody may get."""

    id: UUID
    version: int
    roles: frozenset[Role]
    specialty_codes: frozenset[str]
    workplace_ogrn: str | None
