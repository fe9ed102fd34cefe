"""Receiving files: a row, the bytes outside any transaction, then one transaction that makes them a file.

The row is written while the first bytes flow; the last ones are withheld until it is committed. The store shows an object
only when all of it has come, so there is never an object without a row, and nobody waits for the row.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from chassis.idempotency import apart_from_request
from chassis.transaction import Begin, Transaction, atomic, mark_handled
from contracts.documents import CheckTermReached, DocumentReceived, DocumentType, UploadTermReached
from services.documents.domain.documents import Document, State, StoredBytes, Twin, Upload, object_key_of
from services.documents.domain.errors import (
    DocumentLocked,
    DocumentNotFound,
    FileEmpty,
    FileTooLarge,
    LengthMissing,
    MediaTypeNotAllowed,
    StaleDocument,
    TooManyDocuments,
    TooManyFiles,
    UploadInterrupted,
)
from services.documents.domain.rules import ALL_TYPES, RULES, MediaType, Rule
from services.documents.gateways.files import Files
from services.documents.repository import DocumentRepository, HoldRepository
from services.documents.usecases.checks.common import names_of
from services.documents.usecases.retention import Retention


@dataclass(frozen=True, slots=True)
class Announced:
    """What an upload says about itself before its first byte. `size_bytes` and `media_type` are None when it does not."""

    file_name: str
    media_type: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How many, and how long."""

    documents_per_owner: int
    documents_per_registrant: int
    files_per_document: int
    longest: timedelta
    silence: timedelta
    term: timedelta
    """When the rest of an upload that never ended is removed."""
    check_term: timedelta


