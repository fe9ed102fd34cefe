"""What each kind of accreditation and each specialty asks for: the one table, with source and valid-from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from contracts.documents import DocumentType


class Kind(StrEnum):
    """Kinds of accreditation."""

    PRIMARY = "primary"
    PRIMARY_SPECIALISED = "primary-specialised"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class KindRules:
    """What one kind asks for."""

    title: str
    documents: tuple[DocumentType, ...]
    minimum_experience_months: int
    minimum_training_hours: int
    source: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class SpecialtyRules:
    """What one specialty asks for beside its kind."""

    title: str
    needs_no_criminal_record: bool = False


D = DocumentType
_SET = (D.DIPLOMA, D.LICENCE, D.TRAINING_CERTIFICATE, D.GOSUSLUGI_CONFIRMATION)

KINDS: MappingProxyType[Kind, KindRules] = MappingProxyType(
    {
        #                                 title                               documents  months  hours
        Kind.PRIMARY: KindRules("Первичная", _SET, 0, 0, "Правила кабинета, таблица видов", date(2026, 1, 1)),
        Kind.PRIMARY_SPECIALISED: KindRules(
            "Первичная специализированная", _SET, 12, 72, "Правила кабинета, таблица видов", date(2026, 1, 1)
        ),
        Kind.PERIODIC: KindRules("Периодическая", _SET, 36, 144, "Правила кабинета, таблица видов", date(2026, 1, 1)),
    }
)

SPECIALTIES: MappingProxyType[str, SpecialtyRules] = MappingProxyType(
    {
        "31.05.01": SpecialtyRules("Лечебное дело"),
        "31.05.02": SpecialtyRules("Педиатрия (специалитет)"),
        "31.05.03": SpecialtyRules("Стоматология"),
        "31.08.01": SpecialtyRules("Акушерство и гинекология"),
        "31.08.02": SpecialtyRules("Анестезиология-реаниматология"),
        "31.08.09": SpecialtyRules("Рентгенология"),
        "31.08.18": SpecialtyRules("Неонатология"),
        "31.08.19": SpecialtyRules("Педиатрия"),
        "31.08.20": SpecialtyRules("Психиатрия", needs_no_criminal_record=True),
        "31.08.21": SpecialtyRules("Психиатрия-наркология", needs_no_criminal_record=True),
        "31.08.32": SpecialtyRules("Дерматовенерология"),
        "31.08.35": SpecialtyRules("Инфекционные болезни"),
        "31.08.36": SpecialtyRules("Кардиология"),
        "31.08.42": SpecialtyRules("Неврология"),
        "31.08.45": SpecialtyRules("Пульмонология"),
        "31.08.48": SpecialtyRules("Скорая медицинская помощь"),
        "31.08.49": SpecialtyRules("Терапия"),
        "31.08.53": SpecialtyRules("Эндокринология"),
        "31.08.54": SpecialtyRules("Общая врачебная практика (семейная медицина)"),
        "31.08.57": SpecialtyRules("Онкология"),
        "31.08.58": SpecialtyRules("Оториноларингология"),
        "31.08.59": SpecialtyRules("Офтальмология"),
        "31.08.66": SpecialtyRules("Травматология и ортопедия"),
        "31.08.67": SpecialtyRules("Хирургия"),
        "31.08.68": SpecialtyRules("Урология"),
        "32.05.01": SpecialtyRules("Медико-профилактическое дело"),
        "33.05.01": SpecialtyRules("Фармация"),
        "34.02.01": SpecialtyRules("Сестринское дело"),
    }
)
"""Codes and titles of training directions. Source: order of the Ministry of Education and Science 1061 of 12.09.2013."""

DOCUMENT_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        D.DIPLOMA: "Диплом о высшем медицинском образовании",
        D.LICENCE: "Лицензия на медицинскую деятельность",
        D.TRAINING_CERTIFICATE: "Сертификат об обязательном обучении",
        D.NO_CRIMINAL_RECORD: "Справка об отсутствии судимости",
        D.GOSUSLUGI_CONFIRMATION: "Подтверждение регистрации на Госуслугах",
        D.PASSPORT: "Паспорт",
        D.SNILS: "СНИЛС",
        D.EMPLOYMENT_RECORD: "Трудовая книжка или сведения о трудовой деятельности",
        D.SUPPORTING: "Дополнительный документ",
    }
)
"""Documents an application may hold; other types are not part of it."""


def required_documents(kind: Kind, specialty_code: str) -> tuple[DocumentType, ...]:
    """The documents an application of this kind and specialty must hold, in the order people are asked for them."""
    extra = (D.NO_CRIMINAL_RECORD,) if SPECIALTIES[specialty_code].needs_no_criminal_record else ()
    return (*KINDS[kind].documents, *extra)
