"""Bodies of the access log."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from contracts.roles import Role
from services.identity.domain.access_log import Action, ChainedEntry


class AccessOut(BaseModel):
    """One row of the access log about the caller. Network addresses are shown of the caller's own acts and of refused sign-ins."""

    sequence: int
    at: datetime
    action: Action
    is_own: bool
    actor_role: Role | None
    service: str
    record: str | None
    purpose: str | None
    outcome: Literal["allowed", "refused"]
    address: str | None

    @classmethod
    def of(cls, row: ChainedEntry) -> "AccessOut":
        """The answer."""
        entry = row.entry
        is_own = entry.actor_id == entry.subject_id
        return cls(
            sequence=row.sequence,
            at=entry.at,
            action=entry.action,
            is_own=is_own,
            actor_role=entry.actor_role,
            service=entry.service,
            record=entry.record,
            purpose=entry.purpose,
            outcome=entry.outcome,
            address=entry.address if is_own or entry.actor_id is None else None,
        )
