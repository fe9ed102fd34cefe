"""Applications nobody took are given to somebody, and registrars give them to somebody else."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.applications import AssignmentDue
from services.applications.domain import assignment
from services.applications.domain.application import SYSTEM, Actor, Application
from services.applications.domain.errors.review import NoReviewer, NotAReviewer
from services.applications.domain.facts import StaffMember
from services.applications.domain.history import Row
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class Assignment(Room):
    """Claiming stays free; this is for what is left over."""

    @atomic
    async def assign_unclaimed(self, event: AssignmentDue) -> None:
        """Give it to the least loaded who may judge it. If there is nobody, ask again as much later: the watch tells of it."""
        async with self.begin(handling=event) as tx:
            application = await self.applications.get_any(event.application_id, tx=tx)
            if not application.is_queued:
                return
            member = await self._least_loaded(tx, application)
            if member is None:
                await self._plan_assignment(tx, application)
            else:
                await self._give(tx, application, member, by=SYSTEM)

    @atomic
    async def reassign(self, application_id: UUID, reviewer_id: UUID | None, registrar_id: UUID) -> Application:
        """Give an application to this reviewer, or to the one whom the system would choose.

        Raises `ApplicationNotFound` for one no reviewer is to judge now, `NotAReviewer`, `NoReviewer`, `ConflictOfInterest`.
        """
        async with self.begin() as tx:
            application = await self.applications.get_in_review(application_id, tx=tx)
            member = await self._named(tx, application, reviewer_id)
            return await self._give(tx, application, member, by=assignment.registrar(registrar_id))

    async def list_in_review(self, page: PageRequest) -> tuple[list[Row], str | None]:
        """What reviewers have to judge, with who holds it."""
        return await self.applications.list_in_review(page)

    async def candidates(self, application_id: UUID) -> list[assignment.Load]:
        """Who may be named, the system's choice first and who gave it back last.

        Raises `ApplicationNotFound` for one no reviewer is to judge now.
        """
        application = await self.applications.get_in_review(application_id)
        return sorted(await self._loads(application, assignment.candidates(application, await self._staff())))

    async def _named(self, tx: Transaction, application: Application, reviewer_id: UUID | None) -> StaffMember:
        if reviewer_id is None:
            member = await self._least_loaded(tx, application)
            if member is None:
                raise await self._no_reviewer(application)
        else:
            member = await self.facts.staff_member(reviewer_id, tx=tx)
            if member is None:
                raise NotAReviewer("Такого эксперта нет. Выберите эксперта этой специальности или оставьте выбор системе.")
        return member

    async def _least_loaded(self, tx: Transaction, application: Application) -> StaffMember | None:
        loads = await self._loads(application, assignment.eligible(application, await self._staff()), tx=tx)
        return min(loads).member if loads else None

    async def _no_reviewer(self, application: Application) -> NoReviewer:
        if assignment.candidates(application, await self._staff()):
            return NoReviewer(
                "Эксперты, которые могут рассмотреть это заявление, сами его вернули. Назначьте одного из них или добавьте нового."
            )
        return NoReviewer("Эксперта, который может рассмотреть это заявление, нет. Добавьте эксперта этой специальности.")

    async def _staff(self) -> Collection[StaffMember]:
        return (await self.facts.all_staff()).values()

    async def _loads(self, application: Application, found: list[StaffMember], *, tx: Transaction | None = None) -> list[assignment.Load]:
        given = await self.facts.given_at([one.id for one in found], tx=tx)
        held = {one.id: await self.applications.count_held(one.id, tx=tx) for one in found}
        return [assignment.Load(one, held[one.id], given.get(one.id), assignment.left_how(application, one)) for one in found]

    async def _give(self, tx: Transaction, application: Application, member: StaffMember, *, by: Actor) -> Application:
        """Noting the turn makes two that choose the same reviewer at once conflict: the second weighs the loads anew."""
        assigned = assignment.assign(application, member, by=by, at=self.now(), terms=self.terms)
        if assigned is not application:
            await self.facts.note_given(tx, member.id, self.now())
            await self._move(tx, assigned, read=application)
        return assigned
