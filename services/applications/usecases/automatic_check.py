"""Stage 1: runs when an application is handed in, when an answer to it comes, and when a verdict it waits for comes."""

from dataclasses import dataclass
from uuid import uuid4

from chassis.transaction import Transaction, atomic
from contracts.applications import (
    ApplicationSubmitted,
    InformationProvided,
)
from contracts.documents import DocumentAccepted, DocumentReceived, DocumentRejected, DocumentRemoved
from services.applications.domain import drafting
from services.applications.domain.application import Application
from services.applications.domain.check import check
from services.applications.domain.facts import OwnedDocument, Verdict
from services.applications.domain.stage1 import conclude, is_answered_by_files, must_wait, unanswered_documents
from services.applications.domain.states import State
from services.applications.usecases.base import Room

DocumentEvent = DocumentReceived | DocumentAccepted | DocumentRejected | DocumentRemoved


@dataclass(frozen=True, slots=True)
class AutomaticCheck(Room):
    """The automatic stage."""

    @atomic
    async def check_submitted(self, event: ApplicationSubmitted | InformationProvided) -> None:
        """Run stage 1 for what was just handed in. An answer to a reviewer is none of its business."""
        async with self.begin(handling=event) as tx:
            application = await self.applications.get_any(event.application_id, tx=tx)
            await self._run(tx, application)

    @atomic
    async def keep_document(self, event: DocumentEvent) -> None:
        """Note what documents says of a file; applications that wait for it go on."""
        async with self.begin(handling=event) as tx:
            known = await self.facts.document(tx, event.document_id)
            is_news = await self.facts.keep_document(tx, _document(event, known))
            if not is_news or isinstance(event, DocumentReceived):
                return
            for application in await self.applications.submitted_with_document(tx, event.document_id):
                await self._run(tx, application)
            for asked in await self.applications.asked_with_document(tx, event.document_id):
                await self._go_on(tx, asked)

    async def _go_on(self, tx: Transaction, asked: Application) -> None:
        """Once every document the automatic stage asked for has a new accepted file, nobody need answer."""
        if not is_answered_by_files(asked):
            return
        documents = await self.facts.documents(asked.document_ids, tx=tx)
        missing = unanswered_documents(asked, documents)
        if missing:
            await self.facts.await_documents(tx, missing, asked.id)
            return
        gone_on = drafting.go_on(asked, documents, at=self.now(), terms=self.terms)
        await self._move(tx, gone_on, read=asked)
        await self._print_anew(tx, gone_on, read=asked)

    async def _run(self, tx: Transaction, application: Application) -> None:
        if application.state is not State.SUBMITTED:
            return
        given, documents = await self._check_input(application, tx)
        findings = check(given)
        if must_wait(findings):
            pending = [key for key in application.document_ids if key not in documents or documents[key].verdict is Verdict.PENDING]
            await self.facts.await_documents(tx, pending, application.id)
            return
        now = self.now()
        concluded = conclude(application, findings, documents, check_id=uuid4(), at=now, terms=self.terms)
        if concluded.open_request is not None:
            await self.facts.await_documents(tx, concluded.unlocked_document_ids(), application.id)
        await self._move(tx, concluded, read=application)


def _document(event: DocumentEvent, known: OwnedDocument | None) -> OwnedDocument:
    file: tuple[str | None, int | None, str | None]
    codes: tuple[str, ...] = ()
    if isinstance(event, DocumentRemoved):
        file, verdict = (None, None, None), Verdict.REMOVED
    elif isinstance(event, DocumentRejected):  # carries no hash; what the receipt told of the same file stays true
        is_same = known is not None and known.file_version == event.file_version
        file = (known.sha256, known.size_bytes, known.media_type) if known and is_same else (None, None, None)
        verdict, codes = Verdict.REJECTED, event.codes
    else:
        file = (event.sha256, event.size_bytes, event.media_type)
        verdict = Verdict.PENDING if isinstance(event, DocumentReceived) else Verdict.ACCEPTED
    return OwnedDocument(
        event.document_id, event.version, event.owner_id, event.document_type, event.file_version, verdict, *file, codes, event.occurred_at
    )
