"""Filing, claiming, deciding and taking back: each moves the appeal and the application it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import FieldError
from contracts.roles import Role
from services.applications.domain.appeals.appeal import Appeal, Grounds
from services.applications.domain.appeals.states import AppealMove, AppealState, Outcome
from services.applications.domain.application import SYSTEM, Actor, AppealReference, Application, Claim, FrozenDocument, Refusal, Remark
from services.applications.domain.drafting import frozen_file
from services.applications.domain.errors.appeals import (
    AppealExists,
    AppealNotFound,
    AppealTooLate,
    AttachmentUnknown,
    NothingRefused,
    PointNotInRefusal,
    RefusalDateWrong,
)
from services.applications.domain.errors.review import AlreadyClaimed, ConflictOfInterest, NotClaimed
from services.applications.domain.facts import OwnedDocument, StaffMember, Verdict
from services.applications.domain.independence import is_close, may_hold, may_judge
from services.applications.domain.states import Move, State
from services.applications.domain.terms import Terms

ATTACHMENT = "appeal-attachment"


@dataclass(frozen=True, slots=True)
class Case:
    """An appeal and its application, which change together."""

    appeal: Appeal
    application: Application

    @property
    def document_ids(self) -> tuple[UUID, ...]:
        """Everything its judge may read."""
        return tuple(dict.fromkeys((*self.application.document_ids, *self.appeal.attachment_ids)))


def check_may_file(
    application: Application, grounds: Grounds, known: Mapping[UUID, OwnedDocument], *, at: datetime, terms: Terms
) -> datetime:
    """When it was refused what may be appealed against.

    Raises `NothingRefused`, `AppealExists`, `RefusalDateWrong`, `AppealTooLate`, `PointNotInRefusal`, `AttachmentUnknown`.
    """
    refused_at = _refused_at(application)
    if terms.local_date(refused_at) != grounds.refused_on:
        wrong = FieldError("/refused_on", "refusal-date-wrong", "В этот день по заявлению не отказывали.")
        raise RefusalDateWrong("Укажите день, в который отказали по заявлению.", errors=[wrong])
    if at > (until := terms.appeal_until(refused_at)):
        day = f"{terms.local_date(until):%d.%m.%Y}"
        raise AppealTooLate(f"Срок для жалобы истёк {day}. Если другого заявления по этой специальности у вас нет, можно подать новое.")
    _only_given(application, grounds.points)
    _attached(application, grounds, known)
    return refused_at


def file(
    application: Application,
    grounds: Grounds,
    known: Mapping[UUID, OwnedDocument],
    *,
    appeal_id: UUID,
    number: str,
    by: Actor,
    at: datetime,
    terms: Terms,
) -> Case:
    """The registered appeal and the appealed application. Raises what `check_may_file` does."""
    refused_at = check_may_file(application, grounds, known, at=at, terms=terms)
    appeal = Appeal(
        id=appeal_id,
        version=1,
        number=number,
        application_id=application.id,
        application_number=application.public_number,
        applicant_id=application.applicant_id,
        kind=application.kind,
        specialty_code=application.specialty_code,
        state=AppealState.REGISTERED,
        refused_at=refused_at,
        filed_at=at,
        filed_by=by,
        due_at=terms.appeal_due(at),
        refusal=application.reasons,
        points=grounds.points,
        statement=grounds.statement,
        attachments=_attached(application, grounds, known),
        barred_ids=tuple(sorted(application.spoken_by)),
    )
    return Case(appeal, application.moved(Move.APPEAL, by=by, at=at, appeal=AppealReference(appeal_id, number, at)))


def _refused_at(application: Application) -> datetime:
    """When it was refused. Raises `NothingRefused`, `AppealExists`."""
    refused_at, known = application.refused_at, application.appeal
    if refused_at is None or application.state not in {State.REJECTED, State.APPEALED}:
        raise NothingRefused("Пожаловаться можно на отказ, который действует. Сейчас по заявлению отказа нет.")
    if known is not None and application.is_appealed:
        raise AppealExists(f"На этот отказ уже подана жалоба {known.number}.", appeal_id=str(known.id), number=known.number)
    return refused_at


def _only_given(application: Application, points: tuple[Remark, ...]) -> None:
    given = {(reason.code, reason.pointer) for reason in application.reasons}
    text = "Такой причины в отказе нет."
    wrong = [
        FieldError(f"/points/{place}", "point-not-in-refusal", text)
        for place, point in enumerate(points)
        if (point.code, point.pointer) not in given
    ]
    named = [(point.code, point.pointer) for point in points]
    wrong += [
        FieldError(f"/points/{place}", "repeated-point", "Эта причина уже оспорена: напишите всё о ней в одном пункте.")
        for place, point in enumerate(named)
        if point in named[:place]
    ]
    if wrong:
        raise PointNotInRefusal("Оспорить можно только причины, названные в отказе, каждую один раз.", errors=wrong)


def _attached(application: Application, grounds: Grounds, known: Mapping[UUID, OwnedDocument]) -> tuple[FrozenDocument, ...]:
    refused = {Verdict.REJECTED, Verdict.REMOVED}

    def is_usable(document: OwnedDocument | None) -> bool:
        if document is None or document.owner_id != application.applicant_id:
            return False
        return document.document_type == ATTACHMENT and document.verdict not in refused

    wrong = [
        FieldError(f"/attachment_ids/{place}", "attachment-unknown", "Приложение ещё не получено, не принято или оно не ваше.")
        for place, key in enumerate(grounds.attachment_ids)
        if not is_usable(known.get(key))
    ]
    if wrong:
        detail = "Загрузите файл как приложение к жалобе. Если он только что загружен, повторите через несколько секунд."
        raise AttachmentUnknown(detail, errors=wrong)
    return tuple(frozen_file(ATTACHMENT, key, known.get(key)) for key in dict.fromkeys(grounds.attachment_ids))


def claim(case: Case, reviewer: StaffMember, *, at: datetime, terms: Terms) -> Case:
    """In a reviewer's hands; claiming what one holds changes nothing.

    Raises `AppealNotFound` for a foreign specialty, `ConflictOfInterest`, `AlreadyClaimed`, `IllegalMove`.
    """
    appeal = case.appeal
    _check_may_judge(case, reviewer)
    if appeal.claim is not None:
        if appeal.claim.reviewer_id == reviewer.id:
            return case
        raise AlreadyClaimed("Жалобу уже взял другой эксперт.")
    held = Claim(reviewer.id, at, terms.claim_due(at))
    return _noted(case, appeal.moved(AppealMove.CLAIM, by=_reviewer(reviewer.id), at=at, claim=held))


def judges(case: Case, staff: Iterable[StaffMember]) -> tuple[UUID, ...]:
    """Whoever may take it, in the order of ids."""
    return tuple(sorted(one.id for one in staff if may_judge(case.application, one) and one.id not in case.appeal.barred_ids))


def _check_may_judge(case: Case, reviewer: StaffMember) -> None:
    if not may_hold(case.application, reviewer):
        raise AppealNotFound("Такой жалобы нет.")
    if reviewer.id in case.appeal.barred_ids or is_close(case.application, reviewer):
        raise ConflictOfInterest("Жалобу рассматривает тот, кто не высказывался о заявлении и не работает с заявителем.")


def release(case: Case, reviewer_id: UUID, *, at: datetime) -> Case:
    """Back in the queue by the reviewer's wish. Raises `NotClaimed`, `IllegalMove`."""
    _held_by(case.appeal, reviewer_id)
    return _noted(case, case.appeal.moved(AppealMove.RELEASE, by=_reviewer(reviewer_id), at=at, claim=None))


