"""Retention of drafts' documents: whoever uploaded them is told, and then they go. First the row, then, by its event, the bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from chassis.transaction import Begin, Transaction, atomic, mark_handled
from contracts.documents import DocumentRemovalPlanned, DocumentRemoved, RetentionTermReached
from services.documents.domain.documents import Document, original_of
from services.documents.domain.errors import DocumentNotFound
from services.documents.domain.retention import Keep, LookAgain, Remove, RetentionPolicy, Tell, decide, first_look
from services.documents.gateways.files import Files
from services.documents.repository import DocumentRepository, HoldRepository, RenditionRepository, Traces
from services.documents.usecases.checks.common import names_of

log = structlog.get_logger(__name__)

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """The end of documents nobody hands in."""

    begin: Begin
    documents: DocumentRepository
    traces: Traces
    renditions: RenditionRepository
    holds: HoldRepository
    files: Files
    now: Callable[[], datetime]
    policy: RetentionPolicy

    async def begin_term(self, tx: Transaction, document: Document) -> None:
        """With a new file: plan the first look. A later one replaces what was planned before."""
        if not document.rule.is_kept_with_account:
            await self._plan(tx, document, LookAgain(first_look(document.file().received_at, self.policy)))

    @atomic
    async def end_of_term(self, event: RetentionTermReached) -> None:
        """Look whether the document was used since, and tell the person or remove it."""
        async with self.begin(handling=event) as tx:
            try:
                document = await self.documents.get_granted(event.document_id, tx=tx)
            except DocumentNotFound:
                return
            holds = await self.holds.naming(document.id, owner_id=document.owner_id, tx=tx)
            names = names_of(document, document.file(), at=self.now())
            decision = decide(document, holds, self.policy, at=self.now(), told=event.told)
            match decision:
                case LookAgain():
                    await self._plan(tx, document, decision)
                case Tell():
                    await tx.publish(DocumentRemovalPlanned(remove_at=decision.remove_at, **names))
                    await self._plan(tx, document, LookAgain(decision.remove_at, decision.remove_at))
                case Remove():
                    await self.documents.discard(tx, document)
                    await self.traces.remove_of(tx, document.id)
                    await tx.publish(DocumentRemoved(version=document.version + 1, **names))
                case Keep():
                    log.info("document-kept-with-its-person", document_id=str(document.id))

    async def remove_objects(self, event: DocumentRemoved) -> None:
        """Remove the bytes of a document that is no more; those that another document of the owner has too stay. Bears repetition."""
        prefix = f"{event.owner_id}/{event.document_id}/"
        after: str | None = None
        while listed := await self.files.list(after=after, limit=_PAGE, prefix=prefix):
            after = listed[-1].key
            known = await self.documents.known_keys({original_of(found.key) for found in listed})
            gone = [found.key for found in listed if original_of(found.key) not in known]
            await self.renditions.remove_objects({original_of(key) for key in gone})
            for key in gone:
                await self.files.delete(key)
        await mark_handled(self.begin, event)

    async def _plan(self, tx: Transaction, document: Document, look: LookAgain) -> None:
        reached = RetentionTermReached(told=look.told, **names_of(document, document.file(), at=look.at))
        await tx.schedule(retention_key(document.id), look.at, reached)


def retention_key(document_id: UUID) -> str:
    """The timer of a document's retention."""
    return f"retention:{document_id}"
