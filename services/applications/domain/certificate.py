"""The certificate an approval ends in."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.applications.domain.application import StoredFile
from services.applications.domain.rules import Kind


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate; `file` is None until the PDF is stored. Who verifies sees surname and initials only.

    After its holder was erased it has neither names nor file, and still says whether it holds.
    """

    id: UUID
    number: str
    application_id: UUID
    application_number: str
    holder_id: UUID
    holder_name: str
    holder_short_name: str
    kind: Kind
    specialty_code: str
    issued_at: datetime
    valid_until: datetime
    file: StoredFile | None = None
    anonymised_at: datetime | None = None

    @property
    def is_issued(self) -> bool:
        """Whether anybody may verify it."""
        return self.file is not None or self.anonymised_at is not None

    def anonymised(self, *, at: datetime) -> "Certificate":
        """Number, kind, specialty and validity."""
        return replace(self, holder_name="", holder_short_name="", file=None, anonymised_at=at)

    def status_at(self, moment: datetime) -> Literal["valid", "expired"]:
        """Whether it holds at a moment."""
        return "valid" if moment <= self.valid_until else "expired"


def full_name(surname: str, given_name: str, patronymic: str) -> str:
    """The name as documents print it."""
    return " ".join(part for part in (surname, given_name, patronymic) if part)


def short_name(surname: str, given_name: str, patronymic: str) -> str:
    """Surname and initials."""
    initials = [f"{part[0]}." for part in (given_name, patronymic) if part]
    return " ".join(part for part in (surname, " ".join(initials)) if part)
