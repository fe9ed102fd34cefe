"""What the check finds of an application while people judge it, and what that keeps everybody from."""

from collections.abc import Container, Iterable
from dataclasses import replace

from chassis.errors import FieldError
from services.applications.domain.application import Application
from services.applications.domain.check import CheckInput, Finding, check
from services.applications.domain.drafting import replaced_files
from services.applications.domain.errors.drafting import CheckNotClean
from services.applications.domain.form import changes
from services.applications.domain.proposals import as_proposed
from services.applications.domain.reasons import Code
from services.applications.domain.states import State

_JUDGED = frozenset({State.UNDER_REVIEW, State.INFORMATION_REQUESTED})


def present(given: CheckInput) -> tuple[Finding, ...] | None:
    """What the check finds now, in what was handed in and in what the profile says since; None for what nobody judges any more.

    What people are to weigh themselves does not block.
    """
    application = given.application
    if application.state not in _JUDGED:
        return None
    found, proposed = (check(replace(given, application=one)) for one in (application, replace(application, form=as_proposed(application))))
    known, left = ({(one.code, one.pointer) for one in findings} for findings in (found, proposed))
    brought = (one for one in proposed if (one.code, one.pointer) not in known)
    return tuple(replace(one, is_blocking=False) if _is_weighed(application, one, left) else one for one in (*found, *brought))


def _is_weighed(application: Application, finding: Finding, left: Container[tuple[str, str]]) -> bool:
    """Whether people are to weigh it: it is not `left` by a profile that became another since, or an appeal found it unfounded."""
    unfounded = {(reason.code, reason.pointer) for refusal in application.refusals for reason in refusal.reasons}
    is_unfounded = not finding.is_curable and (finding.code, finding.pointer) in unfounded
    return is_unfounded or (finding.code, finding.pointer) not in left


def permits_recommendation(given: CheckInput) -> None:
    """Raises `CheckNotClean` with every finding that is in the way of a reviewer's approval."""
    _permits(given, "Рекомендовать утверждение нельзя: проверка нашла препятствия. Запросите уточнение или рекомендуйте отказ.")


def permits_approval(given: CheckInput) -> None:
    """Raises `CheckNotClean` with every finding that is in the way of a registrar's approval."""
    _permits(given, "Утвердить нельзя: проверка нашла препятствия. Если они не пройдут сами, откажите и назовите причины.")


def _permits(given: CheckInput, detail: str) -> None:
    """A file without a verdict is in the way too: nobody has yet seen whether it is what it should be."""
    found = [one for one in present(given) or () if one.is_blocking or one.code is Code.DOCUMENT_PENDING]
    if found:
        raise CheckNotClean(detail, errors=_named(found, ""))


def permits_answer(asked: CheckInput, answered: CheckInput) -> None:
    """An answer to a reviewer may leave what was wrong before, but what it says has to be right.

    Raises `CheckNotClean` with every finding at a place it changes, and every one that was not there before.
    """
    before, after = asked.application, answered.application
    if after.state is not State.UNDER_REVIEW:
        return  # the automatic stage looks at it at once
    places = {*changes(before.form, after.form)}
    places |= {f"/documents/{now.document_type}" for _, now in replaced_files(before.requests[-1].documents, after.documents)}
    known = {(one.code, one.pointer) for one in check(asked)}
    found = [one for one in check(answered) if one.is_blocking and (one.pointer in places or (one.code, one.pointer) not in known)]
    if found:
        raise CheckNotClean("Ответ содержит ошибки. Исправьте отмеченное и отправьте его ещё раз.", errors=_named(found, "/changes"))


def _named(findings: Iterable[Finding], parent: str) -> list[FieldError]:
    return [FieldError(f"{parent}{one.pointer}", one.code, one.detail) for one in findings]
