"""Watching terms: what happens when the moment of one comes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.transaction import Transaction, atomic
from contracts.applications import DeadlineMissed, DeadlineNear, DeadlineStillMissed, EscalationDue, TermReached
from services.applications.domain import review
from services.applications.domain.application import Application
from services.applications.domain.terms import ActiveTerm, Term, timer_key
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class TermControl(Room):
    """Reminders, missed terms and what follows while they stay missed, lapsed claims."""

    @atomic
    async def reach_term(self, event: TermReached) -> None:
        """Tell that a term is near or missed, or let a silent claim lapse. A term already met or moved says nothing."""
        async with self.begin(handling=event) as tx:
            application, term = await self._running(tx, event)
            if term is None:
                return
            if Term(event.term) is Term.CLAIM:
                await self._lapse(tx, application)
            elif event.moment == "reminder":
                await tx.publish(DeadlineNear(**await self._deadline(event.term, application, term)))
            else:
                await tx.publish(DeadlineMissed(**await self._deadline(event.term, application, term)))
                await self._plan_escalation(tx, application, Term(event.term), term.due_at, step=2)

    @atomic
    async def escalate(self, event: EscalationDue) -> None:
        """Tell once more that a term stays missed, and plan the next time. A term met or moved meanwhile says nothing."""
        async with self.begin(handling=event) as tx:
            application, term = await self._running(tx, event)
            if term is None:
                return
            await tx.publish(DeadlineStillMissed(step=event.step, **await self._deadline(event.term, application, term)))
            await self._plan_escalation(tx, application, Term(event.term), term.due_at, step=event.step + 1)

    async def _running(self, tx: Transaction, event: TermReached | EscalationDue) -> tuple[Application, ActiveTerm | None]:
        """The application, and its term unless that was met or moved."""
        application = await self.applications.get_any(event.application_id, tx=tx)
        term = application.active_terms().get(Term(event.term))
        return application, term if term is not None and term.due_at == event.due_at else None

    async def _plan_escalation(self, tx: Transaction, application: Application, term: Term, due_at: datetime, *, step: int) -> None:
        at = self.terms.escalation_at(self.now())
        event = EscalationDue(occurred_at=at, application_id=application.id, term=term.value, due_at=due_at, step=step)
        await tx.schedule(timer_key(application.id, term, "escalation"), at, event)

    async def _deadline(self, name: str, application: Application, term: ActiveTerm) -> dict[str, Any]:
        return {
            "occurred_at": self.now(),
            "application_id": application.id,
            "applicant_id": application.applicant_id,
            "number": application.public_number,
            "term": name,
            "responsible": term.responsible,
            "responsible_id": term.responsible_id,
            "due_at": term.due_at,
            "called_ids": () if term.responsible_id else await self._called(application),
        }

    async def _lapse(self, tx: Transaction, application: Application) -> None:
        if application.claim is not None:
            await self._move(tx, review.lapse(application, at=self.now()), read=application)
