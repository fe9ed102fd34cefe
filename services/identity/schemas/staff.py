"""Bodies of accounts of staff."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from contracts.roles import Role
from services.identity.domain.people import Person
from services.identity.domain.staff import StaffChange
from services.identity.domain.unlocking import UnlockReason
from services.identity.schemas.base import In, Line, Secret, Short
from services.identity.usecases.staff import StaffDraft

_MOST_SPECIALTIES = 100
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
Specialties = Annotated[list[Short], Field(max_length=_MOST_SPECIALTIES)]


class StaffIn(In):
    """Somebody who is to work here."""

    surname: Line
    given_name: Line
    patronymic: Line | None = None
    email: Line
    phone: Short
    roles: Roles
    specialty_codes: Specialties = Field(default=[])
    workplace_ogrn: Short | None = None

    def to_draft(self) -> StaffDraft:
        """As the use-case takes it."""
        return StaffDraft(
            surname=self.surname,
            given_name=self.given_name,
            patronymic=self.patronymic or None,
            email=self.email,
            phone=self.phone,
            roles=frozenset(self.roles),
            specialty_codes=tuple(self.specialty_codes),
            workplace_ogrn=self.workplace_ogrn or None,
        )


class FirstAdministratorIn(StaffIn):
    """Whoever runs the system, alone with it: nobody else is there to know the password."""

    password: Secret


class StaffPatchIn(In):
    """A merge patch (RFC 7396): what is absent stays, a null workplace is removed."""

    roles: Roles = Field(default=[])
    specialty_codes: Specialties = Field(default=[])
    workplace_ogrn: Short | None = None

    def to_change(self) -> StaffChange:
        """Only what was sent."""
        sent = self.model_fields_set
        return StaffChange(
            roles=frozenset(self.roles) if "roles" in sent else None,
            specialty_codes=tuple(self.specialty_codes) if "specialty_codes" in sent else None,
            workplace_ogrn=(self.workplace_ogrn or "") if "workplace_ogrn" in sent else None,
        )


class UnlockIn(In):
    """Why failures are forgotten, and the ticket in which it was asked for."""

    reason: UnlockReason
    ticket_number: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,32}$")] | None = None


class StaffOut(BaseModel):
    """The new member of staff."""

    staff_id: UUID


class StaffRowOut(BaseModel):
    """A member in the list."""

    staff_id: UUID
    surname: str
    given_name: str
    patronymic: str | None
    roles: list[Role]
    is_active: bool
    created_at: datetime

    @classmethod
    def of(cls, person: Person) -> "StaffRowOut":
        """The answer."""
        return cls(
            staff_id=person.id,
            surname=person.surname,
            given_name=person.given_name,
            patronymic=person.patronymic,
            roles=sorted(person.roles),
            is_active=person.deactivated_at is None,
            created_at=person.created_at,
        )


class StaffMemberOut(StaffRowOut):
    """A member with everything an administrator may change or needs to reach them."""

    email: str
    phone: str
    specialty_codes: list[str]
    workplace_ogrn: str | None
    deactivated_at: datetime | None
    version: int

    @classmethod
    def of(cls, person: Person) -> "StaffMemberOut":
        """The answer."""
        return cls(
            **StaffRowOut.of(person).model_dump(),
            email=person.email,
            phone=person.phone,
            specialty_codes=list(person.specialty_codes),
            workplace_ogrn=person.workplace_ogrn,
            deactivated_at=person.deactivated_at,
            version=person.version,
        )
