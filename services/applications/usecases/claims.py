"""Work given out to whoever asks for the next piece of it."""

import hashlib
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis.errors import Conflict, Forbidden, NotFound
from services.applications.domain.application import Application
from services.applications.domain.history import Row
from services.applications.usecases.review import Review


@dataclass(frozen=True, slots=True)
class Claims(Review):
    """Claiming without choosing: as many as ask at the same moment get an application each, if there are as many."""

    candidates_max: int
    """How many of the soonest due are looked at."""

    async def claim_next(self, reviewer_id: UUID) -> Application | None:
        """The soonest due application the reviewer may judge, theirs from now on; None when there is none but those they left before.

        Whoever loses a race goes on with what is still free. Each loss is another one's success, so the race ends, and nobody is sent
        away while something is left.
        """
        member = await self._reviewer(reviewer_id)
        lost: set[UUID] = set()
        while member is not None:
            found = await self.applications.list_unasked(member, limit=self.candidates_max)
            free = [row for row in found if row.id not in lost]
            if not free:
                return None
            wanted = min(free, key=lambda row: self._turn(row, reviewer_id)).id
            try:
                return await self.claim(wanted, reviewer_id)
            except (Conflict, Forbidden, NotFound):  # claimed, withdrawn or no longer theirs to judge since it was listed
                lost.add(wanted)
        return None

    def _turn(self, row: Row, reviewer_id: UUID) -> tuple[date, bytes]:
        """Of what is due on one day each reviewer begins elsewhere, so that they seldom reach for the same."""
        day = self.terms.local_date(row.review_due_at) if row.review_due_at else date.max
        return day, hashlib.blake2b(reviewer_id.bytes + row.id.bytes, digest_size=8).digest()
