"""What an applicant fills in: four blocks of JSON values, addressed by JSON pointers."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from services.applications.domain.identifiers import digits_of

Json = Any
Block = Mapping[str, Json]

BLOCKS = ("personal", "professional", "documents", "consent")
DOCUMENTS = "/documents"
"""Holds a place for each document by its type."""

TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "/personal/surname": "Фамилия",
        "/personal/given_name": "Имя",
        "/personal/patronymic": "Отчество",
        "/personal/birth_date": "Дата рождения",
        "/personal/birth_place": "Место рождения",
        "/personal/passport_series": "Серия паспорта",
        "/personal/passport_number": "Номер паспорта",
        "/personal/passport_issued_on": "Дата выдачи паспорта",
        "/personal/passport_issued_by": "Кем выдан паспорт",
        "/personal/snils": "СНИЛС",
        "/personal/inn": "ИНН",
        "/personal/phone": "Телефон",
        "/personal/email": "Электронная почта",
        "/professional/qualification": "Квалификация",
        "/professional/specialty_code": "Код специальности",
        "/professional/diploma_number": "Номер диплома",
        "/professional/training_hours": "Часы обязательного обучения",
        "/professional/licence/series": "Серия лицензии",
        "/professional/licence/number": "Номер лицензии",
        "/professional/licence/holder": "Владелец лицензии",
        "/professional/licence/valid_from": "Лицензия действует с",
        "/professional/licence/valid_until": "Лицензия действует до",
        "/professional/workplace/organisation": "Место работы",
        "/professional/workplace/ogrn": "ОГРН организации",
        "/professional/workplace/address": "Адрес места работы",
        "/professional/workplace/department": "Подразделение",
        "/professional/employments": "Трудовой стаж",
        "/consent/personal_data": "Согласие на обработку персональных данных",
        "/consent/accuracy": "Подтверждение достоверности сведений",
    }
)
"""Every field of the form with the words people see, in the order they see them."""

PARTS: MappingProxyType[str, str] = MappingProxyType(
    {
        "/personal": "Личные данные",
        "/professional": "Профессиональная информация",
        "/professional/licence": "Лицензия",
        "/professional/workplace": "Место работы",
        "/documents": "Документы",
        "/consent": "Согласие",
    }
)
"""What holds fields, with the words people see: a remark may point at the whole of it."""

IDENTIFIERS = ("/personal/passport_series", "/personal/passport_number", "/personal/snils", "/personal/inn", "/professional/workplace/ogrn")
"""Kept and compared as the digits alone, however they are typed."""


@dataclass(frozen=True, slots=True)
class Form:
    """The blocks as typed so far; dates are ISO strings, documents map a document type to a document id."""

    personal: Block = field(default_factory=dict)
    professional: Block = field(default_factory=dict)
    documents: Block = field(default_factory=dict)
    consent: Block = field(default_factory=dict)

    def blocks(self) -> dict[str, Json]:
        """All blocks as one JSON object."""
        return {name: getattr(self, name) for name in BLOCKS}

    @property
    def document_ids(self) -> tuple[UUID, ...]:
        """Every document named."""
        return tuple(UUID(str(value)) for value in self.documents.values())

    def merged(self, patch: Mapping[str, Json]) -> "Form":
        """The form after a merge patch of its blocks (RFC 7396)."""
        return Form(**{name: _merge(getattr(self, name), patch.get(name, {})) for name in BLOCKS})

    def at(self, pointer: str) -> Json:
        """The value a pointer names; None where there is none."""
        value: Json = self.blocks()
        for step in pointer.split("/")[1:]:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def text_at(self, pointer: str) -> str:
        """The value as text; empty where there is none."""
        value = self.at(pointer)
        return "" if value is None else str(value)


_IDENTIFIERS = frozenset(pointer.rpartition("/")[2] for pointer in IDENTIFIERS)


def _merge(base: Json, patch: Json) -> Json:
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(base) if isinstance(base, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif name in _IDENTIFIERS and isinstance(value, str):
            merged[name] = digits_of(value)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _leaves(value: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{pointer}/{name}")
    else:
        yield pointer, value


def changes(before: Form, after: Form) -> dict[str, tuple[Json, Json]]:
    """Pointers of changed values with what they were and became; None where there was or is none."""
    old, new = dict(_leaves(before.blocks(), "")), dict(_leaves(after.blocks(), ""))
    return {pointer: (old.get(pointer), new.get(pointer)) for pointer in sorted(old | new) if old.get(pointer) != new.get(pointer)}


def covers(flagged: Iterable[str], pointer: str) -> bool:
    """Whether one of the flagged pointers is `pointer` or holds it."""
    return any(pointer == one or pointer.startswith(f"{one}/") for one in flagged)


def is_pointer(pointer: str) -> bool:
    """Whether the form has such a place beside its documents: a field, a part of a block that holds fields, or a block."""
    return any(title == pointer or title.startswith(f"{pointer}/") for title in TITLES)


def canonical(content: Mapping[str, Json]) -> bytes:
    """The one byte string of a JSON value: sorted names, no spaces, UTF-8."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256_of(content: Mapping[str, Json]) -> str:
    """Hash of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


_PERSONAL_FACTS = tuple(pointer.rpartition("/")[2] for pointer in TITLES if pointer.startswith("/personal/"))
_PROFESSIONAL_FACTS = ("qualification", "specialty_code", "diploma_number", "training_hours", "licence", "workplace", "employments")


def prefilled(facts: Block, documents: Mapping[str, str]) -> Form:
    """A new form from the verified profile and the documents at hand; the consent is left to the person."""
    known = {name: value for name, value in facts.items() if value is not None}
    personal = {name: known[name] for name in _PERSONAL_FACTS if name in known}
    professional = {name: _without_none(known[name]) for name in _PROFESSIONAL_FACTS if name in known}
    return Form(personal=personal, professional=professional, documents=dict(documents))


def _without_none(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: inner for name, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value


def experience_months(employments: Iterable[Block], today: date) -> int:
    """Whole months worked until today, first and last day of each employment included; overlapping employments count once."""
    spans = sorted(
        (_date(one["started_on"]), min(_date(one["ended_on"]) if one.get("ended_on") else today, today))
        for one in employments
        if one.get("started_on")
    )
    days, covered_until = 0, date.min
    for start, last in spans:
        begin, end = max(start, covered_until), last + timedelta(days=1)
        if end > begin:
            days += (end - begin).days
            covered_until = end
    return int(days / 30.4375)


def _date(text: str) -> date:
    return date.fromisoformat(text)
