"""Events as other services would publish them, about invented people."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.applications import AppealDecided, AppealFiled, ApplicationSubmitted, DeadlineMissed
from contracts.identity import StaffMemberAdded
from contracts.notifications import DeliveryFailed
from contracts.roles import Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def submitted(applicant_id: UUID, *, number: str = "MK-2026-00000017-4", at: datetime = NOW) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        occurred_at=at,
        version=3,
        application_id=uuid4(),
        applicant_id=applicant_id,
        number=number,
        kind="primary",
        specialty_code="31.08.49",
        document_ids=(),
        snapshot_sha256="0" * 64,
        due_at=at + timedelta(hours=24),
    )


def missed(application: ApplicationSubmitted, *, at: datetime = NOW) -> DeadlineMissed:
    return DeadlineMissed(
        occurred_at=at,
        application_id=application.application_id,
        applicant_id=application.applicant_id,
        number=application.number,
        term="review",
        responsible="reviewer",
        responsible_id=uuid4(),
        due_at=at,
    )


def _appeal(application: ApplicationSubmitted, at: datetime) -> dict[str, Any]:
    return {
        "occurred_at": at,
        "version": application.version + 1,
        "application_id": application.application_id,
        "applicant_id": application.applicant_id,
        "number": application.number,
        "appeal_id": uuid4(),
        "appeal_number": "MA-2026-00000001-1",
        "document_ids": (),
    }


def appeal_filed(application: ApplicationSubmitted, *, at: datetime = NOW) -> AppealFiled:
    return AppealFiled(**_appeal(application, at), due_at=at + timedelta(days=14))


def appeal_decided(application: ApplicationSubmitted, outcome: str, *, at: datetime = NOW) -> AppealDecided:
    return AppealDecided(**_appeal(application, at), outcome=outcome)


def undelivered(recipient_id: UUID, *, is_critical: bool = True, at: datetime = NOW) -> DeliveryFailed:
    return DeliveryFailed(
        occurred_at=at,
        delivery_id=uuid4(),
        recipient_id=recipient_id,
        channel="email",
        kind="information-requested",
        is_critical=is_critical,
    )


def agent_added(agent_id: UUID, *, at: datetime = NOW) -> StaffMemberAdded:
    return StaffMemberAdded(occurred_at=at, version=1, staff_id=agent_id, roles=(Role.SUPPORT_AGENT,))
