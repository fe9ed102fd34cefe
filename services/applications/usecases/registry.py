"""Stage 3: the registrar's queue and decision."""

from dataclasses import dataclass
from uuid import UUID

from chassis.paging import PageRequest
from chassis.transaction import atomic
from services.applications.domain import review, soundness
from services.applications.domain.application import Application, Decision, Remark
from services.applications.domain.history import Row
from services.applications.domain.remarks import valid_remarks
from services.applications.usecases.base import Reader, Room, same_version
from services.applications.usecases.review import Opened


@dataclass(frozen=True, slots=True)
class Registry(Room):
    """The registrar's work."""

    async def list_registry(self, page: PageRequest) -> tuple[list[Row], str | None]:
        """What waits for a registrar."""
        return await self.applications.list_registry(page)

    @atomic
    async def open_registry(self, application_id: UUID, reader: Reader) -> Opened:
        """An application that waits for a registrar or was approved. The applicant sees that it was read.

        Raises `NoRecommendation`, `IllegalMove`, `ApplicationNotFound`.
        """
        async with self.begin() as tx:
            application = await self.applications.get_seen_by_registrars(application_id, tx=tx)
            review.open_to_registrars(application)
            given, documents = await self._check_input(application, tx)
            await self._log_read(tx, application, reader)
        return Opened(application, documents, review.diff(application, documents), soundness.present(given))

    @atomic
    async def decide(
        self,
        application_id: UUID,
        registrar_id: UUID,
        decision: Decision,
        remarks: tuple[Remark, ...],
        comment: str,
        *,
        expected_version: int,
    ) -> Application:
        """Approve or refuse what one saw.

        Raises `ApplicationNotFound`, `IllegalMove`, `NoRecommendation`, `PreconditionFailed`, `ConflictOfInterest`, `NotARegistrar`,
        `ReasonsMissing`, `ReasonsWithApproval`, `UnknownReason`, `CheckNotClean`.
        """
        async with self.begin() as tx:
            application = await self.applications.get_seen_by_registrars(application_id, tx=tx)
            review.awaits_registrar(application, review.move_of(decision))
            same_version(application, expected_version)
            registrar = await self._member(tx, registrar_id)
            given, _ = await self._check_input(application, tx)
            found = soundness.present(given) or ()
            reasons = valid_remarks(remarks, application, given.rules, member="reasons", found=found)
            decided = review.decide(application, registrar, decision, reasons, comment, at=self.now())
            if decision == "approve":
                soundness.permits_approval(given)
            await self._move(tx, decided, read=application)
        return decided
