"""The rules of stage 1: the applicant's check, the automatic stage and the confirmation all run exactly these."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.documents import DocumentType
from services.applications.domain import dates, identifiers, signs
from services.applications.domain.application import Application
from services.applications.domain.facts import OwnedDocument, Practitioner, Verdict
from services.applications.domain.form import IDENTIFIERS, TITLES, Form, experience_months
from services.applications.domain.reasons import Code
from services.applications.domain.rules import Rules
from services.applications.domain.states import State

_PROFESSIONAL_FACTS = ("licence", "workplace", "qualification", "diploma_number", "training_hours", "employments")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `is_blocking` is False for what only needs waiting."""

    code: Code
    pointer: str
    detail: str
    advice: str
    is_curable: bool
    """Whether the applicant may correct it without a refusal."""
    is_blocking: bool = True

    @property
    def block(self) -> str:
        """The block of the form it is about."""
        return self.pointer.split("/")[1]


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Everything the rules look at."""

    application: Application
    practitioner: Practitioner | None
    documents: Mapping[UUID, OwnedDocument]
    previous: Application | None
    today: date
    rules: Rules
    portal_confirmed_at: datetime | None = None
    """When the state portal confirmed the applicant by itself, if it did."""

    @property
    def form(self) -> Form:
        """The blocks."""
        return self.application.form

    @property
    def profile(self) -> Form | None:
        """What the registries confirmed last, where the form has it."""
        facts = self.practitioner.facts if self.practitioner else None
        return None if facts is None else Form(personal=facts, professional={name: facts.get(name) for name in _PROFESSIONAL_FACTS})

    def is_verified(self, pointer: str) -> bool:
        """Whether the form says what a verified profile says: the registries know better than check digits."""
        if self.practitioner is None or not self.practitioner.is_verified or self.profile is None:
            return False
        said, known = self.form.at(pointer), self.profile.at(pointer)
        is_record = isinstance(said, list | tuple)  # what nobody says in it is left out in the one and null in the other
        return bool(_comparable(pointer, said) == _comparable(pointer, known) if is_record else said == known)


def check(given: CheckInput) -> tuple[Finding, ...]:
    """Every finding at once, rule by rule. What is wrong by itself and can be put right is not called a mismatch as well."""
    rules: tuple[Callable[[CheckInput], Iterator[Finding]], ...] = (
        _profile,
        _required,
        _identifiers,
        _contacts,
        _professional,
        _dates,
        _agreement,
        _documents,
        _consent,
        _resubmission,
    )
    findings = [finding for rule in rules for finding in rule(given)]
    wrong = {one.pointer for one in findings if one.is_curable and one.code is not Code.PROFILE_MISMATCH}
    return tuple(one for one in findings if one.code is not Code.PROFILE_MISMATCH or one.pointer not in wrong)


def is_clean(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing blocks."""
    return not any(finding.is_blocking for finding in findings)


def _found(given: CheckInput, code: Code, pointer: str, detail: str = "", *, is_blocking: bool = True) -> Finding:
    rule = given.rules.reasons[code]
    return Finding(code, pointer, detail or described(code, pointer, given.rules), rule.advice, rule.is_curable, is_blocking)


def described(code: str, pointer: str, rules: Rules) -> str:
    """A reason as a sentence that names the field or document it points at, where that has a name."""
    text = rules.reason(code).text
    title = TITLES.get(pointer) or rules.titles.documents.get(pointer.rpartition("/")[2], "")
    return f"{title}: {text[0].lower()}{text[1:]}." if title else f"{text}."


_REQUIRED: dict[str, Code] = {
    "/personal/surname": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/given_name": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/birth_date": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/birth_place": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/passport_series": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/passport_number": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/passport_issued_on": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/passport_issued_by": Code.PERSONAL_DATA_INCOMPLETE,
    "/personal/snils": Code.IDENTIFIER_WRONG,
    "/personal/phone": Code.CONTACT_DATA_WRONG,
    "/personal/email": Code.CONTACT_DATA_WRONG,
    "/professional/qualification": Code.QUALIFICATION_INCOMPLETE,
    "/professional/specialty_code": Code.SPECIALTY_CODE_WRONG,
    "/professional/diploma_number": Code.QUALIFICATION_INCOMPLETE,
    "/professional/licence/series": Code.LICENCE_MISSING,
    "/professional/licence/number": Code.LICENCE_MISSING,
    "/professional/workplace/organisation": Code.CONTACT_DATA_WRONG,
    "/professional/workplace/ogrn": Code.IDENTIFIER_WRONG,
    "/professional/workplace/address": Code.CONTACT_DATA_WRONG,
}
"""Fields that must not be empty, and the reason they fall under."""

