"""Comparing a profile with the state registries: what was answered, what is still missing, when to ask again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Answer(StrEnum):
    """What a registry says."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNAVAILABLE = "unavailable"


class Registry(StrEnum):
    """The state registries a profile is compared with."""

    PASSPORT = "passport"
    SNILS = "snils"
    INN = "inn"
    DIPLOMAS = "diplomas"
    LICENCES = "licences"
    TRAINING = "training"
    EMPLOYMENT = "employment"


@dataclass(frozen=True, slots=True)
class WrongField:
    """One field a registry disagrees with; `code` is the registry's."""

    field: str
    code: str


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """The answer of one registry; fields only for a mismatch."""

    answer: Answer
    fields: tuple[WrongField, ...] = ()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between attempts."""

    first: timedelta
    longest: timedelta

    def after(self, attempt: int) -> timedelta:
        """Pause after the given attempt, counted from 1; doubles up to the longest."""
        return min(self.longest, self.first * (1 << min(attempt - 1, 30)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Where a comparison stands. Answers stay: only registries that were unavailable are asked again."""

    requested_at: datetime
    give_up_at: datetime
    registries: tuple[Registry, ...]
    attempt: int = 0
    answers: Mapping[Registry, RegistryAnswer] = field(default_factory=dict)
    decided_at: datetime | None = None
    escalated_at: datetime | None = None
    correct_by: datetime | None = None
    profile_version: int = 1
    """The version of the profile that is compared: an answer about another one decides nothing."""
    overdue_at: datetime | None = None
    """When the term of correction was missed."""
    decided_by: UUID | None = None
    """The administrator who decided for the silent registries."""

    @property
    def unanswered(self) -> tuple[Registry, ...]:
        """Registries to ask at the next attempt."""
        return tuple(name for name in self.registries if name not in self.answers)

    @property
    def mismatches(self) -> tuple[tuple[Registry, WrongField], ...]:
        """Every field some registry disagrees with."""
        return tuple((name, wrong) for name, answer in self.answers.items() for wrong in answer.fields)

    @property
    def answer(self) -> Answer:
        """The outcome of all together: a mismatch counts once nothing more can be learnt."""
        if self.decided_at is None:
            return Answer.UNAVAILABLE
        is_mismatch = any(answer.answer is Answer.MISMATCH for answer in self.answers.values())
        return Answer.MISMATCH if is_mismatch else Answer.MATCH

    def attempted(self, attempt: int, answers: Mapping[Registry, RegistryAnswer], at: datetime) -> "Verification":
        """After an attempt: decided when all answered, or when the time is over and a mismatch is known; else escalated when it is over."""
        known = {**self.answers, **{name: answer for name, answer in answers.items() if answer.answer is not Answer.UNAVAILABLE}}
        after = replace(self, attempt=attempt, answers=known)
        if not after.unanswered:
            return replace(after, decided_at=at)
        if at < self.give_up_at:
            return after
        if any(answer.answer is Answer.MISMATCH for answer in known.values()):
            return replace(after, decided_at=at)
        return replace(after, escalated_at=at)

    def to_be_corrected_by(self, moment: datetime) -> "Verification":
        """Refused; the person has until then."""
        return replace(self, correct_by=moment)

    def next_attempt_at(self, at: datetime, backoff: Backoff) -> datetime:
        """When to ask again; the last time at the very end of the limit."""
        return min(at + backoff.after(self.attempt), self.give_up_at)

    def overdue(self, at: datetime) -> "Verification":
        """The person did not correct the profile in time."""
        return replace(self, overdue_at=at)

    def decided(self, wrong: Mapping[Registry, tuple[WrongField, ...]], administrator_id: UUID, at: datetime) -> "Verification":
        """An administrator answers for the silent registries: a mismatch where they name fields, a match elsewhere."""
        answers = {
            name: RegistryAnswer(Answer.MISMATCH, wrong[name]) if wrong.get(name) else RegistryAnswer(Answer.MATCH)
            for name in self.unanswered
        }
        return replace(self, answers={**self.answers, **answers}, decided_at=at, decided_by=administrator_id)

    def licence_expired(self, at: datetime) -> "Verification":
        """The licence ended after the registry confirmed it."""
        expired = RegistryAnswer(Answer.MISMATCH, (WrongField("licence.valid_until", "licence-expired"),))
        return replace(self, answers={**self.answers, Registry.LICENCES: expired}, decided_at=at, decided_by=None)

    def reopened(
        self, registries: tuple[Registry, ...], concerned: frozenset[Registry], *, at: datetime, give_up_at: datetime, profile_version: int
    ) -> "Verification":
        """Of the next version: confirmations of registries that are not concerned stay, all others are asked."""
        kept = {
            name: answer
            for name, answer in self.answers.items()
            if answer.answer is Answer.MATCH and name in registries and name not in concerned
        }
        fresh = Verification(requested_at=at, give_up_at=give_up_at, registries=registries, answers=kept, profile_version=profile_version)
        return fresh if fresh.unanswered else replace(fresh, decided_at=at)

    def renewed(self, at: datetime, give_up_at: datetime) -> "Verification":
        """An administrator asks the silent registries once more."""
        return replace(self, requested_at=at, give_up_at=give_up_at, attempt=0, escalated_at=None)


ADVICE: Mapping[str, str] = {
    "surname": "Сверьте фамилию с паспортом.",
    "given_name": "Сверьте имя с паспортом.",
    "patronymic": "Сверьте отчество с паспортом.",
    "birth_date": "Сверьте дату рождения с паспортом.",
    "birth_place": "Сверьте место рождения с паспортом.",
    "passport_series": "Сверьте серию паспорта; если паспорт заменён, укажите новый.",
    "passport_number": "Сверьте номер паспорта; если паспорт заменён, укажите новый.",
    "passport_issued_on": "Сверьте дату выдачи паспорта.",
    "passport_issued_by": "Перепишите название органа, выдавшего паспорт, как в документе.",
    "snils": "Сверьте СНИЛС со свидетельством или выпиской СФР.",
    "inn": "Сверьте ИНН со свидетельством ФНС или уберите его: поле необязательное.",
    "diploma_number": "Сверьте серию и номер с дипломом.",
    "qualification": "Укажите квалификацию так, как она записана в дипломе.",
    "specialty_code": "Выберите код специальности, указанной в дипломе.",
    "licence.valid_until": "Укажите действующую лицензию: срок прежней истёк или не совпадает с реестром лицензий.",
    "licence": "Сверьте серию, номер и срок действия лицензии с выпиской из реестра лицензий.",
    "phone": "Проверьте номер телефона.",
    "email": "Проверьте адрес электронной почты.",
    "training_hours": "Сверьте число часов обучения с удостоверениями о повышении квалификации.",
    "workplace": "Сверьте название и ОГРН организации с трудовым договором.",
    "organisation": "Сверьте название организации с лицензией и трудовым договором.",
    "ogrn": "Сверьте ОГРН организации с выпиской из ЕГРЮЛ.",
    "employments": "Сверьте периоды работы с выпиской из электронной трудовой книжки.",
}
"""What to do about a field that does not match."""


def advice_on(field_name: str) -> str:
    """What the person should do about a field; nested fields follow their group."""
    return ADVICE.get(field_name) or ADVICE.get(field_name.partition(".")[0]) or "Сверьте данные с документом и исправьте их."
