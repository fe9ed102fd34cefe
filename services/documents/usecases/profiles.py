"""Following profiles: what the registries confirmed, and when it holds no longer."""

from dataclasses import dataclass
from uuid import UUID

from chassis.transaction import Begin, atomic
from contracts.identity import ProfileChanged, ProfileFacts, ProfileRefused, ProfileVerified
from services.documents.domain.profiles import Profile
from services.documents.repository import ProfileRepository

News = ProfileVerified | ProfileChanged | ProfileRefused


@dataclass(frozen=True, slots=True)
class Profiles:
    """The read model of profiles. News may come in any order; the newest stays."""

    begin: Begin
    profiles: ProfileRepository

    async def confirm(self, event: ProfileVerified) -> None:
        """The registries confirmed these facts."""
        await self._tell(event, event.facts)

    async def doubt(self, event: ProfileRefused) -> None:
        """The registries disagree: there is nothing to compare documents with."""
        await self._tell(event, None)

    async def change(self, event: ProfileChanged) -> None:
        """Other facts, which the registries have yet to confirm. What needs no confirmation is not in any document."""
        if event.is_to_be_verified:
            await self._tell(event, None)

    async def known(self, practitioner_id: UUID) -> Profile:
        """What is known of a profile, and be it nothing."""
        return await self.profiles.find(practitioner_id) or Profile(practitioner_id)

    @atomic
    async def _tell(self, event: News, facts: ProfileFacts | None) -> None:
        async with self.begin(handling=event) as tx:
            known = await self.profiles.find(event.practitioner_id, tx=tx) or Profile(event.practitioner_id)
            told = known.told(event.version, facts)
            if told is not known:
                await self.profiles.save(tx, told)
