"""Links by which a holder shows a certificate to somebody: for a time, for a number of views, until taken back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Shows(StrEnum):
    """What of the name is shown."""

    SHORT_NAME = "short-name"
    FULL_NAME = "full-name"


@dataclass(frozen=True, slots=True)
class Share:
    """One link; the token in it is known to whoever holds it."""

    id: UUID
    certificate_id: UUID
    holder_id: UUID
    shows: Shows
    made_at: datetime
    expires_at: datetime
    views_max: int
    views: int = 0
    last_viewed_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_open(self, moment: datetime) -> bool:
        """Whether it shows anything."""
        return self.revoked_at is None and moment < self.expires_at and self.views < self.views_max
