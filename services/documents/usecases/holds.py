"""Following applications: what they lock, and who may read for them."""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.transaction import Begin, atomic
from contracts.applications import (
    AppealClaimed,
    AppealDecided,
    AppealFiled,
    AppealReleased,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ApprovalRecommended,
    CertificateIssued,
    DraftSaved,
    InformationProvided,
    InformationRequested,
    ReviewClaimed,
    ReviewReleased,
)
from services.documents.domain.holds import DraftUse, Hold
from services.documents.repository import HoldRepository

News = (
    ApplicationSubmitted
    | InformationRequested
    | InformationProvided
    | ReviewClaimed
    | ReviewReleased
    | ApprovalRecommended
    | ApplicationRejected
    | ApplicationWithdrawn
    | AppealFiled
    | AppealClaimed
    | AppealReleased
    | AppealDecided
    | CertificateIssued
    | DraftSaved
)

_OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Holds:
    """The read model of applications. News may come in any order; each part of it keeps the newest."""

    begin: Begin
    holds: HoldRepository

    async def lock(self, event: ApplicationSubmitted | InformationProvided | AppealFiled) -> None:
        """Handed in, or disputed: its documents stay as they are."""
        await self._change(event, lambda hold: hold.lock(event.version, event.document_ids))

    async def note_draft(self, event: DraftSaved) -> None:
        """Its documents are in use."""
        use = DraftUse(event.document_ids, event.occurred_at)
        await self._change(event, lambda hold: hold.save_draft(event.version, use))

    async def unlock(self, event: InformationRequested) -> None:
        """The flagged documents may be replaced."""
        await self._change(event, lambda hold: hold.unlock(event.version, event.unlocked_document_ids))

    async def give_to_reviewer(self, event: ReviewClaimed | AppealClaimed) -> None:
        """The reviewer may read."""
        await self._change(event, lambda hold: hold.give_to_reviewer(event.version, event.reviewer_id, event.document_ids))

    async def take_from_reviewer(self, event: ReviewReleased | AppealReleased) -> None:
        """The reviewer may no longer read."""
        await self._change(event, lambda hold: hold.take_from_reviewer(event.version))

    async def give_to_registrars(self, event: ApprovalRecommended) -> None:
        """Registrars may read."""
        await self._change(event, lambda hold: hold.give_to_registrars(event.version, event.document_ids))

    async def free(self, event: ApplicationRejected | ApplicationWithdrawn) -> None:
        """Nothing is held any more, and nobody of staff may read."""
        await self._change(event, lambda hold: hold.close(event.version, is_over=True))

    async def settle(self, event: AppealDecided) -> None:
        """A refusal that stays frees the documents; one that falls keeps them as they are for another review."""
        if event.outcome == _OVERTURNED:
            await self._change(event, lambda hold: hold.lock(event.version, event.document_ids).take_from_reviewer(event.version))
        else:
            await self._change(event, lambda hold: hold.close(event.version, is_over=True))

    async def conclude(self, event: CertificateIssued) -> None:
        """Approved: nobody of staff may read any more; the documents stay as they were approved."""
        await self._change(event, lambda hold: hold.close(event.version, is_over=False))

    @atomic
    async def _change(self, event: News, change: Callable[[Hold], Hold]) -> None:
        async with self.begin(handling=event) as tx:
            known = await self.holds.find(event.application_id, tx=tx)
            hold = known or Hold(application_id=event.application_id, applicant_id=event.applicant_id)
            await self.holds.save(tx, change(hold))
