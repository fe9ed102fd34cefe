"""The automatic stage: what its findings lead to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.applications.domain.application import SYSTEM, Application, CheckRecord, Remark, Request
from services.applications.domain.check import Finding, is_clean
from services.applications.domain.drafting import freeze
from services.applications.domain.facts import OwnedDocument, Verdict
from services.applications.domain.states import Move
from services.applications.domain.terms import Terms

_PASSED = "Документы приняты автоматической проверкой."
_ASKED = "Автоматическая проверка нашла то, что нужно исправить."
_REFUSED = "Автоматическая проверка нашла то, что исправить нельзя."


def must_wait(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing is wrong but a verdict on a file is still to come."""
    return bool(findings) and is_clean(findings)


def conclude(
    submitted: Application,
    findings: tuple[Finding, ...],
    documents: Mapping[UUID, OwnedDocument],
    *,
    check_id: UUID,
    at: datetime,
    terms: Terms,
) -> Application:
    """The application after a run that need not wait: under review, asked to correct, or refused. Raises `IllegalMove`."""
    blocking = tuple(finding for finding in findings if finding.is_blocking)
    remarks = tuple(Remark(finding.code, finding.pointer) for finding in blocking)
    codes = tuple(finding.code.value for finding in blocking)
    if not blocking:
        begun = submitted.moved(Move.BEGIN_REVIEW, by=SYSTEM, at=at, why=_PASSED, review_due_at=terms.review_due(at))
        return _recorded(begun, CheckRecord(check_id, at, "passed", codes))
    if all(finding.is_curable for finding in blocking):
        judged = freeze(submitted, documents)  # what newer files are told from; what was handed in stays as it is
        request = Request("automatic-check", None, remarks, at, terms.answer_due(at), 0, submitted.form, judged)
        asked = submitted.moved(Move.REQUEST_BY_CHECK, by=SYSTEM, at=at, why=_ASKED, requests=(*submitted.requests, request))
        return _recorded(asked, CheckRecord(check_id, at, "information-requested", codes))
    refused = submitted.moved(Move.REFUSE_BY_CHECK, by=SYSTEM, at=at, why=_REFUSED, reasons=remarks)
    return _recorded(refused, CheckRecord(check_id, at, "rejected", codes))


def is_answered_by_files(asked: Application) -> bool:
    """Whether the automatic stage asked for nothing but other files of documents the form names."""
    request = asked.open_request
    if request is None or request.requested_by != "automatic-check":
        return False
    named = {f"/documents/{document_type}" for document_type in asked.form.documents}
    return set(request.pointers) <= named


def unanswered_documents(asked: Application, documents: Mapping[UUID, OwnedDocument]) -> tuple[UUID, ...]:
    """Documents asked for that have no newer accepted file yet."""
    judged = {one.document_id: one.file_version for one in asked.requests[-1].documents}
    known = {key: documents.get(key) for key in asked.unlocked_document_ids()}
    return tuple(key for key, now in known.items() if not _is_replaced(now, judged.get(key, 0)))


def _is_replaced(now: OwnedDocument | None, judged_version: int) -> bool:
    return now is not None and now.verdict is Verdict.ACCEPTED and now.file_version > judged_version


def _recorded(application: Application, record: CheckRecord) -> Application:
    return replace(application, checks=(*application.checks, record))
