"""Checking files: look at the bytes outside any transaction, then record and tell the verdict in one.

Malware is looked for first, and nothing else reads a file in which it was found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from chassis.objects import FileMissing
from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import (
    CheckRequested,
    CheckTermReached,
    DocumentAccepted,
    DocumentDelayed,
    DocumentReceived,
    DocumentRejected,
)
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.domain.errors import DocumentNotFound
from services.documents.domain.findings import Finding, judge
from services.documents.gateways import Files, Inspector
from services.documents.gateways.clamd import Scanner
from services.documents.repository import DocumentRepository
from services.documents.usecases.uploads import term_key

log = structlog.get_logger(__name__)

_MOST_DOUBLINGS = 6
Reason = DocumentReceived | CheckRequested


@dataclass(frozen=True, slots=True)
class Checks:
    """Verdicts over files, and what happens when one does not come."""

    begin: Begin
    documents: DocumentRepository
    files: Files
    scanner: Scanner
    inspector: Inspector
    now: Callable[[], datetime]
    term: timedelta

    async def check(self, event: Reason) -> None:
        """Check a file, unless its verdict is known."""
        document = await self._kept(event.document_id)
        if document is None:
            return
        file = document.file(event.file_version)
        findings: tuple[Finding, ...] = ()
        if file.is_undecided:
            try:
                findings = await self._found(document, file)
            except FileMissing:
                if await self._kept(event.document_id) is None:
                    return
                raise
        await self._decide(event, findings)

    async def _found(self, document: Document, file: FileVersion) -> tuple[Finding, ...]:
        threat = await self.scanner.threat(self.files.read(file.object_key))
        if threat is not None:
            log.error("malware-found", document_id=str(document.id), file_version=file.number, threat=threat.name)
            return (threat.finding,)
        return judge(document.rule, file.declared, await self.inspector.inspect(self.files.read(file.object_key)))

    async def _kept(self, document_id: UUID, tx: Transaction | None = None) -> Document | None:
        """None once everything of the owner was removed: then there is nothing to say about the file."""
        try:
            return await self.documents.get_granted(document_id, tx=tx)
        except DocumentNotFound:
            log.info("document-removed-before-its-check", document_id=str(document_id))
            return None

    @atomic
    async def _decide(self, event: Reason, findings: tuple[Finding, ...]) -> None:
        async with self.begin(handling=event) as tx:
            before = await self._kept(event.document_id, tx)
            if before is None or not before.file(event.file_version).is_undecided:
                return
            document = before.decide(event.file_version, findings, at=self.now())
            await self.documents.save(tx, document, replacing=before)
            file = document.file(event.file_version)
            await tx.cancel(term_key(file.upload_id))
            if document.is_current(file):
                await self._tell(tx, document, file)

    async def _tell(self, tx: Transaction, document: Document, file: FileVersion) -> None:
        names = {**self._names(document, file), "version": document.version}
        if file.state is State.REJECTED:
            await tx.publish(DocumentRejected(codes=tuple(finding.code.value for finding in file.findings), **names))
            return
        accepted = DocumentAccepted(
            size_bytes=file.size_bytes, media_type=file.media_type.value, sha256=file.sha256, received_at=file.received_at, **names
        )
        await tx.publish(accepted)

    @atomic
    async def end_of_term(self, event: CheckTermReached) -> None:
        """A check that should be done: if it is not, say so once and ask for it again, with growing patience."""
        async with self.begin(handling=event) as tx:
            document = await self._kept(event.document_id, tx)
            if document is None:
                return
            file = document.file(event.file_version)
            if not file.is_undecided:
                return
            log.error("check-stuck", document_id=str(document.id), file_version=file.number, attempt=event.attempt)
            if file.state is State.CHECKING:
                document = await self._delay(tx, document, file)
            names = self._names(document, file)
            attempt = event.attempt + 1
            due_at = self.now() + self.term * 2 ** min(event.attempt, _MOST_DOUBLINGS)
            await tx.publish(CheckRequested(attempt=attempt, **names))
            await tx.schedule(term_key(file.upload_id), due_at, CheckTermReached(attempt=attempt, **names))

    async def _delay(self, tx: Transaction, before: Document, file: FileVersion) -> Document:
        document = before.delay(file.number)
        await self.documents.save(tx, document, replacing=before)
        if document.is_current(file):
            await tx.publish(DocumentDelayed(version=document.version, **self._names(document, file)))
        return document

    def _names(self, document: Document, file: FileVersion) -> dict[str, object]:
        return {
            "document_id": document.id,
            "owner_id": document.owner_id,
            "document_type": document.document_type.value,
            "file_version": file.number,
            "occurred_at": self.now(),
        }
