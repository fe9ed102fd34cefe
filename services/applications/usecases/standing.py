"""A certificate's standing: registrars suspend, reinstate and revoke it; its holder sees why."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from chassis.errors import PreconditionFailed
from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.applications import CertificateReinstated, CertificateRevoked, CertificateSuspended
from services.applications.domain.certificates import Certificate, StandingChange
from services.applications.domain.errors.review import ConflictOfInterest
from services.applications.domain.grounds import Change, ground_for
from services.applications.usecases.base import Room, expiry_timers

_EVENTS: Final = {
    Change.REVOKED: CertificateRevoked,
    Change.SUSPENDED: CertificateSuspended,
    Change.REINSTATED: CertificateReinstated,
}


@dataclass(frozen=True, slots=True)
class WantedChange:
    """What a registrar wants done, and why; the comment is for the holder."""

    kind: Change
    reason_code: str
    comment: str


@dataclass(frozen=True, slots=True)
class Standing(Room):
    """Changes of standing."""

    @atomic
    async def change_standing(self, number: str, registrar_id: UUID, wanted: WantedChange, *, expected_version: int) -> Certificate:
        """Suspended, reinstated or revoked.

        Raises `CertificateNotFound`, `UnknownReason`, `ConflictOfInterest`, `PreconditionFailed`, `IllegalStanding`.
        """
        now = self.now()
        ground = ground_for(self.rules_now().grounds, wanted.kind, wanted.reason_code)
        async with self.begin() as tx:
            read = await self.certificates.get_issued(number.strip().upper(), tx=tx)
            if read.holder_id == registrar_id:
                raise ConflictOfInterest("О своём сертификате решает другой регистратор.")
            if read.version != expected_version:
                raise PreconditionFailed("Сертификат изменился. Откройте его ещё раз.")
            changed = read.changed(StandingChange(wanted.kind, now, registrar_id, ground.code, wanted.comment))
            await self.certificates.save(tx, changed, read=read)
            await self._mark(tx, changed, wanted.kind)
            if wanted.kind is Change.REVOKED:
                await tx.cancel_all(expiry_timers(changed.id))
            await tx.publish(
                _EVENTS[wanted.kind](
                    occurred_at=now,
                    version=changed.version,
                    certificate_id=changed.id,
                    certificate_number=changed.number,
                    holder_id=changed.holder_id,
                    reason_code=ground.code,
                    reason=ground.title,
                )
            )
        return changed

    async def _mark(self, tx: Transaction, changed: Certificate, kind: Change) -> None:
        """The history of applications shows the standing without asking for the certificate of each row."""
        application = await self.applications.get_any(changed.application_id, tx=tx)
        if application.certificate is not None:
            reference = application.certificate.marked(kind, changed.standing_changes[-1].at)
            marked = replace(application, version=application.version + 1, certificate=reference)
            await self.applications.save(tx, marked, read=application)

    async def list_certificates(self, holder_id: UUID, page: PageRequest) -> tuple[list[Certificate], str | None]:
        """One page of the holder's certificates, the newest first."""
        return await self.certificates.list_own(holder_id, page)