_AGREEING = (
    "/personal/surname",
    "/personal/given_name",
    "/personal/patronymic",
    "/personal/birth_date",
    "/personal/birth_place",
    "/personal/passport_series",
    "/personal/passport_number",
    "/personal/passport_issued_on",
    "/personal/passport_issued_by",
    "/personal/snils",
    "/personal/inn",
    "/professional/diploma_number",
    "/professional/qualification",
    "/professional/licence/series",
    "/professional/licence/number",
    "/professional/licence/holder",
    "/professional/licence/valid_from",
    "/professional/licence/valid_until",
    "/professional/workplace/organisation",
    "/professional/workplace/ogrn",
    "/professional/training_hours",
    "/professional/employments",
)
"""What the registries are asked about; the form must say the same, no more and no less.

They know neither telephone, e-mail nor the address of a workplace, and the specialty is what the application is for.
"""


def _profile(given: CheckInput) -> Iterator[Finding]:
    if given.practitioner is not None and given.practitioner.is_correction_overdue:
        yield _found(given, Code.PROFILE_CORRECTION_OVERDUE, "/personal")
    elif given.practitioner is None or not given.practitioner.is_verified:
        yield _found(given, Code.PROFILE_NOT_VERIFIED, "/personal")


def _required(given: CheckInput) -> Iterator[Finding]:
    for pointer, code in _REQUIRED.items():
        if signs.is_blank(given.form.text_at(pointer)):
            yield _found(given, code, pointer, f"{TITLES[pointer]}: не заполнено.")


def _identifiers(given: CheckInput) -> Iterator[Finding]:
    tests: dict[str, Callable[[str], bool]] = {
        "/personal/snils": identifiers.is_snils,
        "/personal/inn": identifiers.is_inn,
        "/professional/workplace/ogrn": identifiers.is_ogrn,
    }
    for pointer, is_right in tests.items():
        text = given.form.text_at(pointer)
        if text and not is_right(text) and not given.is_verified(pointer):
            yield _found(given, Code.IDENTIFIER_WRONG, pointer)
    series, number = given.form.text_at("/personal/passport_series"), given.form.text_at("/personal/passport_number")
    is_verified = given.is_verified("/personal/passport_series") and given.is_verified("/personal/passport_number")
    if series and number and not is_verified and not identifiers.is_passport(series, number):
        yield _found(given, Code.IDENTIFIER_WRONG, "/personal/passport_number", "Паспорт: нужны 4 цифры серии и 6 цифр номера.")


def _contacts(given: CheckInput) -> Iterator[Finding]:
    phone, email = given.form.text_at("/personal/phone"), given.form.text_at("/personal/email")
    if phone and not given.is_verified("/personal/phone") and not identifiers.is_phone(phone):
        yield _found(given, Code.CONTACT_DATA_WRONG, "/personal/phone")
    if email and not given.is_verified("/personal/email") and not identifiers.is_email(email):
        yield _found(given, Code.CONTACT_DATA_WRONG, "/personal/email")


def _professional(given: CheckInput) -> Iterator[Finding]:
    form, rules = given.form, given.rules.kinds[given.application.kind]
    code = form.text_at("/professional/specialty_code")
    if given.application.specialty_code not in given.rules.specialties:
        yield _found(
            given, Code.SPECIALTY_CODE_WRONG, "/professional/specialty_code", "По этой специальности аккредитация больше не ведётся."
        )
    elif code and code != given.application.specialty_code:
        yield _found(given, Code.SPECIALTY_CODE_WRONG, "/professional/specialty_code")
    until, since = form.text_at("/professional/licence/valid_until"), form.text_at("/professional/licence/valid_from")
    if until and date.fromisoformat(until) < given.today:
        yield _found(given, Code.LICENCE_EXPIRED, "/professional/licence/valid_until")
    if since and date.fromisoformat(since) > given.today:
        yield _found(given, Code.LICENCE_INACTIVE, "/professional/licence/valid_from")
    hours = form.at("/professional/training_hours") or 0
    if hours < rules.minimum_training_hours:
        needed = f"Часы обязательного обучения: {hours}, нужно не меньше {rules.minimum_training_hours}."
        yield _found(given, Code.TRAINING_NOT_COMPLETED, "/professional/training_hours", needed)
    months = experience_months(form.at("/professional/employments") or (), given.today)
    if months < rules.minimum_experience_months:
        needed = f"Стаж в месяцах: {months}, нужно не меньше {rules.minimum_experience_months}."
        yield _found(given, Code.EXPERIENCE_BELOW_MINIMUM, "/professional/employments", needed)


