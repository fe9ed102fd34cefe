"""What all use-cases of appeals stand on: appeal and application are saved together, and its terms are kept in step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.transaction import Transaction
from contracts.applications import AppealReleased, AppealTermReached
from contracts.roles import Role
from services.applications.domain.appeals import Appeal, judging
from services.applications.domain.appeals.judging import Case
from services.applications.domain.facts import OwnedDocument
from services.applications.repository import AppealRepository
from services.applications.usecases.base import TOLD_MAX, Room


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads, in which roles and from where: applicants read their own, staff read any, and their readings are logged."""

    id: UUID
    roles: frozenset[Role]
    address: str | None


@dataclass(frozen=True, slots=True)
class OpenedAppeal:
    """An appeal with the application it is about and the documents as they are now."""

    case: Case
    documents: dict[UUID, OwnedDocument]


@dataclass(frozen=True, slots=True)
class AppealRoom(Room):
    """The shared fields and one more store."""

    appeals: AppealRepository

    async def _keep_case(self, tx: Transaction, case: Case, *, read: Case) -> None:
        await self._keep(tx, case.application, read=read.application)
        await self.appeals.save(tx, case.appeal, read=read.appeal)
        await self._keep_terms(tx, case.appeal, before=self._moments(read.appeal))

    async def _keep_terms(self, tx: Transaction, appeal: Appeal, *, before: dict[str, datetime]) -> None:
        after = self._moments(appeal)
        for moment in before.keys() | after.keys():
            if before.get(moment) == after.get(moment):
                continue
            key = f"appeal:{appeal.id}:{moment}"
            if moment in after:
                at = after[moment]
                event = AppealTermReached(occurred_at=at, appeal_id=appeal.id, moment=moment, due_at=at)
                await tx.schedule(key, at, event)
            else:
                await tx.cancel(key)
        if before and not after:
            await tx.cancel(f"appeal:{appeal.id}:escalation")

    async def _plan_escalation(self, tx: Transaction, appeal: Appeal, *, step: int) -> None:
        """To be told again while it stays missed; the term it is about is the appeal's."""
        at = self.terms.escalation_at(self.now())
        event = AppealTermReached(occurred_at=at, appeal_id=appeal.id, moment="escalation", due_at=appeal.due_at, step=step)
        await tx.schedule(f"appeal:{appeal.id}:escalation", at, event)

    def _moments(self, appeal: Appeal) -> dict[str, datetime]:
        """When something is to happen to an appeal that runs."""
        if not appeal.is_running:
            return {}
        reminder_at = self.terms.reminder_at(appeal.due_at)
        moments = {"due": appeal.due_at} | ({"reminder": reminder_at} if reminder_at > appeal.filed_at else {})
        return moments | ({"claim": appeal.claim.due_at} if appeal.claim else {})

    async def _case(self, tx: Transaction, appeal: Appeal) -> Case:
        return Case(appeal, await self.applications.get_any(appeal.application_id, tx=tx))

    async def _judges(self, case: Case) -> tuple[UUID, ...]:
        """Who is told that it waits for one of them."""
        return judging.judges(case, (await self.facts.all_staff()).values())[:TOLD_MAX]

    async def _tell_freed(self, tx: Transaction, case: Case, reviewer_id: UUID, *, is_lapsed: bool = False) -> None:
        await tx.publish(AppealReleased(**about(case, self.now()), reviewer_id=reviewer_id, is_lapsed=is_lapsed))


def about(case: Case, at: datetime) -> dict[str, Any]:
    """What every event of an appeal says; its order is that of the application."""
    return {
        "occurred_at": at,
        "version": case.application.version,
        "application_id": case.application.id,
        "applicant_id": case.application.applicant_id,
        "number": case.application.public_number,
        "appeal_id": case.appeal.id,
        "appeal_number": case.appeal.number,
    }
