"""The checklist: what the reviewer who holds an application looked at, and found."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis.errors import FieldError
from services.applications.domain.application import Application, Checklist, ChecklistAnswer, ChecklistResult
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
    given = Checklist(reviewer_id, answers, at, application.round, application.revision)
    others = tuple(one for one in application.checklists if (one.reviewer_id, one.round) != (reviewer_id, application.round))
    renewed = replace(claim, due_at=terms.claim_due(at))
    return replace(application, version=application.version + 1, updated_at=at, claim=renewed, checklists=(*others, given))


def given_by(application: Application, reviewer_id: UUID) -> Checklist | None:
    """What the reviewer answered last in the present round."""
    own = (reviewer_id, application.round)
    return next((one for one in application.checklists if (one.reviewer_id, one.round) == own), None)


def is_outdated(given: Checklist | None, application: Application) -> bool:
    """Whether the answers are about what was judged before it became another."""
    return given is not None and given.revision != application.revision


def permits_approval(application: Application, reviewer_id: UUID, items: Iterable[ChecklistItem]) -> None:
    """Raises `ChecklistIncomplete` that names every required row the reviewer did not find in order as it stands now."""
    given = given_by(application, reviewer_id)
    found = {one.code: one.result for one in given.answers} if given else {}
    required = [item for item in items if item.is_required]
    wrong = [_fault(item, found.get(item.code), is_old=is_outdated(given, application)) for item in required]
    if any(wrong):
        errors = [one for one in wrong if one]
        raise ChecklistIncomplete("Чтобы предложить одобрение, ответьте на обязательные пункты проверки.", errors=errors)


def _fault(item: ChecklistItem, result: ChecklistResult | None, *, is_old: bool) -> FieldError | None:
    pointer, row = f"/checklist/{item.code}", f"Пункт «{item.title}»"
    if result is None:
        return FieldError(pointer, "not-answered", f"{row} не проверен.")
    if is_old:
        return FieldError(pointer, "answered-before-change", f"{row} проверен до изменений в заявлении или профиле: проверьте его ещё раз.")
    if result == "no":
        return FieldError(pointer, "answered-no", f"{row}: ответ «нет». Предложите отказ или уточнение.")
    return _inapplicable(item, result, pointer)


def _inapplicable(item: ChecklistItem, result: ChecklistResult, pointer: str) -> FieldError | None:
    if result != "not-applicable" or item.may_be_inapplicable:
        return None
    return FieldError(pointer, "always-applicable", f"Пункт «{item.title}» относится к каждому заявлению: ответьте «да» или «нет».")


def _known(answers: Sequence[ChecklistAnswer], items: Iterable[ChecklistItem]) -> None:
    known, seen, errors = {item.code: item for item in items}, set[str](), list[FieldError]()
    for place, one in enumerate(answers):
        if one.code not in known:
            errors.append(FieldError(f"/answers/{place}/code", "unknown-item", "Выберите пункт из проверки этого вида заявлений."))
        elif one.code in seen:
            errors.append(FieldError(f"/answers/{place}/code", "repeated-item", "На каждый пункт отвечают один раз."))
        elif wrong := _inapplicable(known[one.code], one.result, f"/answers/{place}/result"):
            errors.append(wrong)
        if one.result != "yes" and not one.comment:
            errors.append(FieldError(f"/answers/{place}/comment", "comment-missing", "Поясните, почему не «да»."))
        seen.add(one.code)
    if errors:
        raise UnknownChecklistItem("Ответы не подходят к проверке этого заявления.", errors=errors)
