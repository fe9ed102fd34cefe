"""Which dates of a form cannot be: earlier than there are such documents, later than today, or in the wrong order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.applications.domain.form import Block, Form
from services.applications.domain.versions import Versioned

EMPLOYMENTS = "/professional/employments"
PASSPORT = "/personal/passport_issued_on"
LICENCE_SINCE, LICENCE_UNTIL = "/professional/licence/valid_from", "/professional/licence/valid_until"
NAMES = ("passport", "licence", "own-licence", "employment")


@dataclass(frozen=True, slots=True)
class DateRule(Versioned):
    """The first day something can be of: `since`, and from `age` years of the person it is about."""

    name: str
    title: str
    since: date
    age: int

    def fault(self, day: date, born: date | None, today: date) -> str:
        """Why it cannot be of that day; empty where it can."""
        if day > today:
            return "эта дата ещё не наступила"
        if day < self.since:
            return f"эта дата не может быть раньше {self.since:%d.%m.%Y}"
        if born is not None and self.age and day < _years_later(born, self.age):
            return f"в этот день заявителю не было {self.age} лет"
        return ""


def impossible(form: Form, rules: Mapping[str, DateRule], today: date) -> Iterator[tuple[str, str]]:
    """Each place with a date that cannot be, and why, for people."""
    born = _day(form.at("/personal/birth_date"))
    issued, since, until = (_day(form.at(pointer)) for pointer in (PASSPORT, LICENCE_SINCE, LICENCE_UNTIL))
    if issued and (fault := rules["passport"].fault(issued, born, today)):
        yield PASSPORT, fault
    holder = "own-licence" if form.at("/professional/licence/holder") == "person" else "licence"
    if since and since <= today and (fault := rules[holder].fault(since, born, today)):  # one that begins later is not in force yet
        yield LICENCE_SINCE, fault
    if since and until and until < since:
        yield LICENCE_UNTIL, "эта дата раньше начала действия"
    for place, one in enumerate(form.at(EMPLOYMENTS) or (), start=1):
        if fault := _work_fault(one, rules["employment"], born, today):
            yield EMPLOYMENTS, f"запись {place}: {fault}"


def _work_fault(work: Block, rule: DateRule, born: date | None, today: date) -> str:
    started, ended = _day(work.get("started_on")), _day(work.get("ended_on"))
    if started and (fault := rule.fault(started, born, today)):
        return f"начало работы: {fault}"
    if started and ended and ended < started:
        return "работа окончена раньше, чем начата"
    return "конец работы: эта дата ещё не наступила" if ended and ended > today else ""


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _years_later(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28 February."""
    year = min(day.year + years, date.max.year)
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)
