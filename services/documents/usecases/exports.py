"""A person's own documents, for the export of everything that is known of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from chassis.exports import PORTION, ExportAnswer, every, pieces
from chassis.transaction import Begin
from contracts.documents import DocumentsExported
from contracts.identity import DataExportRequested
from services.documents.domain.documents import Document
from services.documents.domain.rules import ALL_TYPES
from services.documents.repository import DocumentRepository


@dataclass(frozen=True, slots=True)
class Exports:
    """What is known of files; the files themselves are the person's to download one by one."""

    begin: Begin
    documents: DocumentRepository
    now: Callable[[], datetime]

    async def answer(self, event: DataExportRequested) -> None:
        """Tell it."""
        parts = await pieces(_record(document) async for document in every(partial(self._page, event.person_id)))
        made = DocumentsExported.all_of(parts, export_id=event.export_id, person_id=event.person_id, at=self.now())
        await ExportAnswer(self.begin).publish(event, tuple(made))

    async def _page(self, owner_id: UUID, last: Document | None) -> list[Document]:
        after = None if last is None else (last.created_at, last.id)
        return await self.documents.list(owner_id, types=ALL_TYPES, limit=PORTION, after=after)


def _record(document: Document) -> dict[str, Any]:
    files = [
        {
            "file_version": file.number,
            "file_name": file.file_name,
            "media_type": file.media_type.value,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
            "received_at": file.received_at.isoformat(),
            "state": file.state.value,
        }
        for file in document.files
    ]
    return {
        "document_id": str(document.id),
        "document_type": document.document_type.value,
        "created_at": document.created_at.isoformat(),
        "files": files,
    }
