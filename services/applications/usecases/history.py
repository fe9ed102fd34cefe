"""The applicant's history: list, protocol, exports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.paging import PageRequest
from chassis.tables import csv_lines
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.history import HistoryFilter, Row, Sort
from services.applications.domain.states import Group
from services.applications.usecases.base import Room
from services.applications.usecases.printing import HISTORY_HEADER, day, history_cells


@dataclass(frozen=True, slots=True)
class Histories(Room):
    """Lists and exports; the protocol is part of the application itself."""

    async def list_history(
        self,
        applicant_id: UUID,
        page: PageRequest,
        *,
        group: Group | None,
        started_from: date | None,
        started_to: date | None,
        sort: Sort,
    ) -> tuple[list[Row], str | None]:
        """One page of the person's applications; both days are included."""
        given = HistoryFilter(
            group=group,
            started_from=self.terms.start_of(started_from) if started_from else None,
            started_before=self.terms.start_of(started_to + timedelta(days=1)) if started_to else None,
            sort=sort,
        )
        return await self.applications.list_own(applicant_id, given, page)

    async def export_csv(self, applicant_id: UUID, application_ids: list[UUID]) -> Iterator[bytes]:
        """The chosen applications as CSV, line by line. Raises `ApplicationNotFound` when one is not the person's."""
        rows = await self._chosen(applicant_id, application_ids)
        return csv_lines(HISTORY_HEADER, (history_cells(row, self.terms) for row in rows))

    async def export_pdf(self, applicant_id: UUID, application_ids: list[UUID]) -> bytes:
        """The chosen applications as a PDF table. Raises `ApplicationNotFound` when one is not the person's."""
        rows = await self._chosen(applicant_id, application_ids)
        values = {
            "made_on": day(self.now(), self.terms),
            "header": list(HISTORY_HEADER),
            "rows": [history_cells(row, self.terms) for row in rows],
        }
        return await self.printer.table(values, made_at=self.now())

    async def _chosen(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Row]:
        rows = await self.applications.list_rows(applicant_id, application_ids)
        if len(rows) < len(set(application_ids)):
            raise ApplicationNotFound("Среди выбранных есть заявление, которого у вас нет.")
        return rows
