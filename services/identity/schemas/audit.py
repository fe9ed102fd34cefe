"""Bodies and tables of the auditors' search of the access log."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from contracts.roles import Role
from services.identity.domain.access_log import Action, Outcome, Record

HEADER = (
    *("Запись", "Когда, UTC", "О ком", "Кто", "Роль", "Действие", "Служба", "Что", "Зачем", "Исход"),
    *("Адрес", "Устройство", "Цела"),
)


class AuditedOut(BaseModel):
    """One row of the access log. `is_intact` false: the row is not what was written."""

    entry_id: UUID
    at: datetime
    subject_id: UUID
    actor_id: UUID | None
    actor_role: Role | None
    action: Action
    service: str
    record: str | None
    purpose: str | None
    outcome: Outcome
    address: str | None
    device: str | None
    is_intact: bool

    @classmethod
    def of(cls, record: Record, *, is_intact: bool) -> "AuditedOut":
        """The answer."""
        entry = record.entry
        return cls(
            entry_id=entry.id,
            at=entry.at,
            subject_id=entry.subject_id,
            actor_id=entry.actor_id,
            actor_role=entry.actor_role,
            action=entry.action,
            service=entry.service,
            record=entry.record,
            purpose=entry.purpose,
            outcome=entry.outcome,
            address=entry.address,
            device=entry.device,
            is_intact=is_intact,
        )


def audited_cells(record: Record, *, is_intact: bool) -> tuple[str, ...]:
    """A row of the table, under `HEADER`."""
    entry = record.entry
    said = (entry.id, f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.subject_id, entry.actor_id, entry.actor_role, entry.action, entry.service)
    how = (entry.record, entry.purpose, entry.outcome, entry.address, entry.device, "да" if is_intact else "нет")
    return tuple("" if value is None else str(value) for value in (*said, *how))
