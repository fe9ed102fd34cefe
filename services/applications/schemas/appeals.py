"""Bodies about appeals."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.applications.domain.appeals import APPEAL_WORDS, Appeal, AppealRow, AppealState, Grounds, Outcome
from services.applications.domain.application import FrozenDocument, Remark
from services.applications.domain.lineage import Link
from services.applications.domain.rules import Kind, Rules
from services.applications.domain.terms import Terms
from services.applications.schemas.answers import RemarkOut
from services.applications.schemas.bodies import Code, Day, Needed, Pointer
from services.applications.schemas.protocol import OpenedOut
from services.applications.usecases.appeals import OpenedAppeal
from services.applications.usecases.review import Opened

Number = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=40, pattern=r"^[A-Za-z0-9\-]*$")]
"""As people write it; sought in capitals."""
_NO_SECOND = "Отозванную жалобу нельзя подать ещё раз: на один отказ подаётся одна жалоба. Отказ останется в силе."


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointIn(_Body):
    """A reason of the refusal that is disputed, and why."""

    code: Code
    pointer: Pointer
    comment: Needed


class AppealIn(_Body):
    """An appeal: number of the application, day of the refusal, what is disputed, files that support it."""

    application_number: Number
    refused_on: Day
    points: Annotated[list[PointIn], Field(min_length=1, max_length=50)]
    statement: Needed
    attachment_ids: Annotated[list[UUID], Field(max_length=20)] = []

    def grounds(self) -> Grounds:
        """For the use-case."""
        points = tuple(Remark(point.code, point.pointer, point.comment) for point in self.points)
        return Grounds(self.refused_on, points, self.statement, tuple(self.attachment_ids))


class DecisionIn(_Body):
    """Whether the refusal stays or falls, and why."""

    outcome: Literal["upheld", "overturned"]
    text: Needed

    def decided(self) -> Outcome:
        """For the use-case."""
        return Outcome(self.outcome)


class AttachmentOut(BaseModel):
    """A file that came with an appeal, as it was then."""

    document_id: UUID
    file_version: int
    sha256: str | None

    @classmethod
    def of(cls, file: FrozenDocument) -> Self:
        """From the domain."""
        return cls(document_id=file.document_id, file_version=file.file_version, sha256=file.sha256)


class AppealRowOut(BaseModel):
    """One line of a list of appeals; nothing personal."""

    id: UUID
    number: str
    application_id: UUID
    application_number: str
    kind: Kind
    specialty_code: str
    state: AppealState
    status: str
    refused_on: date
    filed_at: datetime
    due_at: datetime
    decided_at: datetime | None
    is_claimed: bool

    @classmethod
    def of(cls, row: AppealRow, terms: Terms) -> Self:
        """From a row."""
        return cls(
            id=row.id,
            number=row.number,
            application_id=row.application_id,
            application_number=row.application_number,
            kind=row.kind,
            specialty_code=row.specialty_code,
            state=row.state,
            status=APPEAL_WORDS[row.state],
            refused_on=terms.local_date(row.refused_at),
            filed_at=row.filed_at,
            due_at=row.due_at,
            decided_at=row.decided_at,
            is_claimed=row.claimed_by is not None,
        )


class AppealOut(BaseModel):
    """An appeal as its applicant and those who registered it see it; people see roles, not names."""

    id: UUID
    version: int
    number: str
    application_id: UUID
    application_number: str
    kind: Kind
    specialty_code: str
    state: AppealState
    status: str
    refused_on: date
    filed_at: datetime
    filed_by: str
    due_at: datetime
    is_overdue: bool
    reasons: list[RemarkOut]
    points: list[RemarkOut]
    statement: str
    attachments: list[AttachmentOut]
    decided_at: datetime | None
    decision: str
    if_withdrawn: str
    """What whoever thinks of taking it back has to know; empty once that is too late."""

    @classmethod
    def of(cls, appeal: Appeal, rules: Rules, terms: Terms, now: datetime) -> Self:
        """From the domain."""
        return cls(
            id=appeal.id,
            version=appeal.version,
            number=appeal.number,
            application_id=appeal.application_id,
            application_number=appeal.application_number,
            kind=appeal.kind,
            specialty_code=appeal.specialty_code,
            state=appeal.state,
            status=appeal.word,
            refused_on=terms.local_date(appeal.refused_at),
            filed_at=appeal.filed_at,
            filed_by=str(appeal.filed_by.role),
            due_at=appeal.due_at,
            is_overdue=appeal.is_overdue(now),
            reasons=[RemarkOut.of(one, rules) for one in appeal.refusal],
            points=[RemarkOut.of(one, rules) for one in appeal.points],
            statement=appeal.statement,
            attachments=[AttachmentOut.of(one) for one in appeal.attachments],
            decided_at=appeal.decided_at,
            decision=appeal.decision,
            if_withdrawn=_NO_SECOND if appeal.is_running else "",
        )


class OpenedAppealOut(BaseModel):
    """An appeal as its reviewer sees it, with the application and every opinion about it."""

    appeal: AppealOut
    application: OpenedOut
    replaced_document_ids: list[UUID]
    """Documents that have another file than the one the refusal was about."""

    @classmethod
    def of(cls, opened: OpenedAppeal, rules: Rules, terms: Terms, now: datetime) -> Self:
        """From the use-case."""
        case, documents = opened.case, opened.documents
        now_there = {key: document.file_version for key, document in documents.items()}
        return cls(
            appeal=AppealOut.of(case.appeal, rules, terms, now),
            application=OpenedOut.of(Opened(case.application, documents, ()), rules, terms, now),
            replaced_document_ids=[
                one.document_id
                for one in case.application.documents
                if now_there.get(one.document_id, one.file_version) != one.file_version
            ],
        )


class JudgedOut(BaseModel):
    """Where an appeal stands after a reviewer moved it; nothing personal."""

    appeal_id: UUID
    number: str
    version: int
    application_id: UUID
    state: AppealState
    status: str
    due_at: datetime

    @classmethod
    def of(cls, appeal: Appeal) -> Self:
        """From the domain."""
        return cls(
            appeal_id=appeal.id,
            number=appeal.number,
            version=appeal.version,
            application_id=appeal.application_id,
            state=appeal.state,
            status=appeal.word,
            due_at=appeal.due_at,
        )


class LinkOut(BaseModel):
    """One of the row: an application, its correction, an appeal."""

    kind: str
    id: UUID
    number: str | None
    status: str
    begun_at: datetime
    ended_at: datetime | None
    follows_id: UUID | None


class LineageOut(BaseModel):
    """What came of an application, in the order of time."""

    items: list[LinkOut]

    @classmethod
    def of(cls, links: list[Link]) -> Self:
        """From the domain."""
        return cls(
            items=[
                LinkOut(
                    kind=link.kind,
                    id=link.id,
                    number=link.number,
                    status=link.status,
                    begun_at=link.begun_at,
                    ended_at=link.ended_at,
                    follows_id=link.follows_id,
                )
                for link in links
            ]
        )
