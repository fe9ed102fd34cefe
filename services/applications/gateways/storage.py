"""The bucket of generated PDFs. Keys name the content's owner, so making a file again stores the same bytes in the same place."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from chassis.objects import ObjectStore
from services.applications.domain.application import StoredFile

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class FileStore:
    """Generated files of one bucket."""

    objects: ObjectStore
    bucket: str

    async def prepare(self) -> None:
        """Make the bucket."""
        await self.objects.ensure_bucket(self.bucket)

    async def put(self, key: str, content: bytes) -> StoredFile:
        """Store a PDF."""
        stored = await self.objects.put_bytes(self.bucket, key, content, PDF)
        return StoredFile(key, stored.sha256, stored.size_bytes)

    def link(self, file: StoredFile, *, file_name: str, expires: timedelta) -> str:
        """A short-lived link to a file."""
        return self.objects.link(self.bucket, file.key, file_name=file_name, expires=expires)

    async def check(self, file: StoredFile) -> None:
        """That the file is there. Raises `StoreUnavailable`, `FileMissing`."""
        await self.objects.size_bytes(self.bucket, file.key)

    async def delete(self, prefix: str) -> None:
        """Remove every file whose key begins so; none is fine."""
        while keys := await self.objects.list_keys(self.bucket, prefix=prefix):
            for key in keys:
                await self.objects.delete(self.bucket, key)

    async def open(self, file: StoredFile) -> AsyncIterator[bytes]:
        """The file's bytes, chunk by chunk; the first is here already. Raises `StoreUnavailable`, `FileMissing`."""
        return await self.objects.opened(self.bucket, file.key)
