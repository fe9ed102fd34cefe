"""The access log: writing to it and reading it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog

from chassis.transaction import Begin, Transaction, atomic
from contracts.access import PersonalDataRead
from contracts.roles import Role
from services.identity.domain.access_log import Action, Entry, Filters, Outcome, Record, entry_id
from services.identity.repository.access_log import AccessLogRepository

SERVICE = "identity"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class AccessUseCases:
    """Who did what with whose data."""

    begin: Begin
    log: AccessLogRepository
    secret: bytes
    now: Callable[[], datetime]

    async def note(
        self,
        tx: Transaction,
        action: Action,
        subject_id: UUID,
        *,
        actor_id: UUID | None,
        actor_role: Role | None = None,
        origin: Origin | None = None,
        record: str | None = None,
        outcome: Outcome = "allowed",
        purpose: str | None = None,
    ) -> None:
        """One more row, in the transaction of what was done. One round trip, and none that waits for another."""
        at = self.now()
        entry = Entry(
            id=entry_id(at, uuid4()),
            at=at,
            subject_id=subject_id,
            actor_id=actor_id,
            actor_role=actor_role,
            action=action,
            service=SERVICE,
            record=record,
            purpose=purpose,
            outcome=outcome,
            address=origin.address if origin else None,
            device=origin.device if origin else None,
        )
        await self.log.append(tx, entry)

    @atomic
    async def record_read(self, event: PersonalDataRead) -> None:
        """Somebody read another person's record in some service."""
        async with self.begin(handling=event) as tx:
            entry = Entry(
                id=entry_id(event.occurred_at, event.event_id),
                at=event.occurred_at,
                subject_id=event.subject_id,
                actor_id=event.reader_id,
                actor_role=event.reader_role,
                action=Action.RECORD_READ,
                service=event.service,
                record=event.record,
                purpose=event.purpose,
                outcome="allowed",
                address=event.address,
            )
            await self.log.append(tx, entry)

    @atomic
    async def page(self, subject_id: UUID, *, limit: int, before_id: UUID | None) -> list[Record]:
        """What was done with a person's data, the latest first."""
        async with self.begin() as tx:
            found = await self.log.page(tx, Filters(subject_id=subject_id, before_id=before_id), limit=limit)
        self._alarm(found)
        return found

    async def of(self, subject_id: UUID, *, portion: int) -> AsyncIterator[Entry]:
        """All of it, read so many rows at a time, for the export of one's own data."""
        async for records in self.log.stream(Filters(subject_id=subject_id), portion=portion):
            for record in records:
                yield record.entry

    def _alarm(self, found: list[Record]) -> None:
        for record in found:
            if not record.is_intact(self.secret):
                log.error("access-log-row-does-not-fit", row_id=str(record.entry.id))
