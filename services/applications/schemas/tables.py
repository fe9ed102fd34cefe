"""What callers get: the tables forms are made from, and what the public sees."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from contracts.documents import DocumentType
from services.applications.domain.certificates import STATUS_TITLES, Certificate, Status
from services.applications.domain.rules import Kind, Rules


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
    places: list[str]


class RulesOut(BaseModel):
    """The tables the forms are made from."""

    items: list[KindOut]
    specialties: list[SpecialtyOut]
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, rules: Rules) -> Self:
        """The tables in force."""
        kinds = [
            KindOut(
                kind=kind,
                title=row.title,
                documents=_named(row.documents, rules),
                minimum_experience_months=row.minimum_experience_months,
                minimum_training_hours=row.minimum_training_hours,
                source=row.source,
                valid_from=row.valid_from,
            )
            for kind, row in rules.kinds.items()
        ]
        specialties = [
            SpecialtyOut(code=code, title=row.title, extra_documents=_named(row.documents, rules))
            for code, row in rules.specialties.items()
        ]
        reasons = [
            ReasonOut(
                code=code.value,
                title=row.text,
                advice=row.advice,
                is_curable=row.is_curable,
                target=row.target,
                places=list(row.places),
            )
            for code, row in rules.reasons.items()
            if not row.is_automatic
        ]
        return cls(items=kinds, specialties=specialties, reasons=reasons)


def _named(document_types: Iterable[DocumentType], rules: Rules) -> list[NamedOut]:
    return [NamedOut(code=one, title=rules.titles.documents[one]) for one in document_types]


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
    def of(cls, certificate: Certificate, rules: Rules, now: datetime) -> Self:
        """From the domain."""
        status = certificate.status_at(now)
        return cls(
            number=certificate.number,
            holder=certificate.holder_short_name or None,
            kind_title=rules.titles.kinds[certificate.kind],
            specialty_code=certificate.specialty_code,
            specialty_title=rules.titles.specialties[certificate.specialty_code],
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            status=status,
            status_title=STATUS_TITLES[status],
        )
