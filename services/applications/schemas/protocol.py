"""What callers get: what happened to an application, and the application as staff see it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from services.applications.domain.appeals import Appeal
from services.applications.domain.application import Application, Transition
from services.applications.domain.disclosure import disclosed
from services.applications.domain.facts import OwnedDocument
from services.applications.domain.proposals import profile_diff
from services.applications.domain.rules import Rules
from services.applications.domain.states import Move, State
from services.applications.domain.terms import Terms
from services.applications.schemas.answers import ApplicationOut, CertificateRefOut, CheckOut, RemarkOut, RequestOut, certificate_of
from services.applications.schemas.certificates import StandingChangeOut
from services.applications.schemas.checklists import AuditOut, ChecklistOut
from services.applications.usecases.protocols import Protocol
from services.applications.usecases.review import Opened


class TransitionOut(BaseModel):
    """One recorded move; people see roles, not names."""

    move: Move
    title: str
    before: State
    after: State
    at: datetime
    by: str
    comment: str

    @classmethod
    def of(cls, step: Transition) -> Self:
        """From the record."""
        return cls(
            move=step.move,
            title=step.title,
            before=step.before,
            after=step.after,
            at=step.at,
            by=step.by.role,
            comment=step.why,
        )


class CheckRecordOut(BaseModel):
    """One run of the automatic stage."""

    check_id: UUID
    at: datetime
    outcome: str
    codes: list[str]


class CommentOut(BaseModel):
    """What an expert wrote."""

    at: datetime
    by: str
    decision: str
    comment: str
    reasons: list[RemarkOut]
    audit: AuditOut | None


class AppealRecordOut(BaseModel):
    """An appeal against a refusal of the application, and how it ended."""

    appeal_id: UUID
    number: str
    status: str
    refused_at: datetime
    filed_at: datetime
    filed_by: str
    due_at: datetime
    decided_at: datetime | None
    decision: str

    @classmethod
    def of(cls, appeal: Appeal) -> Self:
        """From the domain."""
        return cls(
            appeal_id=appeal.id,
            number=appeal.number,
            status=appeal.word,
            refused_at=appeal.refused_at,
            filed_at=appeal.filed_at,
            filed_by=str(appeal.filed_by.role),
            due_at=appeal.due_at,
            decided_at=appeal.decided_at,
            decision=appeal.decision,
        )


class ElectronicDocumentOut(BaseModel):
    """A PDF of what was handed in; those that answers made former stay."""

    sha256: str
    size_bytes: int
    is_current: bool


class ProtocolOut(BaseModel):
    """Everything that happened to an application; what experts wrote, after the decision."""

    application_id: UUID
    number: str | None
    status: str
    submitted_at: datetime | None
    snapshot_sha256: str | None
    electronic_documents: list[ElectronicDocumentOut]
    checks: list[CheckRecordOut]
    requests: list[RequestOut]
    comments: list[CommentOut]
    transitions: list[TransitionOut]
    certificate: CertificateRefOut | None
    standing_changes: list[StandingChangeOut]
    appeals: list[AppealRecordOut]

    @classmethod
    def of(cls, told: Protocol, rules: Rules) -> Self:
        """From the use-case, for the applicant."""
        application = disclosed(told.application)
        return cls(
            application_id=application.id,
            number=application.number,
            status=application.word,
            submitted_at=application.submitted_at,
            snapshot_sha256=application.snapshot_sha256,
            electronic_documents=_electronic_documents(application),
            checks=[CheckRecordOut(check_id=one.id, at=one.at, outcome=one.outcome, codes=list(one.codes)) for one in application.checks],
            requests=[
                RequestOut(
                    requested_by=one.requested_by,
                    requested_at=one.requested_at,
                    due_at=one.due_at,
                    remarks=[RemarkOut.of(remark, rules) for remark in one.remarks],
                )
                for one in application.requests
            ],
            comments=_comments(application, rules),
            transitions=[TransitionOut.of(step) for step in application.history],
            certificate=certificate_of(application),
            standing_changes=[StandingChangeOut.of(change, rules) for change in told.changes],
            appeals=[AppealRecordOut.of(appeal) for appeal in told.appeals],
        )


def _electronic_documents(application: Application) -> list[ElectronicDocumentOut]:
    now = application.electronic_document
    files = (*application.former_electronic_documents, *([] if now is None else [now]))
    return [ElectronicDocumentOut(sha256=one.sha256, size_bytes=one.size_bytes, is_current=one is now) for one in files]


def _comments(application: Application, rules: Rules) -> list[CommentOut]:
    audits = {(one.reviewer_id, one.round): AuditOut.of(one, rules) for one in application.checklists}
    return [
        CommentOut(
            at=one.at,
            by="reviewer",
            decision=one.decision,
            comment=one.comment,
            reasons=[RemarkOut.of(remark, rules) for remark in one.remarks],
            audit=audits.get((one.reviewer_id, one.round)),
        )
        for one in application.recommendations
    ]


class DocumentOut(BaseModel):
    """A document of an application and the verdict on it."""

    document_type: str
    title: str
    document_id: UUID
    verdict: str
    file_version: int | None
    sha256: str | None


class ChangeOut(BaseModel):
    """One value the last answer changed, or the profile since."""

    pointer: str
    before: Any
    after: Any


class OpenedOut(BaseModel):
    """An application as reviewers and registrars see it."""

    application: ApplicationOut
    documents: list[DocumentOut]
    diff: list[ChangeOut]
    check: CheckOut | None
    """What the check finds now, where it is judged; approval waits until nothing blocks."""
    profile_diff: list[ChangeOut]
    """What was handed in beside what the applicant's profile says now, where it changed meanwhile."""
    answer_comment: str | None
    checklist: ChecklistOut | None
    opinions: list[CommentOut]
    transitions: list[TransitionOut]

    @classmethod
    def of(cls, opened: Opened, rules: Rules, terms: Terms, now: datetime) -> Self:
        """From the use-case."""
        application = opened.application
        answered = [request for request in application.requests if request.answered_at is not None]
        return cls(
            application=ApplicationOut.of(application, rules, terms, now),
            documents=[_document(name, UUID(str(key)), opened.documents, rules) for name, key in application.form.documents.items()],
            diff=[ChangeOut(pointer=one.pointer, before=one.before, after=one.after) for one in opened.diff],
            check=None if opened.findings is None else CheckOut.of(opened.findings),
            profile_diff=[ChangeOut(pointer=one.pointer, before=one.before, after=one.after) for one in profile_diff(application)],
            answer_comment=answered[-1].comment if answered else None,
            checklist=ChecklistOut.of(application, application.claim.reviewer_id, rules) if application.claim else None,
            opinions=_comments(application, rules),
            transitions=[TransitionOut.of(step) for step in application.history],
        )


def _document(document_type: str, document_id: UUID, known: Mapping[UUID, OwnedDocument], rules: Rules) -> DocumentOut:
    document = known.get(document_id)
    return DocumentOut(
        document_type=document_type,
        title=rules.titles.documents[document_type],
        document_id=document_id,
        verdict=document.verdict.value if document else "unknown",
        file_version=document.file_version if document else None,
        sha256=document.sha256 if document else None,
    )


class MovedOut(BaseModel):
    """Where an application stands after somebody of the staff moved it; nothing personal."""

    application_id: UUID
    number: str | None
    version: int
    state: State
    status: str
    desk: str
    term_due_at: datetime | None

    @classmethod
    def of(cls, application: Application) -> Self:
        """From the domain."""
        running = [term.due_at for term in application.active_terms().values()]
        return cls(
            application_id=application.id,
            number=application.number,
            version=application.version,
            state=application.state,
            status=application.word,
            desk=application.desk.value,
            term_due_at=min(running, default=None),
        )
