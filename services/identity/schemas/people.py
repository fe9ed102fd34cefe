"""Bodies of accounts: profile, staff, verifications."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from contracts.roles import Role
from services.identity.domain.people import LicenceSignIn, Person, Status
from services.identity.domain.registration import Profile
from services.identity.domain.stated import experience_days, experience_years
from services.identity.domain.verification import Verification, advice_on
from services.identity.schemas.base import In, Line, Short
from services.identity.schemas.rights import ConsentDueOut

_BY_LICENCE = {
    LicenceSignIn.WORKS: None,
    LicenceSignIn.WITH_SERIES: "Такой же номер есть у другой лицензии. Для входа указывайте серию и номер вместе.",
    LicenceSignIn.SHARED: "Эта лицензия указана ещё в одной учётной записи, поэтому войти по её номеру нельзя. "
    "Входите по телефону, электронной почте, СНИЛС или ИНН.",
    LicenceSignIn.UNCONFIRMED: "Реестр не подтвердил номер лицензии: войти по нему может не получиться. "
    "Входите по телефону, электронной почте, СНИЛС или ИНН.",
}


class DecisionIn(In):
    """An administrator's decision for the registries that kept silent; `fields` are those that do not match."""

    outcome: Literal["match", "mismatch"]
    fields: list[Short] = Field(default=[], max_length=50)
    reason: Line

    @model_validator(mode="after")
    def _fields_fit_the_outcome(self) -> Self:
        if (self.outcome == "mismatch") != bool(self.fields):
            raise PydanticCustomError("decision_fields", "Назовите поля, которые не совпали; при совпадении не называйте ни одного.")
        return self


class MismatchOut(BaseModel):
    """A field a registry disagrees with, and what to do."""

    field: str
    registry: str
    code: str
    advice: str


class VerificationOut(BaseModel):
    """Where the comparison with the registries stands."""

    requested_at: datetime
    give_up_at: datetime
    unanswered: list[str]
    decided_at: datetime | None
    mismatches: list[MismatchOut]
    correct_by: datetime | None
    overdue_at: datetime | None
    """When the term of correction was missed; nothing can be submitted until the profile is corrected."""

    @classmethod
    def of(cls, verification: Verification) -> "VerificationOut":
        """The answer."""
        return cls(
            requested_at=verification.requested_at,
            give_up_at=verification.give_up_at,
            unanswered=[str(name) for name in verification.unanswered],
            decided_at=verification.decided_at,
            mismatches=[
                MismatchOut(field=wrong.field, registry=str(name), code=wrong.code, advice=advice_on(wrong.field))
                for name, wrong in verification.mismatches
            ],
            correct_by=verification.correct_by,
            overdue_at=verification.overdue_at,
        )


class PassportOut(BaseModel):
    """The caller's passport."""

    model_config = ConfigDict(from_attributes=True)
    series: str
    number: str
    issued_on: date
    issued_by: str


class LicenceOut(BaseModel):
    """The caller's licence."""

    model_config = ConfigDict(from_attributes=True)
    series: str
    number: str
    holder: Literal["person", "organisation"]
    valid_from: date
    valid_until: date | None


class WorkplaceOut(BaseModel):
    """The caller's workplace."""

    model_config = ConfigDict(from_attributes=True)
    organisation: str
    ogrn: str
    address: str
    department: str


class EmploymentOut(BaseModel):
    """One entry of the caller's work history."""

    model_config = ConfigDict(from_attributes=True)
    organisation: str
    position: str
    started_on: date
    ended_on: date | None


class PracticeOut(BaseModel):
    """What makes the caller a practitioner."""

    model_config = ConfigDict(from_attributes=True)
    birth_date: date
    birth_place: str
    diploma_number: str
    qualification: str
    specialty_code: str
    licence: LicenceOut
    workplace: WorkplaceOut
    employments: list[EmploymentOut]
    training_hours: int
    experience_days: int
    experience_years: int
    """Whole years; computed from the work history until today, overlapping employments counted once."""

    @classmethod
    def of(cls, profile: Profile, today: date) -> "PracticeOut":
        """The answer."""
        computed = {
            "experience_days": experience_days(profile.employments, today),
            "experience_years": experience_years(profile.employments, today),
        }
        stated = {name: getattr(profile, name) for name in cls.model_fields if name not in computed}
        return cls.model_validate(stated | computed)


class LicenceSignInOut(BaseModel):
    """Whether the caller signs in by the number of their licence, and what to do where it does not work."""

    state: LicenceSignIn
    advice: str | None

    @classmethod
    def of(cls, state: LicenceSignIn) -> "LicenceSignInOut":
        """The answer."""
        return cls(state=state, advice=_BY_LICENCE[state])


class ProfileOut(BaseModel):
    """The caller's own account. Staff have neither passport nor practice."""

    person_id: UUID
    roles: list[Role]
    status: Status
    version: int
    profile_version: int
    surname: str
    given_name: str
    patronymic: str | None
    phone: str
    email: str
    snils: str | None
    inn: str | None
    passport: PassportOut | None
    practice: PracticeOut | None
    verification: VerificationOut | None
    consents_due: list[ConsentDueOut]
    licence_sign_in: LicenceSignInOut | None

    @classmethod
    def of(cls, person: Person, today: date, *, consents_due: Mapping[str, str], licence_sign_in: LicenceSignIn | None) -> "ProfileOut":
        """The answer; `consents_due` are the versions of documents the person is to be asked for."""
        return cls(
            person_id=person.id,
            roles=sorted(person.roles),
            status=person.status,
            version=person.version,
            profile_version=person.profile_version,
            surname=person.surname,
            given_name=person.given_name,
            patronymic=person.patronymic,
            phone=person.phone,
            email=person.email,
            snils=person.numbers.snils if person.numbers else None,
            inn=person.numbers.inn if person.numbers else None,
            passport=PassportOut.model_validate(person.passport) if person.passport else None,
            practice=PracticeOut.of(person.profile, today) if person.profile else None,
            verification=VerificationOut.of(person.verification) if person.verification else None,
            consents_due=ConsentDueOut.all_of(consents_due),
            licence_sign_in=None if licence_sign_in is None else LicenceSignInOut.of(licence_sign_in),
        )


class EscalatedOut(BaseModel):
    """A verification that waits for an administrator; no personal data."""

    practitioner_id: UUID
    verification: VerificationOut

    @classmethod
    def of(cls, practitioner_id: UUID, verification: Verification) -> "EscalatedOut":
        """The answer."""
        return cls(practitioner_id=practitioner_id, verification=VerificationOut.of(verification))
