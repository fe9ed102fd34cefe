"""What both sides of a check need."""

from datetime import datetime
from uuid import UUID

import structlog

from chassis.transaction import Transaction
from services.documents.domain.documents import Document, FileVersion
from services.documents.domain.errors import DocumentNotFound
from services.documents.repository import DocumentRepository

log = structlog.get_logger(__name__)


async def kept(documents: DocumentRepository, document_id: UUID, tx: Transaction | None = None) -> Document | None:
    """None once everything of the owner was removed: then there is nothing to say about the file."""
    try:
        return await documents.get_granted(document_id, tx=tx)
    except DocumentNotFound:
        log.info("document-removed-before-its-check", document_id=str(document_id))
        return None


def names_of(document: Document, file: FileVersion, *, at: datetime) -> dict[str, object]:
    """What every event about a file says first."""
    return {
        "document_id": document.id,
        "owner_id": document.owner_id,
        "document_type": document.document_type.value,
        "file_version": file.number,
        "occurred_at": at,
    }
