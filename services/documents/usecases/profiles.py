"""Following profiles: what the registries confirmed, when it holds no longer, and which documents are to be compared with it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import CheckRequested
from contracts.identity import ProfileChanged, ProfileFacts, ProfileRefused, ProfileVerified
from services.documents.domain.checks import Step
from services.documents.domain.consistency import is_to_be_compared_anew
from services.documents.domain.profiles import Profile
from services.documents.domain.rules import RULES
from services.documents.repository import DocumentRepository, ProfileRepository
from services.documents.usecases.checks.common import names_of

_COMPARED = frozenset(rule.document_type for rule in RULES.values() if rule.fields)
News = ProfileVerified | ProfileChanged | ProfileRefused


@dataclass(frozen=True, slots=True)
class Profiles:
    """The read model of profiles. News may come in any order; the newest stays."""

    begin: Begin
    profiles: ProfileRepository
    documents: DocumentRepository
    now: Callable[[], datetime]
    documents_per_owner: int

    async def confirm(self, event: ProfileVerified) -> None:
        """The registries confirmed these facts: every current file that has to agree with them is compared once more.

        The facts are there before the files are looked for: a file that is not found yet is compared with them at its own check.
        """
        await self._keep(event)
        await self._compare(event)

    async def doubt(self, event: ProfileRefused) -> None:
        """The registries disagree: there is nothing to compare documents with."""
        await self._doubt(event)

    async def change(self, event: ProfileChanged) -> None:
        """Other facts, which the registries have yet to confirm. What needs no confirmation is not in any document."""
        if event.is_to_be_verified:
            await self._doubt(event)

    async def known(self, practitioner_id: UUID) -> Profile:
        """What is known of a profile, and be it nothing."""
        return await self.profiles.find(practitioner_id) or Profile(practitioner_id)

    @atomic
    async def _keep(self, event: ProfileVerified) -> None:
        async with self.begin(is_last=False) as tx:
            await self._learn(tx, event, event.facts)

    @atomic
    async def _compare(self, event: ProfileVerified) -> None:
        async with self.begin(handling=event) as tx:
            known = await self.profiles.find(event.practitioner_id, tx=tx)
            if known is None or known.version != event.version:
                return
            owned = await self.documents.list(event.practitioner_id, types=_COMPARED, limit=self.documents_per_owner, after=None)
            for document in owned:
                file = document.current
                if file is not None and is_to_be_compared_anew(document.rule, file):
                    names = names_of(document, file, at=self.now())
                    await tx.publish(CheckRequested(attempt=1, steps=(Step.CONSISTENCY.value,), reason="profile", **names))

    @atomic
    async def _doubt(self, event: News) -> None:
        async with self.begin(handling=event) as tx:
            await self._learn(tx, event, None)

    async def _learn(self, tx: Transaction, event: News, facts: ProfileFacts | None) -> None:
        known = await self.profiles.find(event.practitioner_id, tx=tx) or Profile(event.practitioner_id)
        told = known.told(event.version, facts)
        if told is not known:
            await self.profiles.save(tx, told)
