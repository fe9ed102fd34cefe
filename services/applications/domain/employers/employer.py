"""An organisation whose programs ask about certificates with a key of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Employer:
    """An organisation; its key is known to itself alone."""

    id: UUID
    name: str
    ogrn: str
    contact_email: str
    made_at: datetime
    made_by: UUID
    ended_at: datetime | None = None

    def ended(self, at: datetime) -> "Employer":
        """Without access; the first time counts."""
        return self if self.ended_at else replace(self, ended_at=at)