def lapse(case: Case, *, at: datetime) -> Case:
    """Back in the queue because its holder kept silent. Raises `IllegalMove`."""
    why = "Эксперт не действовал в течение срока."
    return _noted(case, case.appeal.moved(AppealMove.RELEASE, by=SYSTEM, at=at, why=why, claim=None))


def decide(case: Case, reviewer: StaffMember, outcome: Outcome, text: str, *, at: datetime, terms: Terms) -> Case:
    """The refusal stays or falls; one that falls begins another round with a term of its own.

    Raises `NotClaimed`, `AppealNotFound` and `ConflictOfInterest` for who may judge it no more, `IllegalMove`.
    """
    _held_by(case.appeal, reviewer.id)
    _check_may_judge(case, reviewer)
    by = _reviewer(reviewer.id)
    move = AppealMove.OVERTURN if outcome is Outcome.OVERTURNED else AppealMove.UPHOLD
    decided = case.appeal.moved(move, by=by, at=at, why=text, claim=None, decision=text)
    application = case.application
    if outcome is not Outcome.OVERTURNED:
        return Case(decided, application.moved(Move.UPHOLD, by=by, at=at, why=text))
    reopened = application.moved(
        Move.OVERTURN,
        by=by,
        at=at,
        why=text,
        claim=None,
        reasons=(),
        refusals=(*application.refusals, Refusal(decided.refused_at, application.reasons)),
        review_due_at=terms.review_due(at),
        approval_due_at=None,
    )
    return Case(decided, reopened)


def withdraw(case: Case, *, at: datetime) -> Case:
    """Taken back by the applicant: the refusal stays. Raises `IllegalMove`."""
    by = Actor(case.appeal.applicant_id, Role.PRACTITIONER)
    withdrawn = case.appeal.moved(AppealMove.WITHDRAW, by=by, at=at, claim=None)
    return Case(withdrawn, case.application.moved(Move.UPHOLD, by=by, at=at, why="Жалоба отозвана."))


def outcome_of(appeal: Appeal) -> Outcome:
    """How it ended. Raises `ValueError` for one that runs."""
    return Outcome(appeal.state.value)


def _noted(case: Case, appeal: Appeal) -> Case:
    """The application gets another version though it stands where it stood: what is told of the appeal is ordered by it."""
    return Case(appeal, replace(case.application, version=case.application.version + 1))


def _reviewer(reviewer_id: UUID) -> Actor:
    return Actor(reviewer_id, Role.REVIEWER)


def _held_by(appeal: Appeal, reviewer_id: UUID) -> None:
    if appeal.claim is None or appeal.claim.reviewer_id != reviewer_id:
        raise NotClaimed("Сначала возьмите жалобу в работу.")
