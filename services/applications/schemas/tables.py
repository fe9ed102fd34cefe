"""What callers get: the tables forms are made from, and what the public sees."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from services.applications.domain.certificates import STATUS_TITLES, Certificate, Status
from services.applications.domain.reasons import AUTOMATIC_ONLY, REASONS
from services.applications.domain.rules import DOCUMENT_TITLES, KINDS, SPECIALTIES, Kind, required_documents


class NamedOut(BaseModel):
    """A code and its words."""

    code: str
    title: str


class KindOut(BaseModel):
    """What one kind asks for."""

    kind: Kind
    title: str
    documents: list[NamedOut]
    minimum_experience_months: int
    minimum_training_hours: int
    source: str
    valid_from: date


class SpecialtyOut(BaseModel):
    """A specialty and the documents it asks for beside those of the kind."""

    code: str
    title: str
    extra_documents: list[NamedOut]


class ReasonOut(BaseModel):
    """A reason reviewers may choose."""

    code: str
    title: str
    advice: str
    is_curable: bool
    target: str


class RulesOut(BaseModel):
    """The tables the forms are made from."""

    items: list[KindOut]
    specialties: list[SpecialtyOut]
    reasons: list[ReasonOut]

    @classmethod
    def current(cls) -> Self:
        """The tables in force."""
        kinds = [
            KindOut(
                kind=kind,
                title=rules.title,
                documents=[_named(name) for name in rules.documents],
                minimum_experience_months=rules.minimum_experience_months,
                minimum_training_hours=rules.minimum_training_hours,
                source=rules.source,
                valid_from=rules.valid_from,
            )
            for kind, rules in KINDS.items()
        ]
        shared = KINDS[Kind.PRIMARY].documents
        specialties = [
            SpecialtyOut(
                code=code,
                title=rules.title,
                extra_documents=[_named(name) for name in required_documents(Kind.PRIMARY, code) if name not in shared],
            )
            for code, rules in SPECIALTIES.items()
        ]
        reasons = [
            ReasonOut(code=code.value, title=rule.text, advice=rule.advice, is_curable=rule.is_curable, target=rule.target)
            for code, rule in REASONS.items()
            if code not in AUTOMATIC_ONLY
        ]
        return cls(items=kinds, specialties=specialties, reasons=reasons)


def _named(document_type: str) -> NamedOut:
    return NamedOut(code=document_type, title=DOCUMENT_TITLES[document_type])


class VerifiedCertificateOut(BaseModel):
    """What anybody may know of a certificate: no more of the holder than surname and initials, and not even these once erased."""

    number: str
    holder: str | None
    kind_title: str
    specialty_code: str
    specialty_title: str
    issued_at: datetime
    valid_until: datetime
    status: Status
    status_title: str

    @classmethod
    def of(cls, certificate: Certificate, now: datetime) -> Self:
        """From the domain."""
        status = certificate.status_at(now)
        return cls(
            number=certificate.number,
            holder=certificate.holder_short_name or None,
            kind_title=KINDS[certificate.kind].title,
            specialty_code=certificate.specialty_code,
            specialty_title=SPECIALTIES[certificate.specialty_code].title,
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            status=status,
            status_title=STATUS_TITLES[status],
        )
