"""Events as other services would publish them, about invented people."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.applications import ApplicationSubmitted, ElectronicDocumentIssued, InformationProvided, InformationRequested, Reason
from contracts.identity import ContactsChanged, OneTimeCodeIssued
from contracts.roles import Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NUMBER = "MK-2026-00000017-4"


def contacts_changed(
    person_id: UUID, *, version: int = 1, at: datetime = NOW, roles: tuple[Role, ...] = (Role.PRACTITIONER,)
) -> ContactsChanged:
    return ContactsChanged(
        occurred_at=at,
        version=version,
        person_id=person_id,
        roles=roles,
        email=f"mail{version}.{person_id.hex[:8]}@example.org",
        phone=f"+7900{person_id.int % 10**7:07}",
        salutation="Вера Павловна",
    )


def submitted(person_id: UUID, *, at: datetime = NOW, application_id: UUID | None = None) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        occurred_at=at,
        version=3,
        application_id=application_id or uuid4(),
        applicant_id=person_id,
        number=NUMBER,
        kind="primary",
        specialty_code="31.08.49",
        document_ids=(),
        snapshot_sha256="0" * 64,
        due_at=at + timedelta(hours=24),
    )


def requested(person_id: UUID, *, at: datetime = NOW, application_id: UUID | None = None) -> InformationRequested:
    return InformationRequested(
        occurred_at=at,
        version=5,
        application_id=application_id or uuid4(),
        applicant_id=person_id,
        number=NUMBER,
        requested_by="reviewer",
        remarks=(Reason(code="licence-expired", pointer="/professional/licence"),),
        unlocked_document_ids=(),
        due_at=at + timedelta(days=14),
    )


def provided(request: InformationRequested, *, at: datetime) -> InformationProvided:
    return InformationProvided(
        occurred_at=at,
        version=request.version + 1,
        application_id=request.application_id,
        applicant_id=request.applicant_id,
        number=request.number,
        reviewer_id=None,
        document_ids=(),
    )


def document_issued(
    person_id: UUID, *, at: datetime = NOW, sha256: str = "0" * 64, link: str = "http://x.test"
) -> ElectronicDocumentIssued:
    return ElectronicDocumentIssued(occurred_at=at, application_id=uuid4(), applicant_id=person_id, number=NUMBER, sha256=sha256, link=link)


def code_issued(*, at: datetime = NOW, minutes: float = 5, **changes: Any) -> OneTimeCodeIssued:
    fields: dict[str, Any] = {"channel": "sms", "address": "+79005554433", "code": "402917", "purpose": "sign-in"} | changes
    return OneTimeCodeIssued(occurred_at=at, person_id=uuid4(), expires_at=at + timedelta(minutes=minutes), **fields)
