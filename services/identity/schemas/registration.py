"""Bodies of registration."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.identity.domain import registration as domain
from services.identity.domain.registration import Registration
from services.identity.domain.scans import Scans, ScanState, ScanType, scan_of
from services.identity.schemas.base import In, Line, Secret, Short
from services.identity.usecases.registration import Admission, SentCode, UploadToken


class PhoneIn(In):
    """A mobile phone."""

    phone: Short


class PassportIn(In):
    """A passport of a citizen of Russia."""

    series: Short
    number: Short
    issued_on: date
    issued_by: Line

    def to_domain(self) -> domain.Passport:
        """As the domain knows it."""
        return domain.Passport(self.series, self.number, self.issued_on, self.issued_by)


class NumbersIn(In):
    """SNILS and, if the person has one, INN."""

    snils: Short
    inn: Short | None = None

    def to_domain(self) -> domain.Numbers:
        """As the domain knows it; an empty INN is none."""
        return domain.Numbers(self.snils, self.inn or None)


class LicenceIn(In):
    """A medical licence."""

    series: Short
    number: Short
    holder: Literal["person", "organisation"]
    valid_from: date
    valid_until: date | None = None


class WorkplaceIn(In):
    """Where somebody works."""

    organisation: Line
    ogrn: Short
    address: Line
    department: Line


class EmploymentIn(In):
    """One entry of the work history."""

    organisation: Line
    position: Line
    started_on: date
    ended_on: date | None = None


class ProfileIn(In):
    """What a practitioner states about themselves."""

    surname: Line
    given_name: Line
    patronymic: Line | None = None
    birth_date: date
    birth_place: Line
    diploma_number: Short
    qualification: Line
    specialty_code: Short
    licence: LicenceIn
    workplace: WorkplaceIn
    employments: list[EmploymentIn] = Field(default=[], max_length=100)
    training_hours: int = Field(default=0, ge=0, le=100_000)

    def to_domain(self) -> domain.Profile:
        """As the domain knows it; an empty patronymic is none."""
        fields = dict(self)
        return domain.Profile(
            **fields
            | {
                "patronymic": self.patronymic or None,
                "licence": domain.Licence(**dict(self.licence)),
                "workplace": domain.Workplace(**dict(self.workplace)),
                "employments": tuple(domain.Employment(**dict(employment)) for employment in self.employments),
            }
        )


class EmailIn(In):
    """An e-mail address."""

    email: Line


class PasswordIn(In):
    """A password."""

    password: Secret


class ConsentIn(In):
    """Agreement to one version of a document."""

    document: Short
    version: Short


class ConsentsIn(In):
    """Everything a person agrees to."""

    consents: list[ConsentIn] = Field(min_length=1, max_length=20)

    def versions(self) -> dict[str, str]:
        """Document to version."""
        return {consent.document: consent.version for consent in self.consents}


class SentCodeOut(BaseModel):
    """A code is on its way."""

    registration_id: UUID
    resend_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, sent: SentCode) -> "SentCodeOut":
        """The answer."""
        return cls(registration_id=sent.registration_id, resend_at=sent.resend_at, expires_at=sent.expires_at)


class StepOut(BaseModel):
    """One step of registration."""

    name: str
    is_done: bool


class ScanOut(BaseModel):
    """The scan of one document; `codes` say why it was refused. The file itself is at documents."""

    type: ScanType
    state: ScanState
    document_id: UUID | None
    file_version: int | None
    codes: list[str]

    @classmethod
    def of(cls, scan_type: ScanType, scans: Scans) -> "ScanOut":
        """The answer."""
        scan = scan_of(scans, scan_type)
        if scan is None:
            return cls(type=scan_type, state=ScanState.MISSING, document_id=None, file_version=None, codes=[])
        return cls(type=scan_type, state=scan.state, document_id=scan.document_id, file_version=scan.file_version, codes=list(scan.codes))


class RegistrationOut(BaseModel):
    """How far a registration is. What was typed is not shown: a phone number may have a new owner."""

    registration_id: UUID
    steps: list[StepOut]
    scans: list[ScanOut]
    expires_at: datetime
    practitioner_id: UUID | None

    @classmethod
    def of(cls, registration: Registration) -> "RegistrationOut":
        """The answer."""
        steps = [StepOut(name=name, is_done=is_done) for name, is_done in registration.steps().items()]
        return cls(
            registration_id=registration.id,
            steps=steps,
            scans=[ScanOut.of(scan_type, registration.scans) for scan_type in ScanType],
            expires_at=registration.expires_at,
            practitioner_id=registration.practitioner_id,
        )


class UploadTokenOut(BaseModel):
    """A limited access token (`Authorization: Bearer`) for documents: uploads and own state of the two scans, nothing else."""

    upload_token: str
    upload_token_expires_in: int

    @classmethod
    def of(cls, issued: UploadToken) -> "UploadTokenOut":
        """The answer."""
        return cls(upload_token=issued.token, upload_token_expires_in=issued.expires_in)


class PhoneConfirmedOut(RegistrationOut):
    """The token for the header `Registration-Token` of all further steps, and a limited access token for the scans."""

    registration_token: str
    upload_token: str
    upload_token_expires_in: int

    @classmethod
    def with_tokens(cls, admission: Admission) -> "PhoneConfirmedOut":
        """The answer."""
        shown = dict(RegistrationOut.of(admission.registration)) | dict(UploadTokenOut.of(admission.upload_token))
        return cls(registration_token=admission.token, **shown)


class EmailStepOut(RegistrationOut):
    """The e-mail step; moments of the code on its way, or None when the address is confirmed already."""

    resend_at: datetime | None
    code_expires_at: datetime | None

    @classmethod
    def with_code(cls, registration: Registration, sent: SentCode | None) -> "EmailStepOut":
        """The answer."""
        return cls(
            resend_at=sent.resend_at if sent else None,
            code_expires_at=sent.expires_at if sent else None,
            **dict(RegistrationOut.of(registration)),
        )


class CompletionOut(BaseModel):
    """The account exists; verification follows."""

    practitioner_id: UUID
