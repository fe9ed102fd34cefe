"""Certificates: made after approval, downloaded by the holder."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from chassis.transaction import Transaction, atomic
from contracts.applications import ApplicationApproved, ApplicationPushed, CertificateExpiring
from services.applications.domain.application import SYSTEM, CertificateReference, StoredFile
from services.applications.domain.certificates import Certificate, full_name, short_name
from services.applications.domain.certificates.payload import Statement
from services.applications.domain.errors.application import FileNotReady
from services.applications.domain.states import Move
from services.applications.usecases.base import Room, certificate_folder, expiry_timers
from services.applications.usecases.printing import certificate as certificate_values

_NAME = ("/personal/surname", "/personal/given_name", "/personal/patronymic")


@dataclass(frozen=True, slots=True)
class Certificates(Room):
    """The certificate's life."""

    async def issue_certificate(self, event: ApplicationApproved | ApplicationPushed) -> None:
        """Make the certificate of an approval. Its number and dates are fixed first, so doing it again makes the same file.

        With another key it is another file: the key in the store names the bytes, and nothing is overwritten.
        """
        planned = await self._plan(event)
        if planned is None or planned.anonymised_at is not None:
            return
        statement = Statement.of(planned, self.terms)
        printed = await self.printer.certificate(
            certificate_values(planned, self.rules_now(), self.terms), statement, made_at=planned.issued_at
        )
        signed = await self.signer.signed(printed, at=planned.issued_at)
        file = await self.files.put(f"{certificate_folder(planned.id)}{hashlib.sha256(signed).hexdigest()}.pdf", signed)
        await self._issue(event, planned, file)

    @atomic
    async def _plan(self, event: ApplicationApproved | ApplicationPushed) -> Certificate | None:
        """None when nobody is left to hold it."""
        async with self.begin() as tx:
            known = await self.certificates.find_of_application(event.application_id, tx=tx)
            if known is not None:
                return known
            application = await self.applications.get_any(event.application_id, tx=tx)
            if application.anonymised_at is not None:
                return None
            now = self.now()
            surname, given_name, patronymic = (application.form.text_at(pointer) for pointer in _NAME)
            planned = Certificate(
                id=uuid4(),
                version=1,
                number=await self.numbers.draw_certificate_number(self.terms.local_date(now).year, now),
                application_id=application.id,
                application_number=application.public_number,
                holder_id=application.applicant_id,
                holder_name=full_name(surname, given_name, patronymic),
                holder_short_name=short_name(surname, given_name, patronymic),
                kind=application.kind,
                specialty_code=application.specialty_code,
                issued_at=now,
                valid_until=self.terms.certificate_until(now),
            )
            await self.certificates.add(tx, planned)
        return planned

    @atomic
    async def _issue(self, event: ApplicationApproved | ApplicationPushed, planned: Certificate, file: StoredFile) -> None:
        async with self.begin(handling=event) as tx:
            certificate = planned.issued(file)
            application = await self.applications.get_any(event.application_id, tx=tx)
            if application.certificate is not None:  # a push was quicker than the approval itself, or came after it
                return
            reference = CertificateReference(certificate.id, certificate.number, certificate.issued_at, certificate.valid_until)
            certified = application.moved(Move.CERTIFY, by=SYSTEM, at=self.now(), certificate=reference)
            await self._move(tx, certified, read=application)
            await self.certificates.save(tx, certificate, read=planned)
            await self._schedule_notices(tx, certificate)
            async for earlier in self.certificates.earlier_than(certificate):  # who has a newer one need not renew the older
                await tx.cancel_all(expiry_timers(earlier))

    async def _schedule_notices(self, tx: Transaction, certificate: Certificate) -> None:
        for days in self.terms.on(self.terms.local_date(certificate.issued_at)).expiry_notice_days:
            at = certificate.valid_until - timedelta(days=days)
            if days == 0:  # in the morning of the last day, not at its end
                at = self.terms.start_of(self.terms.local_date(certificate.valid_until))
            notice = CertificateExpiring(
                occurred_at=at,
                certificate_id=certificate.id,
                certificate_number=certificate.number,
                holder_id=certificate.holder_id,
                valid_until=certificate.valid_until,
                days_left=days,
            )
            await tx.schedule(f"{expiry_timers(certificate.id)}{days}", at, notice)

    async def certificate_file(self, application_id: UUID, *, applicant_id: UUID) -> tuple[str, AsyncIterator[bytes], int]:
        """File name, bytes and size of one's own certificate. Raises `FileNotReady`."""
        application = await self.applications.get_own(application_id, applicant_id)
        certificate = await self.certificates.find_of_application(application.id)
        if application.certificate is None or certificate is None or certificate.file is None:
            raise FileNotReady("Сертификата по этому заявлению пока нет.")
        return f"{certificate.number}.pdf", await self.files.open(certificate.file), certificate.file.size_bytes
