"""Bodies of profile changes and versions."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.identity.domain.changes import ProfileChange, Proof
from services.identity.domain.versions import Method, Outcome, ProfileVersion, Result
from services.identity.schemas.base import Code, In, Line, Short
from services.identity.schemas.registration import EmploymentIn
from services.identity.usecases.profile import SentProof


class PassportPatchIn(In):
    """Fields of the passport that change."""

    series: Short | None = None
    number: Short | None = None
    issued_on: date | None = None
    issued_by: Line | None = None


class LicencePatchIn(In):
    """Fields of the licence that change; null removes the end of its validity."""

    series: Short | None = None
    number: Short | None = None
    holder: Literal["person", "organisation"] | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class WorkplacePatchIn(In):
    """Fields of the workplace that change."""

    organisation: Line | None = None
    ogrn: Short | None = None
    address: Line | None = None
    department: Line | None = None


class PracticePatchIn(In):
    """Fields of the practice that change; the work history is replaced as a whole."""

    birth_date: date | None = None
    birth_place: Line | None = None
    diploma_number: Short | None = None
    qualification: Line | None = None
    specialty_code: Short | None = None
    licence: LicencePatchIn | None = None
    workplace: WorkplacePatchIn | None = None
    employments: list[EmploymentIn] | None = Field(default=None, max_length=100)
    training_hours: int | None = Field(default=None, ge=0, le=100_000)


class ProfilePatchIn(In):
    """A merge patch (RFC 7396) of what `GET /profile` shows: fields left out stay, null removes what may be absent (patronymic, INN)."""

    surname: Line | None = None
    given_name: Line | None = None
    patronymic: Line | None = None
    phone: Short | None = None
    email: Line | None = None
    snils: Short | None = None
    inn: Short | None = None
    passport: PassportPatchIn | None = None
    practice: PracticePatchIn | None = None

    def patch(self) -> dict[str, Any]:
        """What was sent, as JSON values; a work history in full."""
        sent = self.model_dump(mode="json", exclude_unset=True)
        if self.practice is not None and self.practice.employments is not None:
            sent["practice"]["employments"] = [one.model_dump(mode="json") for one in self.practice.employments]
        return sent


class FieldChangeOut(BaseModel):
    """One field before and after."""

    field: str
    old: Any
    new: Any


class ProfileChangeOut(BaseModel):
    """A change to be confirmed. A signature is made over the UTF-8 bytes of `text` exactly as given; `needed` says which codes it takes."""

    change_id: UUID
    profile_version: int
    created_at: datetime
    expires_at: datetime
    changes: list[FieldChangeOut]
    text: str
    sha256: str
    needed: list[Proof]
    needed_with_signature: list[Proof]
    proved: list[Proof]

    @classmethod
    def of(cls, change: ProfileChange) -> "ProfileChangeOut":
        """The answer."""
        return cls(
            change_id=change.id,
            profile_version=change.profile_version,
            created_at=change.created_at,
            expires_at=change.expires_at,
            changes=[FieldChangeOut(field=one.field, old=one.old, new=one.new) for one in change.changes],
            text=change.text,
            sha256=change.sha256,
            needed=list(change.needed(is_signed=False)),
            needed_with_signature=list(change.needed(is_signed=True)),
            proved=sorted(change.proved),
        )


class CodesIn(In):
    """Which codes are wanted; none named means all that are needed."""

    proofs: list[Proof] = Field(default=[], max_length=len(Proof))


class SentProofOut(BaseModel):
    """A code on its way."""

    proof: Proof
    resend_at: datetime
    expires_at: datetime


class SentProofsOut(BaseModel):
    """The codes on their way."""

    items: list[SentProofOut]

    @classmethod
    def of(cls, sent: list[SentProof]) -> "SentProofsOut":
        """The answer."""
        return cls(items=[SentProofOut(proof=one.proof, resend_at=one.resend_at, expires_at=one.expires_at) for one in sent])


class _NewContactsIn(In):
    new_phone_code: Code | None = None
    new_email_code: Code | None = None

    def codes(self) -> dict[Proof, str]:
        """The codes given."""
        given = {Proof.NEW_PHONE: self.new_phone_code, Proof.NEW_EMAIL: self.new_email_code}
        return {proof: text for proof, text in given.items() if text is not None}


class ConfirmationIn(_NewContactsIn):
    """The codes; those accepted before need not be given again."""

    code: Code | None = None

    def codes(self) -> dict[Proof, str]:
        """The codes given."""
        return super().codes() | ({} if self.code is None else {Proof.PHONE: self.code})


class SignatureIn(_NewContactsIn):
    """A detached CMS signature over the change's text, base64 of DER."""

    signature: Annotated[str, StringConstraints(max_length=200_000)]


class FindingOut(BaseModel):
    """One field that was found wrong."""

    field: str
    registry: str
    code: str


class OutcomeOut(BaseModel):
    """One verdict on a version."""

    at: datetime
    result: Result
    findings: list[FindingOut]
    is_by_hand: bool
    reason: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeOut":
        """The answer."""
        return cls(
            at=outcome.at,
            result=outcome.result,
            findings=[FindingOut(field=one.field, registry=one.registry, code=one.code) for one in outcome.findings],
            is_by_hand=outcome.decided_by is not None,
            reason=outcome.reason,
        )


class CertificateOut(BaseModel):
    """Which certificate signed; fingerprints are SHA-256, of the certificate and of its issuer's name."""

    serial: str
    sha256: str
    issuer_sha256: str


class VersionSummaryOut(BaseModel):
    """One version of the caller's profile, without what was stated."""

    number: int
    made_at: datetime
    method: Method
    certificate: CertificateOut | None
    fields: list[str]
    outcomes: list[OutcomeOut]

    @classmethod
    def of(cls, version: ProfileVersion) -> "VersionSummaryOut":
        """The answer."""
        mark = version.certificate
        return cls(
            number=version.number,
            made_at=version.made_at,
            method=version.method,
            certificate=None if mark is None else CertificateOut(serial=mark.serial, sha256=mark.sha256, issuer_sha256=mark.issuer_sha256),
            fields=list(version.fields),
            outcomes=[OutcomeOut.of(outcome) for outcome in version.outcomes],
        )


class VersionOut(VersionSummaryOut):
    """One version in full: what was stated, and what confirmed it."""

    stated: dict[str, Any]
    text: str | None
    signature: str | None

    @classmethod
    def of(cls, version: ProfileVersion) -> "VersionOut":
        """The answer."""
        summary = dict(VersionSummaryOut.of(version))
        return cls(**summary, stated=version.stated.shown(), text=version.text, signature=version.signature)
