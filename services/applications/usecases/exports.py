"""Exports: the applicant's chosen rows or whole list, the registrar's window of everybody's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.errors import FieldError
from chassis.tables import csv_portions
from chassis.transaction import atomic
from contracts.applications import RegistryExported
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.errors.exports import TooManyRows, WindowUnusable
from services.applications.domain.history import HistoryFilter, Row
from services.applications.domain.states import GROUPS, Group
from services.applications.repository import ExportRepository
from services.applications.usecases.base import Reader, Room
from services.applications.usecases.printing import HISTORY_HEADER, REGISTRY_HEADER, day, history_cells, registry_cells

Portions = AsyncIterator[list[Row]]


@dataclass(frozen=True, slots=True)
class RegistryWindow:
    """Which applications a registrar asks for: handed in on these days, both included; None is no limit."""

    first: date
    last: date
    group: Group | None
    specialty_code: str | None

    def suits(self, row: Row) -> bool:
        """Whether a row of the window is asked for."""
        return self.group in {None, GROUPS[row.state]} and self.specialty_code in {None, row.specialty_code}


@dataclass(frozen=True, slots=True)
class Exports(Room):
    """Files of lists. What is long is CSV: it is written while it is read."""

    exports: ExportRepository
    pdf_rows_max: int
    """Setting a table as pages needs all of it at once."""
    registry_rows_max: int

    async def chosen(self, applicant_id: UUID, application_ids: list[UUID]) -> Portions:
        """The person's applications among these, newest first. Raises `ApplicationNotFound` when one is not the person's."""
        rows = await self.exports.chosen(applicant_id, application_ids)
        if len(rows) < len(set(application_ids)):
            raise ApplicationNotFound("Среди выбранных есть заявление, которого у вас нет.")
        return _one(rows)

    async def whole_list(self, applicant_id: UUID, given: HistoryFilter) -> Portions:
        """All that the person's list shows with the same filter."""
        return await _begun(self.exports.of_person(applicant_id, given))

    def csv(self, portions: Portions) -> AsyncIterator[bytes]:
        """The rows as CSV, portion by portion."""
        rules = self.rules_now()
        return csv_portions(HISTORY_HEADER, ([history_cells(row, rules, self.terms) for row in rows] async for rows in portions))

    async def pdf(self, portions: Portions) -> bytes:
        """The rows as a PDF table. Raises `TooManyRows`."""
        rules = self.rules_now()
        lines: list[list[str]] = []
        async for rows in portions:
            lines += [history_cells(row, rules, self.terms) for row in rows]
            if len(lines) > self.pdf_rows_max:
                raise TooManyRows(f"В PDF помещается не больше {self.pdf_rows_max} строк. Выберите CSV или сузьте период.")
        values = {"made_on": day(self.now(), self.terms), "header": list(HISTORY_HEADER), "rows": lines}
        return await self.printer.table(values, made_at=self.now())

    async def registry_csv(self, window: RegistryWindow, reader: Reader) -> AsyncIterator[bytes]:
        """Everybody's applications of a window as CSV: no names. Who asked and what for is told. Raises `WindowUnusable`, `TooManyRows`."""
        if window.last < window.first:
            wrong = FieldError("#query:handed_in_to", "window-unusable", "Последний день раньше первого.")
            raise WindowUnusable("Укажите дни подачи: с какого и по какой.", errors=[wrong])
        since, before = self.terms.start_of(window.first), self.terms.start_of(window.last + timedelta(days=1))
        if await self.exports.count_handed_in(since, before, limit=self.registry_rows_max + 1) > self.registry_rows_max:
            raise TooManyRows(f"За эти дни подано больше {self.registry_rows_max} заявлений. Сузьте период.")
        await self._tell(window, reader)
        rules, portions = self.rules_now(), await _begun(self.exports.handed_in(since, before, window.suits))
        return csv_portions(REGISTRY_HEADER, ([registry_cells(row, rules, self.terms) for row in rows] async for rows in portions))

    @atomic
    async def _tell(self, window: RegistryWindow, reader: Reader) -> None:
        async with self.begin() as tx:
            await tx.publish(
                RegistryExported(
                    occurred_at=self.now(),
                    reader_id=reader.id,
                    purpose=reader.purpose,
                    first_day=window.first,
                    last_day=window.last,
                    group=None if window.group is None else window.group.value,
                    specialty_code=window.specialty_code,
                    address=reader.address,
                )
            )


async def _begun(portions: Portions) -> Portions:
    """With the first portion read: a store that does not answer is a refusal then, and no file cut short."""
    nothing: list[Row] = []
    first = await anext(portions, nothing)

    async def all_of_them() -> Portions:
        yield first
        async for rows in portions:
            yield rows

    return all_of_them()


async def _one(rows: list[Row]) -> Portions:
    yield rows
