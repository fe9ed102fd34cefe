"""What lists of applications show: nothing personal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from services.applications.domain.application import Application, CertificateReference
from services.applications.domain.rules import Kind
from services.applications.domain.states import Group, State


class Sort(StrEnum):
    """Orders of the history; the minus sign is descending."""

    START = "start"
    START_NEWEST = "-start"
    END = "end"
    END_NEWEST = "-end"
    KIND = "kind"
    KIND_REVERSED = "-kind"


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which applications of one person; None is no limit. The moments are of the start, the later one excluded."""

    group: Group | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    sort: Sort = Sort.START_NEWEST

    def includes(self, start: datetime) -> bool:
        """Whether a start lies in the window."""
        return (self.started_from is None or start >= self.started_from) and (self.started_before is None or start < self.started_before)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: UUID
    number: str | None
    kind: Kind
    specialty_code: str
    state: State
    created_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None
    review_due_at: datetime | None
    approval_due_at: datetime | None
    claimed_by: UUID | None
    certificate: CertificateReference | None
    previous_application_id: UUID | None = None
    """The refused one that it corrects."""
    reason_codes: tuple[str, ...] = ()
    """Why it was refused."""

    @classmethod
    def of(cls, application: Application) -> Self:
        """The line of an application."""
        return cls(
            id=application.id,
            number=application.number,
            kind=application.kind,
            specialty_code=application.specialty_code,
            state=application.state,
            created_at=application.created_at,
            submitted_at=application.submitted_at,
            ended_at=application.ended_at,
            review_due_at=application.review_due_at,
            approval_due_at=application.approval_due_at,
            claimed_by=application.claim.reviewer_id if application.claim else None,
            certificate=application.certificate,
            previous_application_id=application.previous_application_id,
            reason_codes=tuple(remark.code for remark in application.reasons),
        )
