"""What callers get."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from services.applications.domain.application import Application, Remark
from services.applications.domain.assignment import Left, Load
from services.applications.domain.certificates import STATUS_TITLES, Status
from services.applications.domain.check import Finding, is_clean
from services.applications.domain.forecast import forecast
from services.applications.domain.grounds import Change
from services.applications.domain.history import Row
from services.applications.domain.refusals import holds_until, may_be_appealed
from services.applications.domain.rules import Kind, Rules
from services.applications.domain.states import GROUPS, WORDS, Group, State
from services.applications.domain.terms import Responsible, Term, Terms


class RemarkOut(BaseModel):
    """A reason with its text and advice."""

    code: str
    pointer: str
    comment: str
    detail: str
    advice: str
    is_curable: bool

    @classmethod
    def of(cls, remark: Remark, rules: Rules) -> Self:
        """From the table of reasons."""
        rule = rules.reason(remark.code)
        return cls(
            code=remark.code,
            pointer=remark.pointer,
            comment=remark.comment,
            detail=rule.text,
            advice=rule.advice,
            is_curable=rule.is_curable,
        )


class FindingOut(BaseModel):
    """One finding of the check; one that does not block needs waiting only."""

    code: str
    block: str
    pointer: str
    detail: str
    advice: str
    is_blocking: bool


class CheckOut(BaseModel):
    """What stage 1 would say."""

    is_clean: bool
    findings: list[FindingOut]

    @classmethod
    def of(cls, findings: tuple[Finding, ...]) -> Self:
        """From the findings."""
        listed = [
            FindingOut(
                code=one.code, block=one.block, pointer=one.pointer, detail=one.detail, advice=one.advice, is_blocking=one.is_blocking
            )
            for one in findings
        ]
        return cls(is_clean=is_clean(findings), findings=listed)


class CertificateRefOut(BaseModel):
    """The certificate of an application. `fault`: why it does not hold though its time is not over, and since when."""

    number: str
    issued_at: datetime
    valid_until: datetime
    fault: Change | None
    fault_title: str | None
    fault_at: datetime | None


class AppealRefOut(BaseModel):
    """The last appeal against the refusal of an application."""

    id: UUID
    number: str
    filed_at: datetime


class RequestOut(BaseModel):
    """What the applicant is asked for and until when."""

    requested_by: str
    requested_at: datetime
    due_at: datetime
    remarks: list[RemarkOut]


class TermOut(BaseModel):
    """A term that runs."""

    term: Term
    due_at: datetime
    responsible: Responsible
    is_overdue: bool


class ApplicationOut(BaseModel):
    """An application as its applicant sees it."""

    id: UUID
    version: int
    number: str | None
    kind: Kind
    kind_title: str
    specialty_code: str
    specialty_title: str
    state: State
    status: str
    personal: dict[str, Any]
    professional: dict[str, Any]
    documents: dict[str, UUID]
    consent: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None
    snapshot_sha256: str | None
    previous_application_id: UUID | None
    renews_certificate_id: UUID | None
    correction_comment: str
    request: RequestOut | None
    reasons: list[RemarkOut]
    may_resubmit: bool
    may_appeal_until: datetime | None
    appeal: AppealRefOut | None
    terms: list[TermOut]
    forecast_at: datetime | None
    is_overdue: bool
    certificate: CertificateRefOut | None

    @classmethod
    def of(cls, application: Application, rules: Rules, terms: Terms, now: datetime) -> Self:
        """From the domain."""
        form = application.form
        return cls(
            **_head(application, rules),
            personal=dict(form.personal),
            professional=dict(form.professional),
            documents={name: UUID(str(value)) for name, value in form.documents.items()},
            consent=dict(form.consent),
            updated_at=application.updated_at,
            snapshot_sha256=application.snapshot_sha256,
            previous_application_id=application.previous_application_id,
            renews_certificate_id=application.renews_certificate_id,
            correction_comment=application.correction_comment,
            request=_request(application, rules),
            reasons=[RemarkOut.of(remark, rules) for remark in application.reasons],
            may_resubmit=application.state is State.REJECTED and rules.may_resubmit(remark.code for remark in application.reasons),
            may_appeal_until=_may_appeal_until(application, terms, now),
            appeal=_appeal(application),
            terms=_terms(application, now),
            forecast_at=forecast(application, now=now, terms=terms),
            is_overdue=application.is_overdue(now),
            certificate=certificate_of(application),
        )


def _head(application: Application, rules: Rules) -> dict[str, Any]:
    return {
        "id": application.id,
        "version": application.version,
        "number": application.number,
        "kind": application.kind,
        "kind_title": rules.titles.kinds[application.kind],
        "specialty_code": application.specialty_code,
        "specialty_title": rules.titles.specialties[application.specialty_code],
        "state": application.state,
        "status": application.word,
        "created_at": application.created_at,
        "submitted_at": application.submitted_at,
        "ended_at": application.ended_at,
    }


def _request(application: Application, rules: Rules) -> RequestOut | None:
    request = application.open_request
    if request is None:
        return None
    remarks = [RemarkOut.of(remark, rules) for remark in request.remarks]
    return RequestOut(requested_by=request.requested_by, requested_at=request.requested_at, due_at=request.due_at, remarks=remarks)


def _terms(application: Application, now: datetime) -> list[TermOut]:
    return [
        TermOut(term=name, due_at=term.due_at, responsible=term.responsible, is_overdue=term.due_at < now or term.was_missed)
        for name, term in application.active_terms().items()
        if name is not Term.CLAIM
    ]


def _appeal(application: Application) -> AppealRefOut | None:
    known = application.appeal
    return None if known is None else AppealRefOut(id=known.id, number=known.number, filed_at=known.filed_at)


def _may_appeal_until(application: Application, terms: Terms, now: datetime) -> datetime | None:
    """None where nothing is refused, where it was appealed against, and when the time is over."""
    if application.state is not State.REJECTED or application.refused_at is None:
        return None
    return holds_until(application, terms) if may_be_appealed(application, at=now, terms=terms) else None


def certificate_of(application: Application | Row) -> CertificateRefOut | None:
    """What people see of the certificate an application ended in."""
    held = application.certificate
    if held is None:
        return None
    return CertificateRefOut(
        number=held.number,
        issued_at=held.issued_at,
        valid_until=held.valid_until,
        fault=held.fault.kind if held.fault else None,
        fault_title=STATUS_TITLES[Status(held.fault.kind)] if held.fault else None,
        fault_at=held.fault.at if held.fault else None,
    )


class HistoryRowOut(BaseModel):
    """One line of the history."""

    id: UUID
    number: str | None
    kind: Kind
    kind_title: str
    specialty_code: str
    specialty_title: str
    state: State
    status: str
    group: Group
    started_at: datetime
    submitted_at: datetime | None
    ended_at: datetime | None
    certificate: CertificateRefOut | None

    @classmethod
    def of(cls, row: Row, rules: Rules) -> Self:
        """From a row."""
        return cls(
            id=row.id,
            number=row.number,
            kind=row.kind,
            kind_title=rules.titles.kinds[row.kind],
            specialty_code=row.specialty_code,
            specialty_title=rules.titles.specialties[row.specialty_code],
            state=row.state,
            status=WORDS[row.state],
            group=GROUPS[row.state],
            started_at=row.created_at,
            submitted_at=row.submitted_at,
            ended_at=row.ended_at,
            certificate=certificate_of(row),
        )


class QueueRowOut(BaseModel):
    """One line of a work queue; nothing personal."""

    application_id: UUID
    number: str | None
    kind: Kind
    specialty_code: str
    specialty_title: str
    submitted_at: datetime | None
    due_at: datetime | None
    is_claimed: bool

    @classmethod
    def of(cls, row: Row, due_at: datetime | None, rules: Rules) -> Self:
        """From a row."""
        return cls(
            application_id=row.id,
            number=row.number,
            kind=row.kind,
            specialty_code=row.specialty_code,
            specialty_title=rules.titles.specialties[row.specialty_code],
            submitted_at=row.submitted_at,
            due_at=due_at,
            is_claimed=row.claimed_by is not None,
        )


class ReviewRowOut(QueueRowOut):
    """One line of what is examined, as registrars see it."""

    reviewer_id: UUID | None

    @classmethod
    def of(cls, row: Row, due_at: datetime | None, rules: Rules) -> Self:
        """From a row."""
        return cls(**QueueRowOut.of(row, due_at, rules).model_dump(), reviewer_id=row.claimed_by)


class CandidateOut(BaseModel):
    """A reviewer who may be given an application: how much they hold, when they were last given something, how they left it before."""

    reviewer_id: UUID
    held: int
    given_at: datetime | None
    left: Left | None


class CandidatesOut(BaseModel):
    """Everybody who may be given it, whom the system would choose first, who gave it back last."""

    items: list[CandidateOut]

    @classmethod
    def of(cls, loads: Iterable[Load]) -> Self:
        """From the domain."""
        return cls(items=[CandidateOut(reviewer_id=one.member.id, held=one.held, given_at=one.given_at, left=one.left) for one in loads])
