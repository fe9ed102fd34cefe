"""The experts' moves: claim, release, ask for more, recommend; and the registrar's decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.errors import FieldError
from contracts.roles import Role
from services.applications.domain.application import (
    SYSTEM,
    Actor,
    Application,
    Claim,
    Decision,
    Desk,
    Recommendation,
    Remark,
    Request,
)
from services.applications.domain.drafting import freeze, replaced_files
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.errors.review import (
    AlreadyClaimed,
    AlreadyRecommended,
    ConflictOfInterest,
    NoRecommendation,
    NotARegistrar,
    NotClaimed,
    ReasonsMissing,
    ReasonsWithApproval,
)
from services.applications.domain.facts import OwnedDocument, StaffMember
from services.applications.domain.form import changes
from services.applications.domain.independence import is_close, may_decide, may_hold
from services.applications.domain.states import Move, State, after
from services.applications.domain.terms import Terms

_LAPSED = "Эксперт не действовал в течение срока."


def _reviewer(reviewer_id: UUID) -> Actor:
    return Actor(reviewer_id, Role.REVIEWER)


def _registrar(registrar_id: UUID) -> Actor:
    return Actor(registrar_id, Role.REGISTRAR)


def in_review(application: Application, move: Move) -> None:
    """Raises `IllegalMove`, and `AlreadyRecommended` once it is no reviewer's turn."""
    after(application.state, move)
    if application.desk not in {Desk.REVIEWER, Desk.SECOND_REVIEWER}:
        raise AlreadyRecommended("Эксперты уже высказались: заявление у регистратора.")


def claim(application: Application, reviewer: StaffMember, *, at: datetime, terms: Terms) -> Application:
    """The application in a reviewer's hands; claiming what one holds changes nothing.

    Raises `AlreadyClaimed`, `AlreadyRecommended`, `ConflictOfInterest`, `IllegalMove`, and `ApplicationNotFound` for a foreign specialty
    or somebody who reviews nothing.
    """
    if not may_hold(application, reviewer):
        raise ApplicationNotFound("Такого заявления нет.")
    in_review(application, Move.CLAIM)
    if is_close(application, reviewer):
        raise ConflictOfInterest("Рассматривать заявление коллеги, своё или уже рассмотренное вами нельзя.")
    if application.claim and application.claim.reviewer_id == reviewer.id:
        return application
    if application.claim:
        raise AlreadyClaimed("Заявление уже взял другой эксперт.")
    held = Claim(reviewer.id, at, terms.claim_due(at))
    return application.moved(Move.CLAIM, by=_reviewer(reviewer.id), at=at, claim=held)


def held_open_for_review(application: Application, reviewer_id: UUID, move: Move) -> Claim:
    """The reviewer's claim on an application in which the move may be made. Raises `NotClaimed`, `AlreadyRecommended`, `IllegalMove`."""
    in_review(application, move)
    return held_by(application, reviewer_id)


def held_by(application: Application, reviewer_id: UUID) -> Claim:
    """The reviewer's claim. Raises `NotClaimed`, and `AlreadyRecommended` for who gave an opinion and therefore cannot claim it."""
    if application.claim is not None and application.claim.reviewer_id == reviewer_id:
        return application.claim
    if reviewer_id in application.spoken_by:
        raise AlreadyRecommended("Вы уже высказались об этом заявлении: дальше с ним работают другие.")
    raise NotClaimed("Сначала возьмите заявление в работу.")


def is_known_to(application: Application, reviewer: StaffMember) -> bool:
    """Whether a reviewer who does not hold it knows of it: it stands in their queue, or they gave an opinion on it."""
    if not may_hold(application, reviewer):
        return False
    return reviewer.id in application.spoken_by or (application.is_queued and not is_close(application, reviewer))


def release(application: Application, reviewer_id: UUID, *, at: datetime) -> Application:
    """The application back in the queue by the reviewer's own wish. Raises `NotClaimed`, `AlreadyRecommended`, `IllegalMove`."""
    held_open_for_review(application, reviewer_id, Move.RELEASE)
    return _freed(application, _reviewer(reviewer_id), at, "")


def lapse(application: Application, *, at: datetime) -> Application:
    """The application back in the queue because its holder kept silent. Raises `IllegalMove`."""
    return _freed(application, SYSTEM, at, _LAPSED)


def is_lapsed(application: Application) -> bool:
    """Whether its last move freed it from a holder who kept silent: the record says why the system did."""
    last = application.history[-1]
    return (last.move, last.by, last.why) == (Move.RELEASE, SYSTEM, _LAPSED)


def leave(application: Application, *, at: datetime) -> Application:
    """The application back in the queue because its holder may judge it no more. Raises `IllegalMove`."""
    return _freed(application, SYSTEM, at, "Эксперт больше не может рассматривать это заявление.")


def _freed(application: Application, by: Actor, at: datetime, why: str) -> Application:
    holder = (application.claim.reviewer_id,) if application.claim else ()
    left_by = tuple(dict.fromkeys((*application.left_by, *holder)))
    return application.moved(Move.RELEASE, by=by, at=at, why=why, claim=None, left_by=left_by)


