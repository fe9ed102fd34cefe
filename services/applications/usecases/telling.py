"""What others hear of an application: one event for each move the table tells of."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from contracts.applications import (
    ApplicationApproved,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ApprovalRecommended,
    CertificateIssued,
    InformationProvided,
    InformationRequested,
    ProfileChangeProposed,
    Reason,
    ReviewBegun,
    ReviewClaimed,
    ReviewReleased,
    TermReached,
)
from contracts.base import Event
from services.applications.domain import review
from services.applications.domain.application import Application, Desk, Remark
from services.applications.domain.check import described
from services.applications.domain.rules import Rules
from services.applications.domain.states import Move
from services.applications.domain.timers import Timer

News = Callable[[Application, Application, Rules], Event]
"""From an application after its move and before it, and the rules it is judged by."""


def news(moved: Application, rules: Rules, *, read: Application) -> Event:
    """The event of the last move of what was read. KeyError for moves that are told with something else than the application."""
    return _NEWS[moved.history[-1].move](moved, read, rules)


def reached(application_id: UUID, timer: Timer) -> Event:
    """What a timer says when its moment comes."""
    return TermReached(occurred_at=timer.at, application_id=application_id, term=timer.term.value, moment=timer.moment, due_at=timer.due_at)


def about(application: Application) -> dict[str, Any]:
    """What every event of an application says."""
    return {
        "occurred_at": application.updated_at,
        "version": application.version,
        "application_id": application.id,
        "applicant_id": application.applicant_id,
        "number": application.public_number,
    }


def reasons_of(remarks: tuple[Remark, ...], rules: Rules) -> tuple[Reason, ...]:
    """Remarks with the table's words and without people's, as events carry them."""
    return tuple(
        Reason(
            code=remark.code,
            pointer=remark.pointer,
            text=described(remark.code, remark.pointer, rules),
            advice=rules.reason(remark.code).advice,
        )
        for remark in remarks
    )


def _submitted(moved: Application, _: Application, __: Rules) -> Event:
    return ApplicationSubmitted(
        **about(moved),
        kind=moved.kind.value,
        specialty_code=moved.specialty_code,
        document_ids=moved.document_ids,
        snapshot_sha256=moved.snapshot_sha256 or "",
        due_at=moved.check_due_at or moved.updated_at,
    )


def _begun(moved: Application, _: Application, __: Rules) -> Event:
    return ReviewBegun(**about(moved), specialty_code=moved.specialty_code, due_at=moved.review_due_at or moved.updated_at)


def _asked(moved: Application, _: Application, rules: Rules) -> Event:
    request = moved.requests[-1]
    return InformationRequested(
        **about(moved),
        requested_by=request.requested_by,
        remarks=reasons_of(request.remarks, rules),
        unlocked_document_ids=moved.unlocked_document_ids(),
        due_at=request.due_at,
    )


def _provided(moved: Application, _: Application, __: Rules) -> Event:
    return InformationProvided(**about(moved), reviewer_id=moved.requests[-1].reviewer_id, document_ids=moved.document_ids)


def _proposed(moved: Application, _: Application, __: Rules) -> Event:
    newest = moved.proposals[-1]
    holder = moved.claim.reviewer_id if moved.claim else None
    return ProfileChangeProposed(
        **about(moved), profile_version=newest.profile_version, pointers=tuple(sorted(newest.values)), reviewer_id=holder
    )


def _claimed(moved: Application, read: Application, _: Rules) -> Event:
    is_assigned = moved.history[-1].move is Move.ASSIGN
    before = read.claim.reviewer_id if read.claim else None
    return ReviewClaimed(
        **about(moved), reviewer_id=_holder(moved), document_ids=moved.document_ids, is_assigned=is_assigned, former_reviewer_id=before
    )


def _released(moved: Application, read: Application, _: Rules) -> Event:
    return ReviewReleased(**about(moved), reviewer_id=_holder(read), is_lapsed=review.is_lapsed(moved))


def _recommended(moved: Application, read: Application, rules: Rules) -> Event:
    """A first opinion against sends the application on to a second reviewer: for others it is only free again."""
    if moved.desk is Desk.SECOND_REVIEWER:
        return _released(moved, read, rules)
    return ApprovalRecommended(
        **about(moved),
        reviewer_id=moved.recommendations[-1].reviewer_id,
        document_ids=moved.document_ids,
        due_at=moved.approval_due_at or moved.updated_at,
    )


def _approved(moved: Application, _: Application, __: Rules) -> Event:
    registrar_id = moved.history[-1].by.id
    if registrar_id is None:  # the table lets nobody but a registrar approve
        raise ValueError(f"application {moved.id} was approved by nobody")
    return ApplicationApproved(**about(moved), registrar_id=registrar_id)


def _rejected(moved: Application, _: Application, rules: Rules) -> Event:
    return ApplicationRejected(
        **about(moved), reasons=reasons_of(moved.reasons, rules), may_resubmit=rules.may_resubmit(one.code for one in moved.reasons)
    )


def _certified(moved: Application, _: Application, __: Rules) -> Event:
    certificate = moved.certificate
    if certificate is None:
        raise ValueError(f"application {moved.id} has no certificate")
    return CertificateIssued(
        **about(moved), certificate_id=certificate.id, certificate_number=certificate.number, valid_until=certificate.valid_until
    )


def _withdrawn(moved: Application, read: Application, _: Rules) -> Event:
    return ApplicationWithdrawn(**about(moved), reviewer_id=read.claim.reviewer_id if read.claim else None)


def _holder(application: Application) -> UUID:
    if application.claim is None:
        raise ValueError(f"nobody holds application {application.id}")
    return application.claim.reviewer_id


_NEWS: Mapping[Move, News] = MappingProxyType(
    {
        Move.SUBMIT: _submitted,
        Move.BEGIN_REVIEW: _begun,
        Move.REQUEST_BY_CHECK: _asked,
        Move.REFUSE_BY_CHECK: _rejected,
        Move.CLAIM: _claimed,
        Move.ASSIGN: _claimed,
        Move.RELEASE: _released,
        Move.REQUEST_BY_REVIEWER: _asked,
        Move.ANSWER_CHECK: _provided,
        Move.ANSWER_REVIEWER: _provided,
        Move.PROPOSE: _proposed,
        Move.RECOMMEND: _recommended,
        Move.CONFIRM_REFUSAL: _rejected,
        Move.APPROVE: _approved,
        Move.REJECT: _rejected,
        Move.CERTIFY: _certified,
        Move.WITHDRAW: _withdrawn,
    }
)
