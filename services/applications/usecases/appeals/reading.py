"""Reading appeals: the applicant's own, the staff's lists, the lineage of a refusal."""

from dataclasses import dataclass
from uuid import UUID

from chassis.paging import PageRequest
from chassis.transaction import atomic
from contracts.roles import Role
from services.applications.domain.appeals import Appeal, AppealRow, AppealState
from services.applications.domain.appeals.judging import Case
from services.applications.domain.errors.appeals import AppealNotFound
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.lineage import Link, family, lineage
from services.applications.usecases.appeals.base import AppealRoom, Viewer
from services.applications.usecases.base import Reader

_READERS = (Role.REGISTRAR, Role.SUPPORT_AGENT)


@dataclass(frozen=True, slots=True)
class Reading(AppealRoom):
    """Nothing changes here but the log of readings."""

    async def list_own(self, applicant_id: UUID, page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """One page of the person's appeals, the newest first."""
        return await self.appeals.list_own(applicant_id, page)

    async def list_registered(
        self, state: AppealState, application_number: str | None, page: PageRequest
    ) -> tuple[list[AppealRow], str | None]:
        """One page for staff: the appeals of an application where one is named, else those in a state."""
        if application_number is not None:
            return await self.appeals.list_of_application(application_number, page)
        return await self.appeals.list_in_state(state, page)

    async def get(self, appeal_id: UUID, viewer: Viewer) -> Appeal:
        """One's own appeal, or any for staff. Raises `AppealNotFound`."""
        return (await self._read(appeal_id, viewer)).appeal

    async def lineage(self, application_id: UUID, *, applicant_id: UUID) -> list[Link]:
        """Original, corrections and appeals in the order of time. Raises `ApplicationNotFound`."""
        links = await self._lineage(application_id, applicant_id)
        if not links:
            raise ApplicationNotFound("Такого заявления нет.")
        return links

    async def _lineage(self, application_id: UUID, applicant_id: UUID) -> list[Link]:
        related = family(application_id, [row async for row in self.applications.all_rows(applicant_id)])
        return lineage(related, await self.appeals.of_applications(applicant_id, {row.id for row in related}))

    @atomic
    async def _read(self, appeal_id: UUID, viewer: Viewer) -> Case:
        async with self.begin() as tx:
            appeal = await self.appeals.get_any(appeal_id, tx=tx)
            case = await self._case(tx, appeal)
            if Role.PRACTITIONER in viewer.roles and appeal.applicant_id == viewer.id:
                return case
            role = next((role for role in _READERS if role in viewer.roles), None)
            if role is None:
                raise AppealNotFound("Такой жалобы нет.")
            await self._log_read(tx, case.application, Reader(viewer.id, role, viewer.address, "appeal"))
        return case
