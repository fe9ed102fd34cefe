"""The access log: writing to it, reading one's own, proving that nothing was changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.access import PersonalDataRead
from contracts.roles import Role
from services.identity.domain.access_log import Action, ChainedEntry, Entry, first_break
from services.identity.repository.access_log import AccessLogRepository

SERVICE = "identity"


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
        outcome: Literal["allowed", "refused"] = "allowed",
    ) -> None:
        """One more row, in the transaction of what was done."""
        entry = Entry(
            id=uuid4(),
            at=self.now(),
            subject_id=subject_id,
            actor_id=actor_id,
            actor_role=actor_role,
            action=action,
            service=SERVICE,
            record=record,
            purpose=None,
            outcome=outcome,
            address=origin.address if origin else None,
        )
        await self.log.append(tx, entry)

    @atomic
    async def record_read(self, event: PersonalDataRead) -> None:
        """Somebody read another person's record in some service."""
        async with self.begin(handling=event) as tx:
            entry = Entry(
                id=event.event_id,
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
    async def page(self, subject_id: UUID, *, limit: int, before: int | None) -> list[ChainedEntry]:
        """What was done with a person's data, the latest first."""
        async with self.begin() as tx:
            return await self.log.page(tx, subject_id, limit=limit, before=before)

    @atomic
    async def first_break(self, subject_id: UUID) -> int | None:
        """The number of the first row of a person's chain that is not as it was written; None for a whole chain."""
        async with self.begin() as tx:
            head = await self.log.head(tx, subject_id)
        rows = [row async for row in self.log.chain_of(subject_id) if row.sequence <= head[0]]
        return first_break(rows, head=head, secret=self.secret)
