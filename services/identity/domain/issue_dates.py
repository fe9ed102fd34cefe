"""Which dates of a passport and a licence can be right: since when there are such documents, and at which age one gets them."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.identity.domain.fields import WrongValue, years_later


@dataclass(frozen=True, slots=True)
class PassportRule:
    """Ages at which a passport is given and must be changed, how long the old one is still good, since when there are such passports."""

    first_age: int
    change_ages: tuple[int, ...]
    grace: timedelta
    since: date

    def check_alone(self, issued_on: date, today: date) -> date:
        """The date of issue, as far as it can be judged without a birth date. Raises `WrongValue`."""
        if issued_on > today:
            raise WrongValue("date-in-future", "Дата выдачи ещё не наступила.")
        if issued_on < self.since:
            detail = f"Паспортов, выданных раньше {self.since:%d.%m.%Y}, больше нет в обращении. Проверьте дату выдачи."
            raise WrongValue("passport-issued-too-early", detail)
        return issued_on

    def check(self, issued_on: date, birth_date: date, today: date) -> date:
        """The date of issue. Raises `WrongValue` if no valid passport can have been issued then."""
        if issued_on < years_later(birth_date, self.first_age):
            raise WrongValue("passport-issued-too-early", f"Паспорт выдают с {self.first_age} лет. Проверьте дату выдачи и дату рождения.")
        for age in self.change_ages:
            change = years_later(birth_date, age)
            if issued_on < change and today > change + self.grace:
                raise WrongValue("passport-outdated", f"Паспорт нужно было заменить в {age} лет. Укажите данные действующего паспорта.")
        return issued_on


@dataclass(frozen=True, slots=True)
class LicenceRule:
    """The age from which a person gets a licence, and since when there are licences."""

    first_age: int
    since: date

    def check(self, valid_from: date, holder_born: date | None, today: date) -> date:
        """The first day. Raises `WrongValue`. `holder_born` is None for an organisation's: it may be older than who works there."""
        if valid_from > today:
            raise WrongValue("licence-not-yet-valid", "Лицензия ещё не действует.")
        if valid_from < self.since:
            raise WrongValue("licence-issued-too-early", f"До {self.since:%d.%m.%Y} лицензий не выдавали. Проверьте дату начала действия.")
        if holder_born is not None and valid_from < years_later(holder_born, self.first_age):
            detail = f"Человеку лицензию выдают с {self.first_age} лет. Проверьте дату начала действия и дату рождения."
            raise WrongValue("licence-issued-too-early", detail)
        return valid_from


@dataclass(frozen=True, slots=True)
class IssueRules:
    """The rules of both documents."""

    passport: PassportRule
    licence: LicenceRule
