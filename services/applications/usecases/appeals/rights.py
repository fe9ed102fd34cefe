"""A person's rights over what they wrote in appeals."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.mongo import Document
from chassis.transaction import atomic
from contracts.applications import AppealDecided
from services.applications.domain.appeals import judging
from services.applications.usecases.appeals.base import AppealRoom, about


@dataclass(frozen=True, slots=True)
class Rights(AppealRoom):
    """Part of the person's export, part of the person's erasure."""

    def export(self, person_id: UUID) -> AsyncIterator[Document]:
        """Every appeal of the person, the last first."""
        return self.appeals.export(person_id)

    async def forget(self, person_id: UUID) -> None:
        """Every appeal becomes a bare record, one transaction each; the whole bears repetition."""
        async for appeal_id in self.appeals.ids_of(person_id):
            await self._anonymise(appeal_id)

    @atomic
    async def _anonymise(self, appeal_id: UUID) -> None:
        """One that still runs is taken back first: nobody is there any more to hear of a decision."""
        at = self.now()
        async with self.begin(is_last=False) as tx:
            read = await self._case(tx, await self.appeals.get_any(appeal_id, tx=tx))
            if read.appeal.anonymised_at is not None:
                return
            case = judging.withdraw(read, at=at) if read.appeal.is_running else read
            bare = replace(case, appeal=case.appeal.anonymised(at=at))
            if case is read:
                await self.appeals.save(tx, bare.appeal, read=read.appeal)
                return
            await self._keep_case(tx, bare, read=read)
            outcome = judging.outcome_of(case.appeal).value
            await tx.publish(AppealDecided(**about(case, at), outcome=outcome, document_ids=case.application.document_ids))