def _dates(given: CheckInput) -> Iterator[Finding]:
    for pointer, fault in dates.impossible(given.form, given.rules.dates, given.today):
        if not given.is_verified(pointer):
            yield _found(given, Code.DATE_IMPOSSIBLE, pointer, f"{TITLES[pointer]}: {fault}.")


def _agreement(given: CheckInput) -> Iterator[Finding]:
    profile = given.profile
    if profile is None:
        return
    for pointer in _AGREEING:
        if _comparable(pointer, given.form.at(pointer)) != _comparable(pointer, profile.at(pointer)):
            yield _found(given, Code.PROFILE_MISMATCH, pointer)


def _comparable(pointer: str, value: object) -> object:
    """Identifiers as digits, texts without regard to case, ё, spaces and how accents are written, what is empty as nothing."""
    if isinstance(value, str) and pointer in IDENTIFIERS:
        return identifiers.digits_of(value) or None
    return _loosely(value) or None


def _loosely(value: object) -> object:
    if isinstance(value, str):
        return "".join(unicodedata.normalize("NFC", value).casefold().replace("ё", "е").split())
    if isinstance(value, list | tuple):
        return [{name: _loosely(inner) for name, inner in one.items() if inner is not None} for one in value]
    return value


def _documents(given: CheckInput) -> Iterator[Finding]:
    named = given.form.documents
    required = given.rules.required_documents(given.application.kind, given.application.specialty_code)
    for document_type in (*required, *(name for name in named if name not in required)):
        pointer, title = f"/documents/{document_type}", given.rules.titles.documents[document_type]
        if document_type not in named and _is_confirmed_otherwise(given, document_type):
            continue
        if document_type not in named:
            yield _found(given, Code.DOCUMENT_MISSING, pointer, f"{title}: документ не приложен.")
            continue
        document = given.documents.get(UUID(str(named[document_type])))
        if document is None and given.application.state is State.SUBMITTED:  # it was there when handed in: the news is late
            yield _found(given, Code.DOCUMENT_PENDING, pointer, is_blocking=False)
        elif document is None or document.owner_id != given.application.applicant_id:
            yield _found(given, Code.DOCUMENT_MISSING, pointer, f"{title}: файл ещё не получен.")
        elif document.document_type != document_type:
            yield _found(given, Code.DOCUMENT_MISSING, pointer, f"{title}: приложен документ другого вида.")
        elif document.verdict is Verdict.REMOVED:
            yield _found(given, Code.DOCUMENT_MISSING, pointer, f"{title}: срок хранения файла истёк. Загрузите документ ещё раз.")
        elif document.verdict is Verdict.REJECTED:
            yield _found(given, Code.FILE_REQUIREMENTS_NOT_MET, pointer, f"{title}: файл не прошёл проверку.")
        elif document.verdict is Verdict.PENDING:
            yield _found(given, Code.DOCUMENT_PENDING, pointer, is_blocking=False)


def _is_confirmed_otherwise(given: CheckInput, document_type: str) -> bool:
    """Who signed in through the state portal is confirmed by that, and need not upload its paper."""
    return document_type == DocumentType.GOSUSLUGI_CONFIRMATION and given.portal_confirmed_at is not None


def _consent(given: CheckInput) -> Iterator[Finding]:
    for pointer in ("/consent/personal_data", "/consent/accuracy"):
        if given.form.at(pointer) is not True:
            yield _found(given, Code.CONSENT_MISSING, pointer, f"{TITLES[pointer]}: отметка не поставлена.")


def _resubmission(given: CheckInput) -> Iterator[Finding]:
    previous = given.previous
    if previous is None or given.form.blocks() != previous.form.blocks():
        return
    if not given.rules.needs_change(one.code for one in previous.reasons):
        return  # nothing that was handed in was wrong
    known = (given.documents.get(frozen.document_id) for frozen in previous.documents)
    replaced = any(now and now.file_version != then.file_version for now, then in zip(known, previous.documents, strict=True))
    if not replaced:
        yield _found(given, Code.NOTHING_CORRECTED, "/documents")
