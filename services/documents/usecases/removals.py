"""Removing everything of an owner there is no account of: first the rows, so that nothing becomes a file any more, then the bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.transaction import Begin, atomic
from contracts.documents import RemovalTermReached
from contracts.identity import PersonErased, RegistrationLapsed
from services.documents.gateways.files import Files
from services.documents.gateways.quarantine import Quarantine
from services.documents.repository import DocumentRepository, HoldRepository, ProfileRepository, RenditionRepository, Traces


@dataclass(frozen=True, slots=True)
class Removals:
    """Retention: what nobody owns any more is not kept. All of it bears repetition."""

    begin: Begin
    documents: DocumentRepository
    traces: Traces
    renditions: RenditionRepository
    holds: HoldRepository
    profiles: ProfileRepository
    files: Files
    quarantine: Quarantine
    now: Callable[[], datetime]
    second_look: timedelta
    """After this time nothing that was on its way during the removal can still arrive."""

    async def remove_lapsed(self, event: RegistrationLapsed) -> None:
        """Nobody completed the registration: its scans go."""
        await self._remove(event.owner_id)
        await self._note(event, event.owner_id)

    async def remove_erased(self, event: PersonErased) -> None:
        """Identity decided that nothing is to be kept any more; late news of the person's applications must not bring anything back."""
        await self._let_pass(event.person_id)
        await self._remove(event.person_id)
        await self._note(event, event.person_id)

    async def look_again(self, event: RemovalTermReached) -> None:
        """Remove what an upload brought that had begun before the removal."""
        await self._remove(event.owner_id)
        await self._note(event, event.owner_id)

    async def _remove(self, owner_id: UUID) -> None:
        await self._forget(owner_id)
        await self.files.delete_all(owner_id)
        await self.quarantine.delete_all(owner_id)

    @atomic
    async def _let_pass(self, person_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            await tx.forget(person_id)

    @atomic
    async def _forget(self, owner_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            await self.documents.remove_all(tx, owner_id)
            await self.traces.remove_all(tx, owner_id)
            await self.renditions.remove_all(tx, owner_id)
            await self.holds.remove_all(tx, owner_id)
            await self.profiles.remove(tx, owner_id)

    @atomic
    async def _note(self, event: RegistrationLapsed | PersonErased | RemovalTermReached, owner_id: UUID) -> None:
        """The work is done; the first time, have it looked at once more."""
        at = self.now()
        async with self.begin(handling=event) as tx:
            if not isinstance(event, RemovalTermReached):
                again = RemovalTermReached(occurred_at=at, owner_id=owner_id)
                await tx.schedule(f"removal:{owner_id}", at + self.second_look, again)
