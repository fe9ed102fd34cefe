"""The automatic stage: what its findings lead to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.applications.domain.application import SYSTEM, Application, CheckRecord, Remark, Request
from services.applications.domain.check import Finding, is_clean
from services.applications.domain.drafting import freeze
from services.applications.domain.facts import OwnedDocument
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
        return _recorded(replace(begun, documents=freeze(begun, documents)), CheckRecord(check_id, at, "passed", codes))
    if all(finding.is_curable for finding in blocking):
        frozen = freeze(submitted, documents)
        request = Request("automatic-check", None, remarks, at, terms.answer_due(at), 0, submitted.form, frozen)
        asked = submitted.moved(Move.REQUEST_BY_CHECK, by=SYSTEM, at=at, why=_ASKED, requests=(*submitted.requests, request))
        return _recorded(asked, CheckRecord(check_id, at, "information-requested", codes))
    refused = submitted.moved(Move.REFUSE_BY_CHECK, by=SYSTEM, at=at, why=_REFUSED, reasons=remarks)
    return _recorded(refused, CheckRecord(check_id, at, "rejected", codes))


def _recorded(application: Application, record: CheckRecord) -> Application:
    return replace(application, checks=(*application.checks, record))
