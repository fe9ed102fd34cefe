"""Taking once more the step that an application lacks."""

from dataclasses import dataclass

from chassis.transaction import atomic
from contracts.applications import ApplicationPushed
from services.applications.domain.states import State
from services.applications.domain.terms import Term
from services.applications.domain.timers import timers_of
from services.applications.usecases.automatic_check import AutomaticCheck
from services.applications.usecases.certificates import Certificates


@dataclass(frozen=True, slots=True)
class Pushing(AutomaticCheck, Certificates):
    """What an operator may set going again. Nothing that went on meanwhile is done twice."""

    async def push(self, event: ApplicationPushed) -> None:
        """The certificate of an approval; else the automatic stage, the freeing of what nobody holds, the timers of terms."""
        application = await self.applications.get_any(event.application_id)
        if application.state is State.APPROVED:
            await self.issue_certificate(event)
        else:
            await self._take_step(event)

    @atomic
    async def _take_step(self, event: ApplicationPushed) -> None:
        async with self.begin(handling=event) as tx:
            application = await self.applications.get_any(event.application_id, tx=tx)
            running = application.active_terms()
            for term in (Term(name) for name in event.terms):
                if term in running:
                    due_at, now = running[term].due_at, self.now()
                    await self._schedule(tx, application, timers_of(application.id, term, due_at, now=now, terms=self.terms))
            if await self._free(tx, application) is application:
                await self._run(tx, application)
