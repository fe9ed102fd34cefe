"""Terms: clock hours for the automatic stage, working days of the production calendar for all else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

Responsible = Literal["applicant", "reviewer", "registrar", "system"]
_END_OF_DAY = time(23, 59, 59)


class Term(StrEnum):
    """Which act is due; the values are those of the contract's `TermReached`."""

    AUTOMATIC_CHECK = "automatic-check"
    REVIEW = "review"
    CLAIM = "claim"
    INFORMATION = "information"
    APPROVAL = "approval"


MOMENTS = ("reminder", "due", "escalation")
"""When something is told of a term: before it ends, when it ended, and while it stays missed."""


@dataclass(frozen=True, slots=True)
class ActiveTerm:
    """A term that runs now."""

    due_at: datetime
    responsible: Responsible
    responsible_id: UUID | None = None
    was_missed: bool = False
    """Whether it was past already when it stood still: an answer gives time, and makes nothing undone."""


@dataclass(frozen=True, slots=True)
class TermNumbers:
    """Lengths of the terms; their values are rows of `rules/terms.toml` or settings."""

    automatic_check_hours: int
    review_working_days: int
    clarification_working_days: int
    answer_working_days: int
    claim_working_days: int
    approval_working_days: int
    reminder_days: int
    certificate_years: int
    expiry_notice_days: tuple[int, ...]
    appeal_days: int
    """Calendar days from a refusal in which an appeal may be filed."""
    appeal_working_days: int
    escalation_working_days: int
    assign_after_hours: int
    """Hours of working days in which an application may be claimed before it is given to somebody."""
    clarifications_working_days: int
    """What all clarifications of one review prolong it by at most."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When what is due. A term in working days begins on the day after its event and ends with the last day.

    Source: Civil Code, articles 191 and 194.
    """

    numbers: TermNumbers
    is_working_day: Callable[[date], bool]
    zone: ZoneInfo
    later: tuple[tuple[date, TermNumbers], ...] = ()
    """Numbers that hold from a day on, in their order; `numbers` hold before. A term has the length of the day it begins on."""

    def on(self, day: date) -> TermNumbers:
        """The numbers of a day."""
        return next((numbers for since, numbers in reversed(self.later) if since <= day), self.numbers)

    def _at(self, moment: datetime) -> TermNumbers:
        return self.on(self.local_date(moment))

    def local_date(self, moment: datetime) -> date:
        """The calendar day of a moment where the service works."""
        return moment.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last second of a day, as UTC."""
        return datetime.combine(day, _END_OF_DAY, self.zone).astimezone(UTC)

    def start_of(self, day: date) -> datetime:
        """The first second of a day, as UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def working_days_after(self, moment: datetime, count: int) -> datetime:
        """End of the `count`-th working day after the day of `moment`."""
        day, left = self.local_date(moment), count
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return self.end_of(day)

    def working_days_between(self, moment: datetime, due_at: datetime) -> int:
        """Working days after the day of `moment` up to the day of `due_at`; 0 when it is past."""
        day, last, count = self.local_date(moment), self.local_date(due_at), 0
        while day < last:
            day += timedelta(days=1)
            count += self.is_working_day(day)
        return count

    def automatic_check_due(self, at: datetime) -> datetime:
        """End of the automatic stage."""
        return at + timedelta(hours=self._at(at).automatic_check_hours)

    def review_due(self, at: datetime) -> datetime:
        """End of the review begun at `at`."""
        return self.working_days_after(at, self._at(at).review_working_days)

    def resumed_review_due(self, at: datetime, days_left: int, *, clarified: int = 0) -> datetime:
        """End of a review that stood still: what was left of it, and what so many clarifications before leave of the extension."""
        return self.working_days_after(at, days_left + self._extension(at, clarified))

    def _extension(self, at: datetime, clarified: int) -> int:
        numbers = self._at(at)
        left = numbers.clarifications_working_days - clarified * numbers.clarification_working_days
        return max(0, min(numbers.clarification_working_days, left))

    def answer_due(self, at: datetime) -> datetime:
        """End of the applicant's time for an answer."""
        return self.working_days_after(at, self._at(at).answer_working_days)

    def claim_due(self, at: datetime) -> datetime:
        """When a silent claim lapses."""
        return self.working_days_after(at, self._at(at).claim_working_days)

    def approval_due(self, at: datetime) -> datetime:
        """End of the registrar's time."""
        return self.working_days_after(at, self._at(at).approval_working_days)

    def assignment_at(self, at: datetime) -> datetime:
        """When an application that entered the queue at `at` is given to somebody: hours of other than working days do not count."""
        day, begun, left = self.local_date(at), at, timedelta(hours=self._at(at).assign_after_hours)
        while True:
            ended = self.start_of(day + timedelta(days=1))
            if self.is_working_day(day):
                if left <= ended - begun:
                    return begun + left
                left -= ended - begun
            day, begun = day + timedelta(days=1), ended

    def appeal_until(self, refused_at: datetime) -> datetime:
        """Last moment for an appeal: so many calendar days, and to the next working day where the last one is none.

        Source: Civil Code, article 193.
        """
        day = self.local_date(refused_at) + timedelta(days=self._at(refused_at).appeal_days)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return self.end_of(day)

    def appeal_due(self, at: datetime) -> datetime:
        """End of the time for deciding an appeal."""
        return self.working_days_after(at, self._at(at).appeal_working_days)

    def reminder_at(self, due_at: datetime) -> datetime:
        """When to remind of a term."""
        return due_at - timedelta(days=self._at(due_at).reminder_days)

    def certificate_until(self, issued_at: datetime) -> datetime:
        """End of a certificate's validity; the 29th of February ends on the 28th."""
        day = self.local_date(issued_at)
        year = day.year + self.on(day).certificate_years
        last = day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)
        return self.end_of(last)

    def escalation_at(self, at: datetime) -> datetime:
        """When a term that is missed at `at` is told of again if it still is."""
        return self.working_days_after(at, self._at(at).escalation_working_days)

    def forecast(self, at: datetime, *, is_clarified: bool) -> datetime:
        """The likely end of an application handed in at `at`: a day for the check, the review, the approval."""
        numbers = self._at(at)
        extension = self._extension(at, 0) if is_clarified else 0
        return self.working_days_after(at, 1 + numbers.review_working_days + numbers.approval_working_days + extension)


def assignment_key(application_id: UUID) -> str:
    """The name of the timer at which an application is given to somebody."""
    return f"assign:{application_id}"


def timer_key(application_id: UUID, term: Term, moment: str) -> str:
    """The name of a term's timer; `moment` is one of `MOMENTS`."""
    return f"term:{application_id}:{term.value}:{moment}"
