"""Step-up: a fresh second factor for a session that is open already."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import NotFound, TooManyRequests
from services.identity.domain.codes import CodeRefused, OneTimeCode


class NoSuchStepUp(NotFound):
    """No step-up of this id in the caller's session."""

    code = "no-such-step-up"


class StepUpsLocked(TooManyRequests):
    """Far too many wrong codes; wait for long."""

    code = "step-ups-locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """One step-up of one session."""

    id: UUID
    session_id: UUID
    person_id: UUID
    created_at: datetime
    code: OneTimeCode
    version: int = 0

    def tried(self, digest: bytes, at: datetime) -> "tuple[StepUp, CodeRefused | None]":
        """After one try, to be stored in any case, and why the try was refused; None means it was right."""
        code, refused = self.code.tried(digest, at)
        return replace(self, code=code), refused
