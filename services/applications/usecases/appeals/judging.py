"""The reviewers' work on appeals, and what happens when their terms come."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.errors import Conflict, Forbidden, NotFound
from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.applications import AppealClaimed, AppealDecided, AppealTermReached, DeadlineMissed, DeadlineNear, DeadlineStillMissed
from contracts.roles import Role
from services.applications.domain.appeals import Appeal, AppealRow, Outcome, judging
from services.applications.domain.appeals.judging import Case
from services.applications.domain.errors.appeals import AppealNotFound
from services.applications.usecases.appeals.base import AppealRoom, OpenedAppeal, Viewer, about
from services.applications.usecases.base import Reader

_CANDIDATES = 20
"""Appeals tried for one reviewer; there are few of them, and each of those lost was taken by somebody else."""
_TERM = "appeal"


@dataclass(frozen=True, slots=True)
class Judging(AppealRoom):
    """Another reviewer than those who spoke."""

    async def list_queue(self, reviewer_id: UUID, page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """What the reviewer holds or may claim; nothing for somebody identity has not told about."""
        member = await self.facts.staff_member(reviewer_id)
        if member is None:
            return [], None
        return await self.appeals.list_queue(reviewer_id, member.specialty_codes, page)

    async def claim_next(self, reviewer_id: UUID) -> Appeal | None:
        """The soonest due that the reviewer may judge; None when there is none."""
        member = await self.facts.staff_member(reviewer_id)
        if member is None:
            return None
        for appeal_id in await self.appeals.claimable(reviewer_id, member.specialty_codes, limit=_CANDIDATES):
            try:
                return await self.claim(appeal_id, reviewer_id)
            except (Conflict, Forbidden, NotFound):  # claimed, decided or no longer theirs to judge since it was listed
                continue
        return None

    @atomic
    async def claim(self, appeal_id: UUID, reviewer_id: UUID) -> Appeal:
        """Take an appeal from the queue. Raises `AppealNotFound`, `AlreadyClaimed`, `ConflictOfInterest`, `IllegalMove`."""
        async with self.begin() as tx:
            member = await self.facts.staff_member(reviewer_id, tx=tx)
            if member is None:
                raise AppealNotFound("Такой жалобы нет.")
            read = await self._case(tx, await self.appeals.get_any(appeal_id, tx=tx))
            case = judging.claim(read, member, at=self.now(), terms=self.terms)
            if case is not read:
                await self._keep_case(tx, case, read=read)
                await tx.publish(AppealClaimed(**about(case, self.now()), reviewer_id=reviewer_id, document_ids=case.document_ids))
        return case.appeal

    @atomic
    async def release(self, appeal_id: UUID, reviewer_id: UUID) -> None:
        """Give an appeal back. Raises `AppealNotFound` for one the reviewer does not hold."""
        async with self.begin() as tx:
            read = await self._case(tx, await self.appeals.get_held(appeal_id, reviewer_id, tx=tx))
            case = judging.release(read, reviewer_id, at=self.now())
            await self._keep_case(tx, case, read=read)
            await self._tell_freed(tx, case, reviewer_id)

    @atomic
    async def open_review(self, appeal_id: UUID, viewer: Viewer) -> OpenedAppeal:
        """The appeal a reviewer holds, with its application. The applicant sees that it was read."""
        async with self.begin() as tx:
            case = await self._case(tx, await self.appeals.get_held(appeal_id, viewer.id, tx=tx))
            documents = await self.facts.documents(case.document_ids, tx=tx)
            await self._log_read(tx, case.application, Reader(viewer.id, Role.REVIEWER, viewer.address, "appeal"))
        return OpenedAppeal(case, documents)

    @atomic
    async def decide(self, appeal_id: UUID, reviewer_id: UUID, outcome: Outcome, text: str) -> Appeal:
        """The refusal stays or falls. Raises `AppealNotFound` for one the reviewer does not hold, `ConflictOfInterest`, `IllegalMove`."""
        async with self.begin() as tx:
            read = await self._case(tx, await self.appeals.get_held(appeal_id, reviewer_id, tx=tx))
            case = judging.decide(read, await self._member(tx, reviewer_id), outcome, text, at=self.now(), terms=self.terms)
            await self._keep_case(tx, case, read=read)
            decided = judging.outcome_of(case.appeal).value
            await tx.publish(AppealDecided(**about(case, self.now()), outcome=decided, document_ids=case.application.document_ids))
        return case.appeal

    @atomic
    async def reach_term(self, event: AppealTermReached) -> None:
        """Tell that the term is near, missed or still missed, or let a silent claim lapse. A term already met or moved says nothing."""
        async with self.begin(handling=event) as tx:
            appeal = await self.appeals.get_any(event.appeal_id, tx=tx)
            is_missed = event.moment == "escalation" and appeal.is_running and appeal.due_at == event.due_at
            if not is_missed and self._moments(appeal).get(event.moment) != event.due_at:
                return
            case = await self._case(tx, appeal)
            if event.moment == "claim":
                await self._lapse(tx, case)
            elif event.moment == "reminder":
                await tx.publish(DeadlineNear(**await self._deadline(case)))
            elif is_missed:
                await tx.publish(DeadlineStillMissed(step=event.step, **await self._deadline(case)))
                await self._plan_escalation(tx, appeal, step=event.step + 1)
            else:
                await tx.publish(DeadlineMissed(**await self._deadline(case)))
                await self._plan_escalation(tx, appeal, step=2)

    async def _deadline(self, case: Case) -> dict[str, Any]:
        return {
            "occurred_at": self.now(),
            "application_id": case.application.id,
            "applicant_id": case.application.applicant_id,
            "number": case.application.public_number,
            "term": _TERM,
            "responsible": "reviewer",
            "responsible_id": case.appeal.claim.reviewer_id if case.appeal.claim else None,
            "due_at": case.appeal.due_at,
            "called_ids": () if case.appeal.claim else await self._judges(case),
            "appeal_id": case.appeal.id,
            "appeal_number": case.appeal.number,
        }

    async def _lapse(self, tx: Transaction, case: Case) -> None:
        holder = case.appeal.claim
        if holder is None:
            return
        lapsed = judging.lapse(case, at=self.now())
        await self._keep_case(tx, lapsed, read=case)
        await self._tell_freed(tx, lapsed, holder.reviewer_id, is_lapsed=True)
