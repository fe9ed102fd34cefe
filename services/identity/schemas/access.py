"""Bodies of the access log."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from contracts.roles import Role
from services.identity.domain.access_log import Action, Outcome, Record


class AccessOut(BaseModel):
    """One row of the access log about the caller. Who else it was is said by role, not by name.

    Address and device are shown of the caller's own acts and of refused sign-ins.
    """

    entry_id: UUID
    at: datetime
    action: Action
    is_own: bool
    actor_role: Role | None
    service: str
    record: str | None
    purpose: str | None
    outcome: Outcome
    address: str | None
    device: str | None

    @classmethod
    def of(cls, record: Record) -> "AccessOut":
        """The answer."""
        entry = record.entry
        is_own = entry.actor_id == entry.subject_id
        is_origin_shown = is_own or entry.actor_id is None
        return cls(
            entry_id=entry.id,
            at=entry.at,
            action=entry.action,
            is_own=is_own,
            actor_role=entry.actor_role,
            service=entry.service,
            record=entry.record,
            purpose=entry.purpose,
            outcome=entry.outcome,
            address=entry.address if is_origin_shown else None,
            device=entry.device if is_origin_shown else None,
        )
