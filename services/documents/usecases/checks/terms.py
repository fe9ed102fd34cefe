"""When a verdict does not come: noticed by the service itself, so also while no worker lives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import CheckRequested, CheckTermReached, DocumentDelayed
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.repository import DocumentRepository
from services.documents.usecases.checks.common import kept, names_of
from services.documents.usecases.uploads import term_key

log = structlog.get_logger(__name__)

_MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class CheckTerms:
    """Stuck checks."""

    begin: Begin
    documents: DocumentRepository
    now: Callable[[], datetime]
    term: timedelta

    @atomic
    async def end_of_term(self, event: CheckTermReached) -> None:
        """A check that should be done: if it is not, say so once and ask for it again, with growing patience."""
        async with self.begin(handling=event) as tx:
            document = await kept(self.documents, event.document_id, tx)
            if document is None:
                return
            file = document.file(event.file_version)
            if not file.is_undecided:
                return
            log.error("check-stuck", document_id=str(document.id), file_version=file.number, attempt=event.attempt)
            if file.state is State.CHECKING:
                document = await self._delay(tx, document, file)
            names = names_of(document, file, at=self.now())
            attempt = event.attempt + 1
            due_at = self.now() + self.term * 2 ** min(event.attempt, _MOST_DOUBLINGS)
            await tx.publish(CheckRequested(attempt=attempt, **names))
            await tx.schedule(term_key(file.upload_id), due_at, CheckTermReached(attempt=attempt, **names))

    async def _delay(self, tx: Transaction, before: Document, file: FileVersion) -> Document:
        document = before.delay(file.number)
        await self.documents.save(tx, document, replacing=before)
        if document.is_current(file):
            await tx.publish(DocumentDelayed(version=document.version, **names_of(document, file, at=self.now())))
        return document
