"""A person's own documents, for the export of everything that is known of them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from chassis.exports import PORTION, ExportAnswer, every, pieces
from chassis.transaction import Begin
from contracts.documents import DocumentsExported
from contracts.identity import DataExportRequested, ProfileFacts
from services.documents.domain.documents import Document
from services.documents.domain.profiles import Profile
from services.documents.domain.rules import ALL_TYPES
from services.documents.repository import DocumentRepository, ProfileRepository


@dataclass(frozen=True, slots=True)
class Exports:
    """What is known of files; the files themselves are the person's to download one by one."""

    begin: Begin
    documents: DocumentRepository
    profiles: ProfileRepository
    now: Callable[[], datetime]

    async def answer(self, event: DataExportRequested) -> None:
        """Tell it."""
        parts = await pieces(self._records(event.person_id))
        made = DocumentsExported.all_of(parts, export_id=event.export_id, person_id=event.person_id, at=self.now())
        await ExportAnswer(self.begin).publish(event, tuple(made))

    async def _records(self, person_id: UUID) -> AsyncIterator[dict[str, Any]]:
        async for document in every(partial(self._page, person_id)):
            yield _record(document)
        profile = await self.profiles.find(person_id)
        if profile is not None and profile.facts is not None:
            yield _profile_record(profile, profile.facts)

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


def _profile_record(profile: Profile, facts: ProfileFacts) -> dict[str, Any]:
    return {"profile_version": profile.version, "compared_with_documents": facts.model_dump(mode="json")}
