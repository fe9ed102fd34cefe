"""The checklist: what the reviewer who holds an application looked at, and found."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis.errors import FieldError
from services.applications.domain.application import Application, Checklist, ChecklistAnswer
from services.applications.domain.errors.review import ChecklistIncomplete, UnknownChecklistItem
from services.applications.domain.review import held_open_for_review
from services.applications.domain.rules import ChecklistItem
from services.applications.domain.states import Move
from services.applications.domain.terms import Terms


def answer(
    application: Application,
    reviewer_id: UUID,
    answers: tuple[ChecklistAnswer, ...],
    items: Sequence[ChecklistItem],
    *,
    at: datetime,
    terms: Terms,
) -> Application:
    """The application with these answers of its holder instead of earlier ones. It is an act: the claim begins anew.

    Raises `UnknownChecklistItem`, `NotClaimed`, `AlreadyRecommended`, `IllegalMove`.
    """
    claim = held_open_for_review(application, reviewer_id, Move.RECOMMEND)
    _known(answers, items)
    given = Checklist(reviewer_id, answers, at, application.round)
    others = tuple(one for one in application.checklists if (one.reviewer_id, one.round) != (reviewer_id, application.round))
    renewed = replace(claim, due_at=terms.claim_due(at))
    return replace(application, version=application.version + 1, updated_at=at, claim=renewed, checklists=(*others, given))


def answers_of(application: Application, reviewer_id: UUID, round_: int) -> tuple[ChecklistAnswer, ...]:
    """What the reviewer answered in that round."""
    return next((one.answers for one in application.checklists if (one.reviewer_id, one.round) == (reviewer_id, round_)), ())


def permits_approval(application: Application, reviewer_id: UUID, items: Iterable[ChecklistItem]) -> None:
    """Raises `ChecklistIncomplete` that names every required row the reviewer did not answer, or answered with no."""
    found = {one.code: one.result for one in answers_of(application, reviewer_id, application.round)}
    wrong = [_missing(item, found.get(item.code)) for item in items if item.is_required and found.get(item.code) in {None, "no"}]
    if wrong:
        raise ChecklistIncomplete("Чтобы предложить одобрение, ответьте на обязательные пункты проверки.", errors=wrong)


def _missing(item: ChecklistItem, result: str | None) -> FieldError:
    if result is None:
        return FieldError(f"/checklist/{item.code}", "not-answered", f"Пункт «{item.title}» не проверен.")
    return FieldError(f"/checklist/{item.code}", "answered-no", f"По пункту «{item.title}» ответ «нет»: предложите отказ или уточнение.")


def _known(answers: Sequence[ChecklistAnswer], items: Iterable[ChecklistItem]) -> None:
    codes, seen, errors = {item.code for item in items}, set[str](), list[FieldError]()
    for place, one in enumerate(answers):
        if one.code not in codes:
            errors.append(FieldError(f"/answers/{place}/code", "unknown-item", "Выберите пункт из проверки этого вида заявлений."))
        elif one.code in seen:
            errors.append(FieldError(f"/answers/{place}/code", "repeated-item", "На каждый пункт отвечают один раз."))
        if one.result != "yes" and not one.comment:
            errors.append(FieldError(f"/answers/{place}/comment", "comment-missing", "Поясните, почему не «да»."))
        seen.add(one.code)
    if errors:
        raise UnknownChecklistItem("Ответы не подходят к проверке этого заявления.", errors=errors)
