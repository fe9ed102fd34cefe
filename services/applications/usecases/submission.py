"""Handing in, answering, taking back; the electronic document."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chassis.transaction import atomic
from contracts.applications import (
    ElectronicDocumentIssued,
    ElectronicDocumentRequested,
)
from services.applications.domain import drafting, soundness
from services.applications.domain.application import Application, StoredFile
from services.applications.domain.errors.application import AlreadySubmitted, FileNotReady
from services.applications.domain.errors.drafting import NotVerified
from services.applications.domain.facts import NOT_VERIFIED
from services.applications.usecases.base import Room, named
from services.applications.usecases.printing import electronic_document


@dataclass(frozen=True, slots=True)
class Submission(Room):
    """The applicant's moves after confirming."""

    @atomic
    async def submit(self, application_id: UUID, *, applicant_id: UUID) -> Application:
        """Hand a confirmed application in, once. A request repeated with its key never comes here: it gets its answer again.

        Raises `AlreadySubmitted` with number and link, `NotVerified`, `ProfileOverdue`, `DocumentsChanged`, `IllegalMove`.
        """
        async with self.begin() as tx:
            confirmed = await self.applications.get_own(application_id, applicant_id, tx=tx)
            if confirmed.submitted_at is not None:
                raise AlreadySubmitted("Это заявление уже отправлено. Следите за ним в разделе «Мои заявки».", **named(confirmed))
            practitioner = await self.facts.practitioner(applicant_id, tx=tx)
            if practitioner is None:
                raise NotVerified(NOT_VERIFIED)
            practitioner.check_may_apply()
            drafting.as_confirmed(confirmed, await self.facts.documents(confirmed.document_ids, tx=tx))
            now = self.now()
            number = await self.numbers.next_application_number(self.terms.local_date(now).year)
            submitted = drafting.submit(confirmed, number, at=now, terms=self.terms)
            await self._move(tx, submitted, read=confirmed)
            await tx.publish(ElectronicDocumentRequested(occurred_at=now, application_id=submitted.id))
        return submitted

    async def issue_electronic_document(self, event: ElectronicDocumentRequested) -> None:
        """Print what was handed in and store it; the key is the snapshot's hash, so doing it again stores the same file."""
        application = await self.applications.get_any(event.application_id)
        if application.anonymised_at is not None:
            return
        made_at = application.submitted_at or event.occurred_at
        content = await self.printer.electronic_document(
            electronic_document(application, self.rules_of(application), self.terms), made_at=made_at
        )
        file = await self.files.put(f"electronic/{application.id}/{application.snapshot_sha256}.pdf", content)
        await self._keep_issued(event, file, application.snapshot_sha256)

    @atomic
    async def _keep_issued(self, event: ElectronicDocumentRequested, file: StoredFile, snapshot_sha256: str | None) -> None:
        """The first is the receipt and is told of; what follows an answer lies beside it."""
        async with self.begin(handling=event) as tx:
            read = await self.applications.get_any(event.application_id, tx=tx)
            if read.anonymised_at is not None:  # meanwhile; the file came after the others were removed
                await self.files.delete(file.key)
                return
            issued = drafting.printed(read, file, snapshot_sha256)
            if issued is read:
                return
            await self._keep(tx, issued, read=read)
            if read.electronic_document is not None:
                return
            await tx.publish(
                ElectronicDocumentIssued(
                    occurred_at=self.now(),
                    version=issued.version,
                    application_id=issued.id,
                    applicant_id=issued.applicant_id,
                    number=issued.public_number,
                    sha256=file.sha256,
                    link=self.files.link(file, file_name=f"{issued.public_number}.pdf", expires=self.link_expires),
                )
            )

    async def electronic_document(self, application_id: UUID, *, applicant_id: UUID) -> tuple[str, AsyncIterator[bytes], int]:
        """File name, bytes and size. Raises `FileNotReady` until the document is made."""
        application = await self.applications.get_own(application_id, applicant_id)
        file = application.electronic_document
        if file is None:
            raise FileNotReady("Электронный документ появится через несколько секунд после отправки.")
        return f"{application.public_number}.pdf", await self.files.open(file), file.size_bytes

    @atomic
    async def answer(self, application_id: UUID, comment: str, patch: Mapping[str, Any], *, applicant_id: UUID) -> Application:
        """Answer the open request. Raises `ItemLocked`, `DocumentUnknown`, `NothingAnswered`, `CheckNotClean`, `IllegalMove`."""
        async with self.begin() as tx:
            asked = await self.applications.get_own(application_id, applicant_id, tx=tx)
            named = asked.form.merged(patch).document_ids
            documents = await self.facts.documents(named, tx=tx)
            answered = drafting.answer(asked, comment, patch, documents, at=self.now(), terms=self.terms)
            given, _ = await self._check_input(answered, tx)
            soundness.permits_answer(replace(given, application=asked), given)
            await self._move(tx, answered, read=asked)
            await self._print_anew(tx, answered, read=asked)
            return await self._free(tx, answered)

    @atomic
    async def withdraw(self, application_id: UUID, reason: str, *, applicant_id: UUID) -> Application:
        """Take an application back before a decision. Nobody hears of a draft. Raises `IllegalMove`."""
        async with self.begin() as tx:
            application = await self.applications.get_own(application_id, applicant_id, tx=tx)
            withdrawn = drafting.withdraw(application, reason, at=self.now())
            await (self._keep if withdrawn.number is None else self._move)(tx, withdrawn, read=application)
        return withdrawn
