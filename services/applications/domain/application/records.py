"""What an application is made of: who acted, what was asked, found, stored and told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from contracts.roles import Role
from services.applications.domain.form import Form
from services.applications.domain.grounds import Change
from services.applications.domain.states import MOVES, Move, Mover, State

Requester = Literal["automatic-check", "reviewer"]
Decision = Literal["approve", "reject"]
ChecklistResult = Literal["yes", "no", "not-applicable"]


class Desk(StrEnum):
    """Who must act now; queues are lists of one desk."""

    APPLICANT = "applicant"
    SYSTEM = "system"
    REVIEWER = "reviewer"
    SECOND_REVIEWER = "second-reviewer"
    REGISTRAR = "registrar"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moves an application; the system has no id."""

    id: UUID | None
    role: Mover


SYSTEM = Actor(None, "system")


@dataclass(frozen=True, slots=True)
class Transition:
    """One recorded move: who, when, why."""

    move: Move
    before: State
    after: State
    at: datetime
    by: Actor
    why: str = ""

    @property
    def title(self) -> str:
        """In people's words. A refusal stays by a decision, or because its appeal was taken back."""
        is_taken_back = self.move is Move.UPHOLD and self.by.role is Role.PRACTITIONER
        return "Жалоба отозвана" if is_taken_back else MOVES[self.move].title


@dataclass(frozen=True, slots=True)
class Remark:
    """One reason with the place it points at and a person's words; the words may be empty."""

    code: str
    pointer: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class FrozenDocument:
    """A document as it was handed in."""

    document_type: str
    document_id: UUID
    file_version: int
    sha256: str | None
    size_bytes: int | None
    media_type: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the applicant was asked for; `review_days_left` is where the reviewer's clock stands still."""

    requested_by: Requester
    reviewer_id: UUID | None
    remarks: tuple[Remark, ...]
    requested_at: datetime
    due_at: datetime
    review_days_left: int
    form: Form
    documents: tuple[FrozenDocument, ...]
    comment: str = ""
    answered_at: datetime | None = None
    is_late: bool = False
    """Whether the reviewer asked when the time for the review was over."""

    @property
    def pointers(self) -> tuple[str, ...]:
        """What is unlocked for the answer."""
        return tuple(remark.pointer for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Claim:
    """A reviewer holds the application until `due_at` unless they act."""

    reviewer_id: UUID
    claimed_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What one reviewer found."""

    reviewer_id: UUID
    decision: Decision
    remarks: tuple[Remark, ...]
    comment: str
    at: datetime
    round: int = 1


@dataclass(frozen=True, slots=True)
class ChecklistAnswer:
    """What a reviewer found at one row of the checklist."""

    code: str
    result: ChecklistResult
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """One reviewer's answers in one round, as last given."""

    reviewer_id: UUID
    answers: tuple[ChecklistAnswer, ...]
    at: datetime
    round: int = 1
    revision: int = 0
    """Of what was judged."""


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One run of the automatic stage, as the protocol shows it."""

    id: UUID
    at: datetime
    outcome: Literal["passed", "waits", "information-requested", "rejected"]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A generated PDF in the object store."""

    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StandingMark:
    """That a registrar changed the certificate's standing, and when; why is the certificate's to say."""

    kind: Change
    at: datetime


@dataclass(frozen=True, slots=True)
class CertificateReference:
    """The certificate an application ended in."""

    id: UUID
    number: str
    issued_at: datetime
    valid_until: datetime
    marks: tuple[StandingMark, ...] = ()

    @property
    def fault(self) -> StandingMark | None:
        """What keeps it from holding: the last mark, unless that ended a suspension."""
        last = self.marks[-1] if self.marks else None
        return None if last is None or last.kind is Change.REINSTATED else last

    def marked(self, kind: Change, at: datetime) -> "CertificateReference":
        """With one mark more."""
        return replace(self, marks=(*self.marks, StandingMark(kind, at)))

    def stood_at(self, moment: datetime) -> "CertificateReference":
        """As it was marked at a past moment."""
        return replace(self, marks=tuple(mark for mark in self.marks if mark.at <= moment))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A newer profile of the applicant: what it says at the places that changed. What was handed in stays as it is."""

    profile_version: int
    at: datetime
    values: Mapping[str, Any]
    """By pointer; None where the profile says nothing any more."""
    is_contact_only: bool = False
    """Only ways to reach the applicant: taken over without anybody's look."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that fell, with the reasons it had."""

    at: datetime
    reasons: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class AppealReference:
    """The last appeal against the refusal of an application."""

    id: UUID
    number: str
    filed_at: datetime
