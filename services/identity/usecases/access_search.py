"""What auditors look for in the access log. Whose data they saw, and why, is in the log as well."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

import structlog

from chassis.transaction import Begin, Transaction, atomic
from contracts.roles import Role
from services.identity.domain.access_log import Action, Entry, Filters, Record, SearchReason, entry_id
from services.identity.repository.access_log import AccessLogRepository
from services.identity.usecases.access import SERVICE, Origin

log = structlog.get_logger()
_PORTION = 500
_REMEMBERED = 50_000
"""People an export has already been noted for; beyond that somebody may be noted twice."""


@dataclass(frozen=True, slots=True)
class Search:
    """Who looks for what, and why."""

    auditor_id: UUID
    origin: Origin
    reason: SearchReason
    case_number: str | None
    filters: Filters

    @property
    def purpose(self) -> str:
        """For the access log."""
        return str(self.reason) if self.case_number is None else f"{self.reason} {self.case_number}"


@dataclass(frozen=True, slots=True)
class AccessSearchUseCases:
    """Search and export for auditors."""

    begin: Begin
    log: AccessLogRepository
    secret: bytes
    now: Callable[[], datetime]

    @atomic
    async def page(self, search: Search, *, limit: int) -> list[tuple[Record, bool]]:
        """Rows that fit, the latest first, and whether each says what was written. One row more about each person among them."""
        async with self.begin() as tx:
            found = await self.log.page(tx, search.filters, limit=limit)
            people = [self._concerned(search), *(record.entry.subject_id for record in found)]
            await self._note(tx, Action.LOG_SEARCHED, search, people)
        return self._checked(found)

    async def export(self, search: Search) -> AsyncIterator[list[tuple[Record, bool]]]:
        """All rows that fit, some at a time; what the export itself adds to the log is not among them."""
        filters, at = search.filters, self.now()
        bounded = replace(filters, to_at=at if filters.to_at is None else filters.to_at)
        noted = {self._concerned(search)}
        await self._note_export(search, noted)
        async for found in self.log.stream(bounded, portion=_PORTION):
            fresh = {record.entry.subject_id for record in found} - noted
            if fresh:
                await self._note_export(search, fresh)
            noted = fresh if len(noted) > _REMEMBERED else noted | fresh
            yield self._checked(found)

    @atomic
    async def _note_export(self, search: Search, people: set[UUID]) -> None:
        async with self.begin() as tx:
            await self._note(tx, Action.LOG_EXPORTED, search, people)

    async def _note(self, tx: Transaction, action: Action, search: Search, people: Iterable[UUID]) -> None:
        at = self.now()
        entries = [
            Entry(
                id=entry_id(at, uuid4()),
                at=at,
                subject_id=person_id,
                actor_id=search.auditor_id,
                actor_role=Role.AUDITOR,
                action=action,
                service=SERVICE,
                record="access-log",
                purpose=search.purpose,
                outcome="allowed",
                address=search.origin.address,
                device=search.origin.device,
            )
            for person_id in dict.fromkeys(people)
        ]
        await self.log.append_all(tx, entries)

    def _concerned(self, search: Search) -> UUID:
        """Whose data is looked for; of a search for nobody in particular the auditor's own."""
        return search.filters.subject_id or search.filters.actor_id or search.auditor_id

    def _checked(self, found: list[Record]) -> list[tuple[Record, bool]]:
        checked = [(record, record.is_intact(self.secret)) for record in found]
        for record, is_intact in checked:
            if not is_intact:
                log.error("access-log-row-does-not-fit", row_id=str(record.entry.id))
        return checked
