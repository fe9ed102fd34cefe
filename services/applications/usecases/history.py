"""The applicant's history, now or as of a past day."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.errors import FieldError
from chassis.paging import PageRequest
from services.applications.domain.as_of import as_of as stood_at
from services.applications.domain.errors.exports import WindowUnusable
from services.applications.domain.errors.history import SortNotKept
from services.applications.domain.history import HistoryFilter, Row, Sort
from services.applications.domain.states import GROUPS, Group
from services.applications.usecases.base import Room

_REFILLS = 5
"""Pages read at most for one page of a past day: each is decrypted whole."""


@dataclass(frozen=True, slots=True)
class Histories(Room):
    """Lists."""

    def filter_of(self, *, group: Group | None, started_from: date | None, started_to: date | None, sort: Sort) -> HistoryFilter:
        """Which applications of the list are meant; both days are included. Raises `WindowUnusable`."""
        if started_from and started_to and started_to < started_from:
            wrong = FieldError("#query:started_to", "window-unusable", "Последний день раньше первого.")
            raise WindowUnusable("Укажите дни начала: с какого и по какой.", errors=[wrong])
        return HistoryFilter(
            group=group,
            started_from=self.terms.start_of(started_from) if started_from else None,
            started_before=self.terms.start_of(started_to + timedelta(days=1)) if started_to else None,
            sort=sort,
        )

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

        With `as_of` as they stood at the end of that day. Raises `DayAhead`, `SortNotKept`, `WindowUnusable`.
        """
        given = self.filter_of(group=group, started_from=started_from, started_to=started_to, sort=sort)
        if as_of is None:
            return await self.applications.list_own(applicant_id, given, page)
        return await self._list_past(applicant_id, given, page, self.end_of_past(as_of))

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
