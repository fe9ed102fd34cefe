"""Making what people look at of an accepted file. It follows the verdict and never changes it: a file can be downloaded without."""

import asyncio
from dataclasses import dataclass

import structlog

from chassis.objects import FileMissing
from chassis.transaction import Begin, atomic
from contracts.documents import DocumentAccepted
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.domain.renditions import Renditions, Source, pdf_of, preview_of
from services.documents.domain.rules import MediaType
from services.documents.gateways.files import Files
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector, Room
from services.documents.gateways.nursery import Overcome
from services.documents.repository import DocumentRepository, RenditionRepository
from services.documents.usecases.checks.common import kept

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rendering:
    """Renditions, made once for each object."""

    begin: Begin
    documents: DocumentRepository
    renditions: RenditionRepository
    files: Files
    inspector: Inspector
    turns: asyncio.Semaphore
    """One for each file that a worker looks into at a time, for whatever purpose."""
    pages_max: int
    """Of a file that get a picture, from its first on."""
    longest: int
    """Pixels of the long side of a picture."""

    async def make(self, event: DocumentAccepted) -> None:
        """Make them; what is there already is made again only if nobody noted it. Bears repetition."""
        async with self.turns:
            document = await kept(self.documents, event.document_id)
            made = None if document is None else await self._made(document, document.file(event.file_version))
        await self._note(event, made)

    async def _made(self, document: Document, file: FileVersion) -> Renditions | None:
        if file.state is not State.ACCEPTED or await self.renditions.find([file.object_key]):
            return None
        try:
            with await Held.of(self.files.read(file.object_key)) as held, self.inspector.room(held) as room:
                has_pdf = file.media_type is MediaType.JPEG and await self._bind(room, file)
                pages = await self._picture(room, file)
        except FileMissing:
            log.warning("file-missing-before-its-rendition", document_id=str(document.id), file_version=file.number)
            return None
        return Renditions(object_key=file.object_key, owner_id=document.owner_id, pages=pages, has_pdf=has_pdf)

    async def _bind(self, room: Room, file: FileVersion) -> bool:
        """Whether there is a PDF now."""
        try:
            await self._put(pdf_of(file.object_key), await self.inspector.as_pdf(room))
        except Overcome as over:
            log.warning("scan-not-bound", upload_id=str(file.upload_id), status=over.end.status)
            return False
        return True

    async def _picture(self, room: Room, file: FileVersion) -> int:
        """How many pages have a picture now. A page that is too much for its child ends them."""
        pages = 0
        try:
            for page in range(1, min(await self.inspector.page_count(room), self.pages_max) + 1):
                await self._put(preview_of(file.object_key, page), await self.inspector.preview(room, page, longest=self.longest))
                pages = page
        except Overcome as over:
            log.warning("page-not-pictured", upload_id=str(file.upload_id), page=pages + 1, status=over.end.status)
        return pages

    async def _put(self, source: Source, content: bytes) -> None:
        await self.files.store_made(source.object_key, content, source.media_type)

    @atomic
    async def _note(self, event: DocumentAccepted, made: Renditions | None) -> None:
        async with self.begin(handling=event) as tx:
            if made is not None and await kept(self.documents, event.document_id, tx) is not None:
                await self.renditions.save(tx, made)
