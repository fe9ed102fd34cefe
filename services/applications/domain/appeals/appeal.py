"""An appeal: what it disputes, who may judge it, until when."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.applications.domain.appeals.states import APPEAL_WORDS, RUNNING, AppealMove, AppealState, appeal_after
from services.applications.domain.application import Actor, Claim, FrozenDocument, Remark
from services.applications.domain.rules import Kind


@dataclass(frozen=True, slots=True)
class Grounds:
    """What somebody who appeals says: when it was refused, which reasons are wrong and why, with which files."""

    refused_on: date
    points: tuple[Remark, ...]
    statement: str
    attachment_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class AppealStep:
    """One recorded move: who, when, why."""

    move: AppealMove
    before: AppealState
    after: AppealState
    at: datetime
    by: Actor
    why: str = ""


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal against one refusal. Functions of the sibling module return its next version."""

    id: UUID
    version: int
    number: str
    application_id: UUID
    application_number: str
    applicant_id: UUID
    kind: Kind
    specialty_code: str
    state: AppealState
    refused_at: datetime
    filed_at: datetime
    filed_by: Actor
    """The applicant, or a support agent on the applicant's behalf."""
    due_at: datetime
    refusal: tuple[Remark, ...]
    """Every reason of the refusal, as it was given."""
    points: tuple[Remark, ...]
    """The reasons that are disputed, each with the applicant's words."""
    statement: str
    attachments: tuple[FrozenDocument, ...] = ()
    barred_ids: tuple[UUID, ...] = ()
    """Staff who spoke about the application before."""
    claim: Claim | None = None
    history: tuple[AppealStep, ...] = ()
    decided_at: datetime | None = None
    decision: str = ""
    """Why it was decided so; never empty once decided by a reviewer."""
    anonymised_at: datetime | None = None

    def moved(self, move: AppealMove, *, by: Actor, at: datetime, why: str = "", **changed: Any) -> "Appeal":
        """The next version after a move, recorded. Raises `MoveNotYours`, `IllegalMove`."""
        target = appeal_after(self.state, move, by.role)
        step = AppealStep(move, self.state, target, at, by, why)
        decided_at = None if target in RUNNING else at
        return replace(self, version=self.version + 1, state=target, decided_at=decided_at, history=(*self.history, step), **changed)

    @property
    def word(self) -> str:
        """The state in people's words."""
        return APPEAL_WORDS[self.state]

    @property
    def is_running(self) -> bool:
        """Whether a decision is awaited."""
        return self.state in RUNNING

    @property
    def attachment_ids(self) -> tuple[UUID, ...]:
        """The files that came with it."""
        return tuple(one.document_id for one in self.attachments)

    def stood_at(self, moment: datetime) -> "Appeal | None":
        """As it stood at a past moment; None before it was filed."""
        if self.filed_at > moment:
            return None
        steps = tuple(step for step in self.history if step.at <= moment)
        state = steps[-1].after if steps else AppealState.REGISTERED
        if state not in RUNNING:
            return self
        return replace(self, state=state, history=steps, claim=None, decided_at=None, decision="")

    def is_overdue(self, at: datetime) -> bool:
        """Whether its term is past without a decision."""
        return self.is_running and self.due_at < at

    def anonymised(self, *, at: datetime) -> "Appeal":
        """Without anybody's words and files; asked again it is the same."""
        if self.anonymised_at is not None:
            return self
        return replace(
            self,
            version=self.version + 1,
            anonymised_at=at,
            refusal=_bare(self.refusal),
            points=_bare(self.points),
            statement="",
            attachments=(),
            decision="",
            history=tuple(replace(step, why="") for step in self.history),
        )


@dataclass(frozen=True, slots=True)
class AppealRow:
    """One line of a list of appeals: nothing personal."""

    id: UUID
    number: str
    application_id: UUID
    application_number: str
    kind: Kind
    specialty_code: str
    state: AppealState
    refused_at: datetime
    filed_at: datetime
    due_at: datetime
    decided_at: datetime | None
    claimed_by: UUID | None


def _bare(remarks: tuple[Remark, ...]) -> tuple[Remark, ...]:
    return tuple(replace(remark, comment="") for remark in remarks)
