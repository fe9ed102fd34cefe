"""What lists of applications show: nothing personal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.applications.domain.application import CertificateReference
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
