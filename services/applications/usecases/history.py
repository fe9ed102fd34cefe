"""The applicant's history: list, protocol, exports."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.errors import FieldError
from chassis.paging import PageRequest
from chassis.tables import csv_lines
from services.applications.domain.application import Application
from services.applications.domain.as_of import as_of as stood_at
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.errors.history import DayAhead, SortNotKept
from services.applications.domain.history import HistoryFilter, Row, Sort
from services.applications.domain.states import GROUPS, Group
from services.applications.usecases.base import Room
from services.applications.usecases.printing import HISTORY_HEADER, day, history_cells

_REFILLS = 5
"""Pages read at most for one page of a past day: each is decrypted whole."""


@dataclass(frozen=True, slots=True)
class Histories(Room):
    """Lists, protocol, exports."""

    async def list_history(
        self,
        applicant_id: UUID,
        page: PageRequest,
        *,
        group: Group | None,
        started_from: date | None,
        started_to: date | None,
        sort: Sort,
        as_of: date | None = None,
    ) -> tuple[list[Row], str | None]:
        """One page of the person's applications; both days are included.

        With `as_of` as they stood at the end of that day. Raises `DayAhead`, `SortNotKept`.
        """
        given = HistoryFilter(
            group=group,
            started_from=self.terms.start_of(started_from) if started_from else None,
            started_before=self.terms.start_of(started_to + timedelta(days=1)) if started_to else None,
            sort=sort,
        )
        if as_of is None:
            return await self.applications.list_own(applicant_id, given, page)
        return await self._list_past(applicant_id, given, page, self._end_of(as_of))

    async def protocol(self, application_id: UUID, *, applicant_id: UUID, as_of: date | None) -> Application:
        """One's own application as it stands, or stood at the end of a day. Raises `ApplicationNotFound`, `DayAhead`."""
        moment = None if as_of is None else self._end_of(as_of)
        application = await self.applications.get_own(application_id, applicant_id)
        stood = application if moment is None else stood_at(application, moment)
        if stood is None:
            raise ApplicationNotFound("В этот день заявления ещё не было. Выберите день не раньше его начала.")
        return stood

    def _end_of(self, day: date) -> datetime:
        """The last moment of a day that has begun."""
        if day > self.terms.local_date(self.now()):
            ahead = FieldError("#query:as_of", "day-ahead", "Выберите сегодняшний или прошедший день.")
            raise DayAhead("История показывается на сегодня или на день в прошлом.", errors=[ahead])
        return self.terms.start_of(day + timedelta(days=1)) - timedelta(microseconds=1)

    async def _list_past(
        self, applicant_id: UUID, given: HistoryFilter, page: PageRequest, moment: datetime
    ) -> tuple[list[Row], str | None]:
        """The group is that of the moment, so it is told after reading; a page with little of it is filled up a few times."""
        if given.sort in {Sort.END, Sort.END_NEWEST}:
            wrong = FieldError("#query:sort", "sort-not-kept", "Выберите порядок по началу или по виду.")
            raise SortNotKept("На день в прошлом список упорядочивается по началу или по виду.", errors=[wrong])
        until = moment + timedelta(microseconds=1)
        begun = replace(given, group=None, started_before=min(until, given.started_before or until))
        found: list[Row] = []
        cursor = page.cursor
        for _ in range(_REFILLS):
            rows, cursor = await self.applications.list_own(applicant_id, begun, PageRequest(page.limit - len(found), cursor))
            wholes = await self.applications.list_whole(applicant_id, [row.id for row in rows])
            past = (Row.of(stood) for whole in wholes if (stood := stood_at(whole, moment)) is not None)
            found += [row for row in past if given.group in {None, GROUPS[row.state]}]
            if cursor is None or len(found) == page.limit:
                break
        return found, cursor

    async def export_csv(self, applicant_id: UUID, application_ids: list[UUID]) -> Iterator[bytes]:
        """The chosen applications as CSV, line by line. Raises `ApplicationNotFound` when one is not the person's."""
        rows = await self._chosen(applicant_id, application_ids)
        rules = self.rules_now()
        return csv_lines(HISTORY_HEADER, (history_cells(row, rules, self.terms) for row in rows))

    async def export_pdf(self, applicant_id: UUID, application_ids: list[UUID]) -> bytes:
        """The chosen applications as a PDF table. Raises `ApplicationNotFound` when one is not the person's."""
        rows = await self._chosen(applicant_id, application_ids)
        rules = self.rules_now()
        values = {
            "made_on": day(self.now(), self.terms),
            "header": list(HISTORY_HEADER),
            "rows": [history_cells(row, rules, self.terms) for row in rows],
        }
        return await self.printer.table(values, made_at=self.now())

    async def _chosen(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Row]:
        rows = await self.applications.list_rows(applicant_id, application_ids)
        if len(rows) < len(set(application_ids)):
            raise ApplicationNotFound("Среди выбранных есть заявление, которого у вас нет.")
        return rows
