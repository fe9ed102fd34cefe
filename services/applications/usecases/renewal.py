"""Renewal: a prefilled draft when a certificate begins to end."""

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.transaction import Transaction, atomic, mark_handled
from contracts.applications import CertificateExpiring, RenewalDrafted
from services.applications.domain.application import Application
from services.applications.domain.certificates import Certificate, Status
from services.applications.domain.errors.application import OpenApplicationExists
from services.applications.domain.errors.drafting import NotVerified, ProfileOverdue, UnknownSpecialty
from services.applications.domain.refusals import holds_until
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from services.applications.usecases.drafting import Drafting, NewApplication


@dataclass(frozen=True, slots=True)
class Renewal(Drafting):
    """What the service begins for the holder; everything after it is the holder's."""

    async def prepare_renewal(self, event: CertificateExpiring) -> None:
        """A periodic draft at the first notice.

        None where the profile is not confirmed, such an application is open, the specialty is no more or a refusal can be appealed
        against; the notice says what to do.
        """
        try:
            await self._renew(event)
        except (NotVerified, ProfileOverdue, UnknownSpecialty, OpenApplicationExists):
            await mark_handled(self.begin, event)

    @atomic
    async def _renew(self, event: CertificateExpiring) -> None:
        async with self.begin(handling=event) as tx:
            certificate = await self.certificates.find(event.certificate_id, tx=tx)
            if certificate is None or not self._is_first(event, certificate) or not self._is_to_renew(certificate):
                return
            wanted = NewApplication(Kind.PERIODIC, certificate.specialty_code)
            if await self._awaits_appeal(tx, event.holder_id, wanted):
                return
            draft = replace(await self._started(tx, event.holder_id, wanted, previous=None), renews_certificate_id=certificate.id)
            await self.applications.add(tx, draft)
            await self._tell_saved(tx, draft)
            await tx.publish(_drafted(draft, certificate))

    async def _awaits_appeal(self, tx: Transaction, holder_id: UUID, wanted: NewApplication) -> bool:
        """Whether the last word is a refusal in the time for an appeal: a draft would be in the appeal's way.

        An older refusal keeps nobody from a renewal: that renews the certificate and corrects nothing, so it is not linked either.
        """
        last = await self.applications.last_decided(tx, holder_id, wanted.kind, wanted.specialty_code)
        if last is None or last.state is not State.REJECTED:
            return False
        return self.now() <= holds_until(await self.applications.get_own(last.id, holder_id, tx=tx), self.terms)

    def _is_first(self, event: CertificateExpiring, certificate: Certificate) -> bool:
        return event.days_left == max(self.terms.on(self.terms.local_date(certificate.issued_at)).expiry_notice_days)

    def _is_to_renew(self, certificate: Certificate) -> bool:
        return certificate.is_issued and certificate.status_at(self.now()) is not Status.REVOKED


def _drafted(draft: Application, certificate: Certificate) -> RenewalDrafted:
    return RenewalDrafted(
        occurred_at=draft.updated_at,
        application_id=draft.id,
        applicant_id=draft.applicant_id,
        certificate_id=certificate.id,
        certificate_number=certificate.number,
        valid_until=certificate.valid_until,
    )
