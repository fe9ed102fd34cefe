"""What applications does for a person's rights over their own data: tell it all, and forget whose it was."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from chassis.exports import ExportAnswer, pieces
from chassis.mongo import Document
from chassis.transaction import atomic
from contracts.applications import ApplicationsExported
from contracts.identity import DataExportRequested, PersonErased
from services.applications.domain import erasure
from services.applications.repository import VerificationRepository
from services.applications.usecases import telling
from services.applications.usecases.appeals import Appeals
from services.applications.usecases.base import Room, certificate_folder, expiry_timers


@dataclass(frozen=True, slots=True)
class Rights(Room):
    """Export and erasure."""

    appeals: Appeals
    verifications: VerificationRepository

    async def export_own(self, event: DataExportRequested) -> None:
        """The person's applications, drafts included, appeals, certificates with who verified them, links and what employers asked."""
        parts = await pieces(self._records(event.person_id))
        made = ApplicationsExported.all_of(parts, export_id=event.export_id, person_id=event.person_id, at=self.now())
        await ExportAnswer(self.begin).publish(event, tuple(made))

    async def _records(self, person_id: UUID) -> AsyncIterator[Document]:
        async for application in self.applications.export(person_id):
            yield application
        async for appeal in self.appeals.export(person_id):
            yield {"appeal": appeal}
        async for certificate in self.certificates.export(person_id):
            yield {"certificate": certificate}
            async for verification in self.verifications.export(UUID(certificate["id"])):
                told = await self._with_employer(verification)
                yield {"verification": told | {"certificate_number": certificate["number"]}}
        async for share in self.shares.export(person_id):
            yield {"share": share}
        async for subscription in self.subscriptions.export(person_id):
            yield {"subscription": await self._with_employer(subscription)}

    async def _with_employer(self, row: Document) -> Document:
        """The employer by its name instead of by its id."""
        if "employer_id" not in row:
            return row
        known = await self.employers.named({UUID(row.pop("employer_id"))})
        return row | {"employer": next((one.name for one in known.values()), "")}

    async def forget_erased(self, event: PersonErased) -> None:
        """Drafts and facts go first, so that nothing more is handed in; then appeals and applications become bare records.

        Identity waited until nothing had to be kept. One transaction per application, and the whole bears repetition.
        """
        await self._forget(event.person_id)
        await self.appeals.forget(event.person_id)
        async for application_id in self.applications.handed_in(event.person_id):
            await self._remove_files(application_id, await self._anonymise(application_id))
        await self._note(event)

    @atomic
    async def _forget(self, person_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            await tx.forget(person_id)
            await self.applications.remove_drafts(tx, person_id)
            await self.facts.forget(tx, person_id)
            await self.shares.forget(tx, person_id)
            for subscription_id in await self.subscriptions.remove_of_holder(tx, person_id):
                await self.employers.forget(tx, subscription_id)

    @atomic
    async def _anonymise(self, application_id: UUID) -> UUID | None:
        """The certificate of the application, if there is one."""
        at = self.now()
        async with self.begin(is_last=False) as tx:
            read = await self.applications.get_any(application_id, tx=tx)
            certificate = await self.certificates.find_of_application(application_id, tx=tx)
            if read.anonymised_at is None:
                closed = erasure.withdrawn(read, at=at)
                await self._keep(tx, erasure.anonymised(closed, at=at), read=read)
                await self.notes.remove(tx, application_id)
                if closed is not read:
                    await tx.publish(telling.news(closed, self.rules_of(closed), read=read))
            if certificate is not None and certificate.anonymised_at is None:
                await self.certificates.save(tx, certificate.anonymised(at=at), read=certificate)
                await tx.cancel_all(expiry_timers(certificate.id))
        return None if certificate is None else certificate.id

    async def _remove_files(self, application_id: UUID, certificate_id: UUID | None) -> None:
        await self.files.delete(f"electronic/{application_id}/")
        if certificate_id is not None:
            await self.files.delete(certificate_folder(certificate_id))

    @atomic
    async def _note(self, event: PersonErased) -> None:
        async with self.begin(handling=event) as tx:
            await self.facts.forget(tx, event.person_id)
