"""Infected files go where nobody gets them from: first a copy in the quarantine, then the verdict, then the original is removed.

Whatever is cut off in between is done again: the copy by the repeated check, the removal by the event of the verdict, and both by the
sweep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from chassis.objects import FileMissing
from chassis.transaction import Begin, Transaction, atomic, mark_handled
from contracts.documents import DocumentRejected, MalwareFound, QuarantineTermReached
from services.documents.domain.documents import Document, FileVersion
from services.documents.domain.errors import DocumentNotFound
from services.documents.domain.findings import FindingCode
from services.documents.gateways.files import Files
from services.documents.gateways.quarantine import Quarantine
from services.documents.repository import DocumentRepository
from services.documents.usecases.checks.common import names_of
from services.documents.usecases.uploads import term_key

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Isolation:
    """Keeping infected files apart."""

    begin: Begin
    documents: DocumentRepository
    files: Files
    quarantine: Quarantine
    now: Callable[[], datetime]
    term: timedelta
    """How long an infected file is kept for whoever looks into it."""

    async def take(self, object_key: str) -> None:
        """Before the verdict: a copy for the quarantine."""
        await self.quarantine.take(object_key)

    async def holds(self, object_key: str) -> bool:
        """Whether these bytes were found infected before: then there is no original any more."""
        return await self.quarantine.holds(object_key)

    async def tell(self, tx: Transaction, document: Document, file: FileVersion) -> None:
        """With the verdict: raise the alarm, and plan the end of the copy."""
        names = names_of(document, file, at=self.now())
        await tx.publish(MalwareFound(**names))
        await tx.schedule(f"quarantine:{file.upload_id}", self.now() + self.term, QuarantineTermReached(**names))

    async def isolate(self, event: MalwareFound) -> None:
        """After the verdict: the same bytes elsewhere are refused too, and the original goes."""
        await self.remove_original(event.document_id, event.file_version)
        await mark_handled(self.begin, event)

    async def remove_original(self, document_id: UUID, file_version: int) -> None:
        """Leave the infected file nowhere but in the quarantine. Bears repetition."""
        try:
            file = (await self.documents.get_granted(document_id)).file(file_version)
        except DocumentNotFound:
            return
        for other_id in await self.documents.ids_with_object(file.object_key):
            await self._refuse(other_id, file.object_key)
        try:
            await self.quarantine.take(file.object_key)
        except FileMissing:
            return
        await self.files.delete_made(file.object_key)
        await self.files.delete(file.object_key)

    async def end_of_term(self, event: QuarantineTermReached) -> None:
        """Nobody needs the copy any more."""
        try:
            file = (await self.documents.get_granted(event.document_id)).file(event.file_version)
        except DocumentNotFound:
            log.info("document-removed-before-its-quarantine-ended", document_id=str(event.document_id))
        else:
            await self.quarantine.delete(file.object_key)
        await mark_handled(self.begin, event)

    @atomic
    async def _refuse(self, document_id: UUID, object_key: str) -> None:
        async with self.begin(is_last=False) as tx:
            try:
                before = await self.documents.get_granted(document_id, tx=tx)
            except DocumentNotFound:
                return
            document = before.condemn(object_key, at=self.now())
            if document is before:
                return
            await self.documents.save(tx, document, replacing=before)
            for file, known in zip(document.files, before.files, strict=True):
                if file is not known:
                    await tx.cancel(term_key(file.upload_id))
                    if document.is_current(file):
                        await tx.publish(
                            DocumentRejected(
                                version=document.version,
                                codes=(FindingCode.FILE_INFECTED.value,),
                                **names_of(document, file, at=self.now()),
                            )
                        )
