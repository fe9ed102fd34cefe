"""Looking at documents: one's own, and another's for as long as an application gives cause. Every such look is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.paging import PageRequest, encode_cursor
from chassis.transaction import Begin, atomic
from contracts.access import PersonalDataRead
from contracts.documents import DocumentType
from services.documents.domain.documents import Document, FileVersion
from services.documents.domain.errors import DocumentNotFound, RenditionNotFound
from services.documents.domain.holds import Grant, Reader
from services.documents.domain.renditions import Kind, Renditions, Source, Wanted, original
from services.documents.gateways.files import Files
from services.documents.repository import DocumentRepository, HoldRepository, RenditionRepository

SERVICE = "documents"


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document, the applications that hold it as it is, and what was made of its files."""

    document: Document
    locked_by: tuple[UUID, ...] = ()
    renditions: Mapping[str, Renditions] = field(default_factory=dict)
    """By the keys of objects."""


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """Where a file can be downloaded, and until when."""

    url: str
    expires_at: datetime
    file_version: int


@dataclass(frozen=True, slots=True)
class Access:
    """Reading."""

    begin: Begin
    documents: DocumentRepository
    holds: HoldRepository
    renditions: RenditionRepository
    files: Files
    now: Callable[[], datetime]

    async def list_own(self, owner_id: UUID, *, types: frozenset[DocumentType], page: PageRequest) -> tuple[list[DocumentView], str | None]:
        """One page of the owner's documents of these types, newest first, and the cursor of the next."""
        after = page.after(datetime, UUID)
        found = await self.documents.list(
            owner_id, types=types, limit=page.limit + 1, after=None if after is None else (after[0], after[1])
        )
        shown = found[: page.limit]
        locks = await self.holds.locking([document.id for document in shown], owner_id=owner_id) if shown else {}
        made = await self._made(document.current for document in shown)
        views = [DocumentView(document, tuple(locks.get(document.id, ())), made) for document in shown]
        return views, encode_cursor(shown[-1].created_at, shown[-1].id) if len(found) > page.limit else None

    async def read(self, document_id: UUID, reader: Reader) -> DocumentView:
        """A document the reader may see; for anybody else there is none."""
        document, grant = await self._for(document_id, reader)
        if grant is not None:
            await self._tell(document, reader, grant)
        locks = await self.holds.locking([document.id], owner_id=document.owner_id)
        return DocumentView(document, tuple(locks.get(document.id, ())), await self._made(document.files))

    async def link(self, document_id: UUID, wanted: Wanted, reader: Reader) -> DownloadLink:
        """A short-lived link to an accepted file or to what was made of it. Raises `RenditionNotFound`."""
        document, grant = await self._for(document_id, reader)
        file = document.downloadable(wanted.file_version)
        source = original(file) if wanted.kind is Kind.ORIGINAL else await self._made_of(file, wanted)
        if grant is not None:
            await self._tell(document, reader, grant)
        url = self.files.link(source.object_key, file_name=_safe_name(document, file, source))
        return DownloadLink(url, self.now() + self.files.link_lifetime, file.number)

    async def _made(self, files: Iterable[FileVersion | None]) -> dict[str, Renditions]:
        keys = [file.object_key for file in files if file is not None]
        return await self.renditions.find(keys) if keys else {}

    async def _made_of(self, file: FileVersion, wanted: Wanted) -> Source:
        found = await self._made([file])
        if file.object_key not in found:
            raise RenditionNotFound.of()
        return found[file.object_key].source(wanted)

    async def _for(self, document_id: UUID, reader: Reader) -> tuple[Document, Grant | None]:
        """None as grant means one's own."""
        try:
            return await self.documents.get(document_id, owner_id=reader.id, types=reader.types), None
        except DocumentNotFound:
            holds = await self.holds.holding(document_id)
            if all(hold.grant(reader) is None for hold in holds):
                raise
        document = await self.documents.get_granted(document_id)
        grants = (hold.grant(reader) for hold in holds if hold.applicant_id == document.owner_id)
        grant = next((found for found in grants if found is not None), None)
        if grant is None:
            raise DocumentNotFound.of()
        return document, grant

    @atomic
    async def _tell(self, document: Document, reader: Reader, grant: Grant) -> None:
        async with self.begin() as tx:
            await tx.publish(
                PersonalDataRead(
                    occurred_at=self.now(),
                    reader_id=reader.id,
                    reader_role=grant.role,
                    subject_id=document.owner_id,
                    service=SERVICE,
                    record=f"document:{document.id}",
                    purpose=grant.purpose,
                    address=reader.address,
                )
            )


def _safe_name(document: Document, file: FileVersion, source: Source) -> str:
    """Says what it is, never what the person called it: links end up in the store's logs."""
    return f"{document.document_type.value}-{file.number}{source.suffix}{source.media_type.extensions[0]}"
