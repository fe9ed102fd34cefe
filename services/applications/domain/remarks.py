"""What experts may say of an application: reasons of the table, at places of it that the reason's row allows."""

from collections.abc import Collection, Iterable

from chassis.errors import FieldError
from contracts.documents import DocumentType
from services.applications.domain.application import Application, Remark
from services.applications.domain.check import Finding
from services.applications.domain.errors.review import ReasonNotCurable, UnknownReason
from services.applications.domain.form import DOCUMENTS, is_pointer
from services.applications.domain.reasons import Code
from services.applications.domain.rules import Rules

_ALWAYS = DocumentType.SUPPORTING
"""Whatever else proves something: anybody may be asked for it."""


def valid_remarks(
    remarks: Iterable[Remark], application: Application, rules: Rules, *, member: str, found: Iterable[Finding] = ()
) -> tuple[Remark, ...]:
    """The remarks of a person. `member` is where they stand in the body; what the check found may be said of it, also what it alone states.

    Raises `UnknownReason` naming each wrong code or place, and each remark that was made already.
    """
    given, said = tuple(remarks), {(one.code, one.pointer) for one in found if one.is_blocking}
    errors = [error for place, one in enumerate(given) if (error := _fault(one, application, rules, f"/{member}/{place}", said))]
    errors += [
        FieldError(f"/{member}/{place}", "repeated-remark", "Такое замечание уже есть: напишите всё об этом месте в одном.")
        for place, one in enumerate(given)
        if any(_is_same(one, other) for other in given[:place])
    ]
    if errors:
        raise UnknownReason("Замечания указывают на неизвестную причину или место, или повторяются.", errors=errors)
    return given


def curable_remarks(remarks: Iterable[Remark], application: Application, rules: Rules, *, member: str) -> tuple[Remark, ...]:
    """Remarks that the applicant is to answer. Raises `UnknownReason`, and `ReasonNotCurable` naming each that no answer cures."""
    given = valid_remarks(remarks, application, rules, member=member)
    advice = "Эту причину заявитель исправить не может: с ней предлагают отказ."
    errors = [
        FieldError(f"/{member}/{place}/code", "reason-not-curable", advice)
        for place, one in enumerate(given)
        if not rules.reason(one.code).is_curable
    ]
    if errors:
        raise ReasonNotCurable("Уточнение запрашивают только о том, что заявитель может исправить.", errors=errors)
    return given


def _is_same(one: Remark, other: Remark) -> bool:
    return (one.code, one.pointer) == (other.code, other.pointer)


def _fault(remark: Remark, application: Application, rules: Rules, pointer: str, said: Collection[tuple[str, str]]) -> FieldError | None:
    if (remark.code, remark.pointer) in said:
        return None
    if remark.code not in set(Code) or rules.reason(remark.code).is_automatic:
        return FieldError(f"{pointer}/code", "unknown-reason", "Выберите причину из таблицы.")
    if not _is_place(remark.pointer, application, rules) or not rules.reason(remark.code).may_point_at(remark.pointer):
        return FieldError(f"{pointer}/pointer", "unknown-place", "Укажите поле или документ заявления, к которому относится причина.")
    return None


def _is_place(pointer: str, application: Application, rules: Rules) -> bool:
    """Whether the application has, or is to have, something there."""
    if not pointer.startswith(f"{DOCUMENTS}/"):
        return is_pointer(pointer)
    required = rules.required_documents(application.kind, application.specialty_code)
    return pointer.removeprefix(f"{DOCUMENTS}/") in {*application.form.documents, *required, _ALWAYS}
