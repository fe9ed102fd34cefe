"""Watching terms: what happens when the moment of one comes."""

from dataclasses import dataclass

from chassis.transaction import Transaction, atomic
from contracts.applications import DeadlineMissed, DeadlineNear, TermReached
from services.applications.domain import review
from services.applications.domain.application import Application
from services.applications.domain.terms import ActiveTerm, Term
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class TermControl(Room):
    """Reminders, missed terms, lapsed claims."""

    @atomic
    async def reach_term(self, event: TermReached) -> None:
        """Tell that a term is near or missed, or let a silent claim lapse. A term already met or moved says nothing."""
        async with self.begin(handling=event) as tx:
            application = await self.applications.get_any(event.application_id, tx=tx)
            term = application.active_terms().get(Term(event.term))
            if term is None or term.due_at != event.due_at:
                return
            if Term(event.term) is Term.CLAIM:
                await self._lapse(tx, application)
            else:
                await tx.publish(self._deadline(event, application, term))

    def _deadline(self, event: TermReached, application: Application, term: ActiveTerm) -> DeadlineNear | DeadlineMissed:
        kind = DeadlineNear if event.moment == "reminder" else DeadlineMissed
        return kind(
            occurred_at=self.now(),
            application_id=application.id,
            applicant_id=application.applicant_id,
            number=application.public_number,
            term=event.term,
            responsible=term.responsible,
            responsible_id=term.responsible_id,
            due_at=term.due_at,
        )

    async def _lapse(self, tx: Transaction, application: Application) -> None:
        holder = application.claim
        if holder is None:
            return
        released = review.lapse(application, at=self.now())
        await self._keep(tx, released, read=application)
        await self._tell_released(tx, released, holder.reviewer_id)
