"""Checking files: look at the bytes outside any transaction, then record and tell the verdict in one.

Malware is looked for first, and nothing else reads a file in which it was found.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from chassis.objects import FileMissing
from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import CheckRequested, DocumentAccepted, DocumentReceived, DocumentRejected
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.domain.findings import Finding, FindingCode, judge
from services.documents.gateways import Files, Inspector
from services.documents.gateways.clamd import Scanner
from services.documents.repository import DocumentRepository
from services.documents.usecases.checks.common import kept, names_of
from services.documents.usecases.isolation import Isolation
from services.documents.usecases.uploads import term_key

log = structlog.get_logger(__name__)

Reason = DocumentReceived | CheckRequested


@dataclass(frozen=True, slots=True)
class Checks:
    """Verdicts over files; at most `at_once` files are looked at at a time, whatever asks for it."""

    begin: Begin
    documents: DocumentRepository
    files: Files
    isolation: Isolation
    scanner: Scanner
    inspector: Inspector
    now: Callable[[], datetime]
    at_once: int
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", asyncio.Semaphore(self.at_once))

    async def check(self, event: Reason) -> None:
        """Check a file, unless its verdict is known."""
        async with self._turns:
            document = await kept(self.documents, event.document_id)
            if document is None:
                return
            file = document.file(event.file_version)
            findings: tuple[Finding, ...] = ()
            if file.is_undecided:
                try:
                    findings = await self._found(document, file)
                except FileMissing:
                    if await kept(self.documents, event.document_id) is None:
                        return
                    if not await self.isolation.holds(file.object_key):
                        raise
                    findings = (Finding(FindingCode.FILE_INFECTED),)
        await self._decide(event, findings)

    async def _found(self, document: Document, file: FileVersion) -> tuple[Finding, ...]:
        threat = await self.scanner.threat(self.files.read(file.object_key))
        if threat is not None:
            log.error("malware-found", document_id=str(document.id), file_version=file.number, threat=threat.name)
            if threat.finding.code is FindingCode.FILE_INFECTED:
                await self.isolation.take(file.object_key)
            return (threat.finding,)
        return judge(document.rule, file.declared, await self.inspector.inspect(self.files.read(file.object_key)))

    @atomic
    async def _decide(self, event: Reason, findings: tuple[Finding, ...]) -> None:
        async with self.begin(handling=event) as tx:
            before = await kept(self.documents, event.document_id, tx)
            if before is None or not before.file(event.file_version).is_undecided:
                return
            document = before.decide(event.file_version, findings, at=self.now())
            await self.documents.save(tx, document, replacing=before)
            file = document.file(event.file_version)
            await tx.cancel(term_key(file.upload_id))
            if file.is_infected:
                await self.isolation.tell(tx, document, file)
            if document.is_current(file):
                await self._tell(tx, document, file)

    async def _tell(self, tx: Transaction, document: Document, file: FileVersion) -> None:
        names = {**names_of(document, file, at=self.now()), "version": document.version}
        if file.state is State.REJECTED:
            await tx.publish(DocumentRejected(codes=tuple(finding.code.value for finding in file.findings), **names))
            return
        accepted = DocumentAccepted(
            size_bytes=file.size_bytes, media_type=file.media_type.value, sha256=file.sha256, received_at=file.received_at, **names
        )
        await tx.publish(accepted)
