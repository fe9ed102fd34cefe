"""Following the scans of registrants through documents' events; everybody else's documents pass by without a transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, atomic
from contracts.documents import DocumentAccepted, DocumentReceived, DocumentRejected
from services.identity.domain.scans import Scan, ScanState, ScanType, with_news
from services.identity.repository.registrations import RegistrationRepository

News = DocumentReceived | DocumentAccepted | DocumentRejected
_SCANS = frozenset(ScanType)


@dataclass(frozen=True, slots=True)
class ScanUseCases:
    """What documents tells of the scans of passport and SNILS."""

    begin: Begin
    registrations: RegistrationRepository
    now: Callable[[], datetime]

    async def learn(self, event: News) -> None:
        """Keep how a registrant's scan stands. A registration precedes its scans, so an owner without one is an account or a stranger."""
        if event.document_type not in _SCANS:
            return
        registration_id = await self.registrations.id_of_open(event.owner_id)
        if registration_id is not None:
            await self._keep(event, registration_id)

    @atomic
    async def _keep(self, event: News, registration_id: UUID) -> None:
        async with self.begin(handling=event) as tx:
            registration = await self.registrations.get(tx, registration_id)
            if registration is None or registration.completed_at is not None:
                return
            scans = with_news(registration.scans, _scan(event))
            if scans is not registration.scans:
                await self.registrations.save(tx, replace(registration, scans=scans))


def _scan(event: News) -> Scan:
    match event:
        case DocumentAccepted():
            state = ScanState.ACCEPTED
        case DocumentRejected():
            state = ScanState.REJECTED
        case DocumentReceived():
            state = ScanState.CHECKING
    return Scan(
        document_id=event.document_id,
        type=ScanType(event.document_type),
        file_version=event.file_version,
        state=state,
        told_at=event.occurred_at,
        codes=event.codes if isinstance(event, DocumentRejected) else (),
    )
