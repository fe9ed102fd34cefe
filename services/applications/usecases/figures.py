"""Figures for those who run the service: the funnel, outcomes, stages, queues and terms."""

from calendar import monthrange
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chassis.clock import Clock
from chassis.errors import FieldError
from contracts.roles import Role
from services.applications.domain.errors.drafting import UnknownSpecialty
from services.applications.domain.errors.figures import TooMuchToCount, WindowWrong
from services.applications.domain.figures import Begun, Counted, Ended, Standing
from services.applications.domain.rulebook import Rulebook
from services.applications.domain.rules import Rules
from services.applications.domain.terms import Terms
from services.applications.repository import FactsRepository, FiguresRepository

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FiguresLimits:
    """How long a window may be, and how many applications are counted for one answer."""

    days: int
    rows: int


@dataclass(frozen=True, slots=True)
class Window:
    """Whole months where the service works, by their first and last day; of one specialty or of all."""

    first: date
    last: date
    specialty_code: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that is told of a window, and of how things stand at its telling."""

    window: Window
    rules: Rules
    begun: Begun
    ended: Ended
    standing: Standing


@dataclass(frozen=True, slots=True)
class Figures:
    """Counting. Rows are counted as they come and limited in number, so neither memory nor time grows with the store."""

    clock: Clock
    terms: Terms
    rules: Rulebook
    counted: FiguresRepository
    facts: FactsRepository
    limits: FiguresLimits

    async def tell(self, first: date | None, last: date | None, specialty_code: str | None) -> Told:
        """The figures of a window; without days of this month and the one before.

        Raises `WindowWrong`, `UnknownSpecialty`, `TooMuchToCount`.
        """
        now = self.clock.now()
        window = self._window(first, last, specialty_code, now)
        rules = self.rules.on(self.terms.local_date(now))
        if window.specialty_code is not None and window.specialty_code not in rules.titles.specialties:
            wrong = FieldError("#query:specialty", "unknown-specialty", "Выберите специальность из списка или не называйте её.")
            raise UnknownSpecialty("Такого кода специальности нет в перечне.", errors=[wrong])
        since, before = self.terms.start_of(window.first), self.terms.start_of(window.last + _DAY)
        codes = [window.specialty_code] if window.specialty_code else list(rules.titles.specialties)
        told = Told(window, rules, Begun(), Ended(), Standing(now, self.terms))
        left = Left(self.limits.rows)
        for code in codes:
            async for one in left.of(self.counted.begun(code, since, before)):
                told.begun.add(one)
            async for one in left.of(self.counted.ended(code, since, before)):
                told.ended.add(one)
        async for one in left.of(self.counted.open()):
            if one.specialty_code in codes:
                told.standing.add(one)
        await self._count_reviewers(told.standing, frozenset(codes))
        return told

    async def _count_reviewers(self, standing: Standing, codes: frozenset[str]) -> None:
        for member in (await self.facts.all_staff()).values():
            if Role.REVIEWER in member.roles:
                standing.add_reviewers(member.specialty_codes & codes)

    def _window(self, first: date | None, last: date | None, specialty_code: str | None, now: datetime) -> Window:
        last = last or _end_of_month(self.terms.local_date(now))
        first = first or (last.replace(day=1) - _DAY).replace(day=1)
        if errors := list(self._window_errors(first, last)):
            raise WindowWrong("Период для показателей задан неверно.", errors=errors)
        return Window(first, last, specialty_code)

    def _window_errors(self, first: date, last: date) -> Iterator[FieldError]:
        """Windows that differ by a day would tell of the day."""
        if first.day != 1:
            yield FieldError("#query:from", "figures-window-wrong", "Период состоит из целых месяцев: начните с первого числа.")
        if last != _end_of_month(last):
            yield FieldError("#query:to", "figures-window-wrong", "Период состоит из целых месяцев: закончите последним числом.")
        if first > last:
            yield FieldError("#query:from", "figures-window-wrong", "Начало периода должно быть не позже его конца.")
        elif (last - first).days >= self.limits.days:
            yield FieldError("#query:from", "figures-window-wrong", f"Период может быть не длиннее {self.limits.days} дней.")


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


@dataclass(slots=True)
class Left:
    """How many rows may still be counted."""

    rows: int

    async def of(self, counted: AsyncIterator[Counted]) -> AsyncIterator[Counted]:
        """The rows, as they come. Raises `TooMuchToCount`."""
        async for one in counted:
            self.rows -= 1
            if self.rows < 0:
                raise TooMuchToCount("За этот период слишком много заявлений. Выберите период короче или одну специальность.")
            yield one
