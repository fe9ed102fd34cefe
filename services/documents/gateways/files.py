"""The bytes of files in the object store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis.objects import ListedObject, ObjectStore, StoredObject
from services.documents.domain.rules import MediaType


@dataclass(frozen=True, slots=True)
class Files:
    """The bytes of files. Objects are written once and never changed."""

    objects: ObjectStore
    bucket: str
    link_lifetime: timedelta

    async def prepare(self) -> None:
        """Make the bucket."""
        await self.objects.ensure_bucket(self.bucket)

    async def store(self, object_key: str, chunks: AsyncIterator[bytes], *, size_bytes: int, media_type: MediaType) -> StoredObject:
        """Stream to the store; nothing becomes visible unless exactly `size_bytes` arrive."""
        return await self.objects.put_stream(self.bucket, object_key, chunks, size_bytes, media_type.value)

    def read(self, object_key: str) -> AsyncIterator[bytes]:
        """The bytes, in parts."""
        return self.objects.open(self.bucket, object_key)

    async def store_made(self, object_key: str, content: bytes, media_type: MediaType) -> None:
        """Store what was made of a file; made again, it is the same."""
        await self.objects.put_bytes(self.bucket, object_key, content, media_type.value)

    async def delete_made(self, object_key: str) -> None:
        """Remove what was made of a file."""
        await self.objects.delete_below(self.bucket, f"{object_key}.")

    def link(self, object_key: str, *, file_name: str) -> str:
        """A link that works for a short while and always downloads."""
        return self.objects.link(self.bucket, object_key, file_name=file_name, expires=self.link_lifetime)

    async def size_bytes(self, object_key: str) -> int:
        """How many bytes are stored; `FileMissing` if there is no such object."""
        return await self.objects.size_bytes(self.bucket, object_key)

    async def list(self, *, after: str | None, limit: int, prefix: str = "") -> list[ListedObject]:
        """What is stored, in the order of keys."""
        return await self.objects.list_objects(self.bucket, prefix=prefix, after=after, limit=limit)

    async def delete(self, object_key: str) -> None:
        """Remove, if it is there."""
        await self.objects.delete(self.bucket, object_key)

    async def delete_all(self, owner_id: UUID) -> None:
        """Remove every object of the owner, whatever it is."""
        await self.objects.delete_below(self.bucket, f"{owner_id}/")