@dataclass(frozen=True, slots=True)
class Uploads:
    """New documents and new files of known ones."""

    begin: Begin
    documents: DocumentRepository
    holds: HoldRepository
    files: Files
    retention: Retention
    now: Callable[[], datetime]
    limits: UploadLimits

    async def add(
        self,
        document_type: DocumentType,
        announced: Announced,
        chunks: AsyncIterator[bytes],
        *,
        owner_id: UUID,
        types: frozenset[DocumentType] = ALL_TYPES,
    ) -> Document:
        """Receive the first file of a new document; `types` are those the owner may bring."""
        size_bytes, media_type = _accepted(RULES[document_type], announced)
        document_id = uuid4()
        upload = self._upload(owner_id, document_id, announced.file_name, media_type)
        document = Document(
            id=document_id, owner_id=owner_id, document_type=document_type, version=0, created_at=upload.started_at, upload=upload
        )
        limit = self.limits.documents_per_owner if types == ALL_TYPES else self.limits.documents_per_registrant
        return await self._receive(document, upload, size_bytes, chunks, self._expect_new(document, upload, limit))

    async def replace(
        self,
        document_id: UUID,
        announced: Announced,
        chunks: AsyncIterator[bytes],
        *,
        owner_id: UUID,
        types: frozenset[DocumentType] = ALL_TYPES,
        expected_version: int,
    ) -> Document:
        """Receive another file of a document that no application holds; `expected_version` is what the owner saw."""
        document = await self.documents.get(document_id, owner_id=owner_id, types=types)
        size_bytes, media_type = _accepted(document.rule, announced)
        upload = self._upload(owner_id, document_id, announced.file_name, media_type)
        return await self._receive(document, upload, size_bytes, chunks, self._expect_replacement(document, upload, expected_version))

    async def end_of_term(self, event: UploadTermReached) -> None:
        """Remove what an upload left that ended without a word; one that became a file of its own stays."""
        await self._remove_rest(event.owner_id, event.document_id, event.upload_id)
        await mark_handled(self.begin, event)

    def _upload(self, owner_id: UUID, document_id: UUID, file_name: str, media_type: MediaType) -> Upload:
        upload_id = uuid4()
        return Upload(
            id=upload_id,
            object_key=object_key_of(owner_id, document_id, upload_id),
            file_name=file_name,
            media_type=media_type,
            uploaded_by=owner_id,
            started_at=self.now(),
        )

    @atomic
    async def _expect_new(self, document: Document, upload: Upload, limit: int) -> None:
        async with self.begin(is_last=False) as tx:
            if await self.documents.count(document.owner_id, limit=limit, tx=tx) >= limit:
                raise TooManyDocuments.of(limit)
            await self.documents.add(tx, document)
            await tx.schedule(term_key(upload.id), self.now() + self.limits.term, self._removal(document, upload))

    @atomic
    async def _expect_replacement(self, seen: Document, upload: Upload, expected_version: int) -> None:
        async with self.begin(is_last=False) as tx:
            document = await self.documents.get(seen.id, owner_id=seen.owner_id, tx=tx)
            if document.version != expected_version:
                raise StaleDocument.of()
            if len(document.files) >= self.limits.files_per_document:
                raise TooManyFiles.of(self.limits.files_per_document)
            await self._refuse_if_locked(tx, document)
            await self.documents.save(tx, document.receive(upload), replacing=document)
            await tx.schedule(term_key(upload.id), self.now() + self.limits.term, self._removal(document, upload))

    async def _receive(
        self, document: Document, upload: Upload, size_bytes: int, chunks: AsyncIterator[bytes], expect: Awaitable[None]
    ) -> Document:
        expected = asyncio.ensure_future(expect)
        is_done = False
        try:
            stored = await self._store(upload, size_bytes, _gated(_paced(chunks, self.limits.silence), size_bytes, expected))
            received = await self._finish(document, upload, stored)
            is_done = True
        finally:
            if not is_done:
                await asyncio.gather(expected, return_exceptions=True)
                with apart_from_request():  # the same request, sent twice at once, may have been answered by the other upload
                    await self._remove_rest(document.owner_id, document.id, upload.id)
        return received

    async def _store(self, upload: Upload, size_bytes: int, chunks: AsyncIterator[bytes]) -> StoredBytes:
        try:
            async with asyncio.timeout(self.limits.longest.total_seconds()):
                stored = await self.files.store(upload.object_key, chunks, size_bytes=size_bytes, media_type=upload.media_type)
        except TimeoutError:
            raise UploadInterrupted.of() from None
        return StoredBytes(upload.object_key, stored.size_bytes, stored.sha256)

    @atomic
    async def _finish(self, begun: Document, upload: Upload, stored: StoredBytes) -> Document:
        async with self.begin() as tx:
            document = await self.documents.get(begun.id, owner_id=begun.owner_id, tx=tx)
            if document.files:
                await self._refuse_if_locked(tx, document)
            placed = await self._named_twin(tx, document, stored)
            received = document.finish(upload.id, placed, at=self.now())
            await self.documents.save(tx, received, replacing=document)
            if placed.object_key != upload.object_key:
                await tx.schedule(f"rest:{upload.id}", self.now(), self._removal(document, upload))
            await self._announce(tx, received)
        return received

    async def _named_twin(self, tx: Transaction, document: Document, stored: StoredBytes) -> StoredBytes:
        """The same bytes of the same owner are kept once, unless the first copy was refused: it may be the copy that is damaged."""
        found = await self.documents.find_same_bytes(document.owner_id, stored.sha256, tx=tx)
        if found is None:
            return stored
        other, file = found
        object_key = stored.object_key if file.state is State.REJECTED else file.object_key
        return replace(stored, object_key=object_key, twin=Twin(other.id, other.document_type, file.number))

    async def _announce(self, tx: Transaction, document: Document) -> None:
        file = document.file()
        names = names_of(document, file, at=self.now())
        await tx.publish(
            DocumentReceived(
                version=document.version, size_bytes=file.size_bytes, media_type=file.media_type.value, sha256=file.sha256, **names
            )
        )
        await tx.schedule(term_key(file.upload_id), self.now() + self.limits.check_term, CheckTermReached(**names))
        await self.retention.begin_term(tx, document)

    async def _refuse_if_locked(self, tx: Transaction, document: Document) -> None:
        locks = await self.holds.locking([document.id], owner_id=document.owner_id, tx=tx)
        if locks:
            raise DocumentLocked.of(locks[document.id])

    def _removal(self, document: Document, upload: Upload) -> UploadTermReached:
        return UploadTermReached(
            document_id=document.id,
            owner_id=document.owner_id,
            document_type=document.document_type.value,
            file_version=document.next_file_version,
            upload_id=upload.id,
            occurred_at=self.now(),
        )

    async def _remove_rest(self, owner_id: UUID, document_id: UUID, upload_id: UUID) -> None:
        """First the row, so that the upload can no longer become a file, then the bytes. Bears repetition."""
        await self._give_up(document_id, upload_id)
        object_key = object_key_of(owner_id, document_id, upload_id)
        if not await self.documents.is_stored_file(object_key):
            await self.files.delete(object_key)

    @atomic
    async def _give_up(self, document_id: UUID, upload_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            try:
                document = await self.documents.get_granted(document_id, tx=tx)
            except DocumentNotFound:
                return
            without = document.give_up(upload_id)
            if without is document:
                return
            if document.files:
                await self.documents.save(tx, without, replacing=document)
            else:
                await self.documents.remove(tx, document)


def term_key(upload_id: UUID) -> str:
    """The timer of an upload: first that it must end, then that the check of its file must be done."""
    return f"upload:{upload_id}"


def _accepted(rule: Rule, announced: Announced) -> tuple[int, MediaType]:
    """Size and format of an upload that may begin; every refusal names the limits of the type."""
    allowed = [media_type for media_type in rule.media_types if media_type.value == announced.media_type]
    if not allowed:
        raise MediaTypeNotAllowed.of(rule)
    if announced.size_bytes is None:
        raise LengthMissing.of(rule)
    if announced.size_bytes > rule.max_bytes:
        raise FileTooLarge.of(rule)
    if announced.size_bytes == 0:
        raise FileEmpty.of(rule)
    return announced.size_bytes, allowed[0]


async def _paced(chunks: AsyncIterator[bytes], silence: timedelta) -> AsyncIterator[bytes]:
    """The chunks, as long as they keep coming."""
    while True:
        try:
            async with asyncio.timeout(silence.total_seconds()):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadInterrupted.of() from None
        yield chunk


async def _gated(chunks: AsyncIterator[bytes], size_bytes: int, expected: asyncio.Future[None]) -> AsyncIterator[bytes]:
    """The chunks, the one that completes the file not before `expected` is done; its failure ends them at once."""
    seen = 0
    async for chunk in chunks:
        seen += len(chunk)
        if expected.done() or seen >= size_bytes:
            await expected
        yield chunk
