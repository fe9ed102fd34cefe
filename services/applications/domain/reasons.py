"""The one table of reasons: it drives the check, the reviewers' form, the letter and the right to hand in again."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

Target = Literal["field", "document", "any"]


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """One reason. `is_curable`: the applicant may correct it without a refusal."""

    is_curable: bool
    target: Target
    text: str
    advice: str


class Code(StrEnum):
    """Stable codes of reasons."""

    PERSONAL_DATA_INCOMPLETE = "personal-data-incomplete"
    QUALIFICATION_INCOMPLETE = "qualification-incomplete"
    SPECIALTY_CODE_WRONG = "specialty-code-wrong"
    EXPERIENCE_BELOW_MINIMUM = "experience-below-minimum"
    CONTACT_DATA_WRONG = "contact-data-wrong"
    LICENCE_MISSING = "licence-missing"
    LICENCE_INACTIVE = "licence-inactive"
    LICENCE_EXPIRED = "licence-expired"
    IDENTIFIER_WRONG = "identifier-wrong"
    PROFILE_MISMATCH = "profile-mismatch"
    PROFILE_NOT_VERIFIED = "profile-not-verified"
    PROFILE_CORRECTION_OVERDUE = "profile-correction-overdue"
    DOCUMENT_MISSING = "document-missing"
    DOCUMENT_PENDING = "document-pending"
    FILE_REQUIREMENTS_NOT_MET = "file-requirements-not-met"
    TRAINING_NOT_COMPLETED = "training-not-completed"
    CONSENT_MISSING = "consent-missing"
    DUPLICATE_APPLICATION = "duplicate-application"
    NOTHING_CORRECTED = "nothing-corrected"
    NEGATIVE_EXPERT_DECISION = "negative-expert-decision"


R = ReasonRule
REASONS: MappingProxyType[Code, ReasonRule] = MappingProxyType(
    {
        Code.PERSONAL_DATA_INCOMPLETE: R(True, "field", "Личные данные заполнены не полностью", "Заполните поле как в паспорте."),
        Code.QUALIFICATION_INCOMPLETE: R(
            True, "any", "Сведения о квалификации неполны", "Укажите квалификацию и номер диплома, приложите подтверждающий документ."
        ),
        Code.SPECIALTY_CODE_WRONG: R(
            True, "field", "Код специальности указан неверно", "Укажите код той специальности, по которой подаётся заявление."
        ),
        Code.EXPERIENCE_BELOW_MINIMUM: R(
            False,
            "field",
            "Стаж меньше минимального",
            "Подайте заявление при достаточном стаже или выберите другой вид аккредитации.",
        ),
        Code.CONTACT_DATA_WRONG: R(
            True, "field", "Контактные данные указаны неверно", "Проверьте телефон, адрес электронной почты и адрес места работы."
        ),
        Code.LICENCE_MISSING: R(True, "any", "Нет сведений о лицензии", "Укажите серию и номер лицензии и приложите её копию."),
        Code.LICENCE_INACTIVE: R(True, "any", "Лицензия не действует", "Укажите действующую лицензию."),
        Code.LICENCE_EXPIRED: R(True, "any", "Срок действия лицензии истёк", "Укажите действующую лицензию и приложите её копию."),
        Code.IDENTIFIER_WRONG: R(
            True, "field", "Идентификационный номер указан неверно", "Сверьте номер с документом: контрольные цифры не сходятся."
        ),
        Code.PROFILE_MISMATCH: R(
            True,
            "field",
            "Сведения расходятся с подтверждённым профилем",
            "Исправьте поле или обновите профиль в разделе «Мои данные».",
        ),
        Code.PROFILE_CORRECTION_OVERDUE: R(
            True,
            "field",
            "Срок исправления профиля истёк",
            "Исправьте отмеченные поля в разделе «Мои данные» и дождитесь проверки: до этого заявление подать нельзя.",
        ),
        Code.PROFILE_NOT_VERIFIED: R(
            True,
            "field",
            "Профиль не подтверждён реестрами",
            "Исправьте сведения в разделе «Мои данные» и дождитесь проверки.",
        ),
        Code.DOCUMENT_MISSING: R(True, "document", "Нет обязательного документа", "Загрузите документ и приложите его к заявлению."),
        Code.DOCUMENT_PENDING: R(True, "document", "Документ ещё проверяется", "Ничего делать не нужно: проверка обычно занимает секунды."),
        Code.FILE_REQUIREMENTS_NOT_MET: R(
            True, "document", "Файл не соответствует требованиям", "Замените файл: подойдёт чёткий скан допустимого формата и размера."
        ),
        Code.TRAINING_NOT_COMPLETED: R(
            True, "any", "Обязательное обучение не завершено", "Завершите обучение и укажите часы по сертификату."
        ),
        Code.CONSENT_MISSING: R(True, "field", "Нет согласия", "Отметьте согласие на обработку данных и достоверность сведений."),
        Code.DUPLICATE_APPLICATION: R(False, "any", "Такое заявление уже подано", "Следите за первым заявлением в разделе «Мои заявки»."),
        Code.NOTHING_CORRECTED: R(
            True, "any", "После отказа ничего не исправлено", "Исправьте то, что названо в решении, и приложите подтверждающие документы."
        ),
        Code.NEGATIVE_EXPERT_DECISION: R(
            False, "any", "Отрицательное заключение экспертов", "Прочитайте комментарий экспертов; решение можно обжаловать."
        ),
    }
)
"""Source of the list: requirements, reasons of refusal; texts are ours."""

AUTOMATIC_ONLY = frozenset({Code.PROFILE_NOT_VERIFIED, Code.PROFILE_CORRECTION_OVERDUE, Code.DOCUMENT_PENDING, Code.NOTHING_CORRECTED})
"""Codes only the automatic check states; reviewers cannot choose them."""