def request_information(
    application: Application,
    reviewer_id: UUID,
    remarks: tuple[Remark, ...],
    documents: Mapping[UUID, OwnedDocument],
    *,
    at: datetime,
    terms: Terms,
) -> Application:
    """The application back at the applicant with only the remarked places unlocked; the reviewer's clock stands still.

    Raises `NotClaimed`, `AlreadyRecommended`, `IllegalMove`.
    """
    held_open_for_review(application, reviewer_id, Move.REQUEST_BY_REVIEWER)
    due_at = application.review_due_at or at
    left = terms.working_days_between(at, due_at)
    frozen = freeze(application, documents)
    request = Request("reviewer", reviewer_id, remarks, at, terms.answer_due(at), left, application.form, frozen, is_late=due_at < at)
    by = _reviewer(reviewer_id)
    return application.moved(Move.REQUEST_BY_REVIEWER, by=by, at=at, requests=(*application.requests, request))


def recommend(
    application: Application,
    reviewer_id: UUID,
    decision: Decision,
    remarks: tuple[Remark, ...],
    comment: str,
    *,
    at: datetime,
    terms: Terms,
) -> Application:
    """The reviewer's opinion.

    For approval it goes to the registrar; the first opinion against goes to a second reviewer, whose agreement refuses the application.
    Raises `NotClaimed`, `AlreadyRecommended`, `ReasonsMissing`, `ReasonsWithApproval`, `IllegalMove`.
    """
    held_open_for_review(application, reviewer_id, Move.RECOMMEND)
    reasons_fit(decision, remarks)
    is_second = application.desk is Desk.SECOND_REVIEWER
    opinion = Recommendation(reviewer_id, decision, remarks, comment, at, application.round)
    by, opinions = _reviewer(reviewer_id), (*application.recommendations, opinion)
    if decision == "approve":
        due_at = terms.approval_due(at)
        return application.moved(Move.RECOMMEND, by=by, at=at, why=comment, recommendations=opinions, claim=None, approval_due_at=due_at)
    if not is_second:
        return application.moved(Move.RECOMMEND, by=by, at=at, why=comment, recommendations=opinions, claim=None)
    against = [one for one in (*application.opinions, opinion) if one.decision == "reject"]
    reasons = tuple(dict.fromkeys(remark for one in against for remark in one.remarks))
    return application.moved(Move.CONFIRM_REFUSAL, by=by, at=at, why=comment, recommendations=opinions, claim=None, reasons=reasons)


def reasons_fit(decision: Decision, remarks: tuple[Remark, ...]) -> None:
    """Lets pass a refusal with reasons and an approval without. Raises `ReasonsMissing`, `ReasonsWithApproval`."""
    if decision == "reject" and not remarks:
        missing = FieldError("/reasons", "reasons-missing", "Назовите хотя бы одну причину.")
        raise ReasonsMissing("Отказ должен назвать причины.", errors=[missing])
    if decision == "approve" and remarks:
        needless = FieldError("/reasons", "reasons-with-approval", "Уберите причины; что стоит сказать коллегам, напишите в комментарии.")
        raise ReasonsWithApproval("Причины называют при отказе. Одобряют без них.", errors=[needless])


def awaits_registrar(application: Application, move: Move) -> None:
    """Lets pass what waits for a registrar's decision. Raises `IllegalMove`, `NoRecommendation`."""
    after(application.state, move)
    if application.desk is not Desk.REGISTRAR:
        raise NoRecommendation("Сначала заявление рассматривают эксперты: дождитесь их заключения.")


def open_to_registrars(application: Application) -> None:
    """Lets pass what waits for a registrar's decision or got an approval. Raises `IllegalMove`, `NoRecommendation`."""
    if application.state not in {State.APPROVED, State.CERTIFIED}:
        awaits_registrar(application, Move.APPROVE)


def move_of(decision: Decision) -> Move:
    """What a registrar's decision does."""
    return Move.APPROVE if decision == "approve" else Move.REJECT


def decide(
    application: Application, registrar: StaffMember, decision: Decision, remarks: tuple[Remark, ...], comment: str, *, at: datetime
) -> Application:
    """The registrar's decision.

    Raises `NoRecommendation`, `ConflictOfInterest`, `NotARegistrar`, `ReasonsMissing`, `ReasonsWithApproval`, `IllegalMove`.
    """
    awaits_registrar(application, move_of(decision))
    if is_close(application, registrar):
        raise ConflictOfInterest("Решение принимает тот, кто не подавал заявление, не работает с заявителем и о заявлении не высказывался.")
    if not may_decide(application, registrar):
        raise NotARegistrar("Решение принимает регистратор. Если вы стали им только что, повторите через минуту.")
    reasons_fit(decision, remarks)
    return application.moved(move_of(decision), by=_registrar(registrar.id), at=at, why=comment, reasons=remarks)


@dataclass(frozen=True, slots=True)
class Change:
    """One value the applicant changed in answer to the last request."""

    pointer: str
    before: Any
    after: Any


def diff(application: Application, documents: Mapping[UUID, OwnedDocument]) -> tuple[Change, ...]:
    """What changed since the last answered request was made: values, named documents, and new files of the same documents."""
    if not application.requests or application.state is State.INFORMATION_REQUESTED:
        return ()
    request = application.requests[-1]
    values = tuple(Change(pointer, old, new) for pointer, (old, new) in changes(request.form, application.form).items())
    replaced = replaced_files(request.documents, freeze(application, documents))
    files = (Change(f"/documents/{now.document_type}/file_version", then.file_version, now.file_version) for then, now in replaced)
    return (*values, *files)
