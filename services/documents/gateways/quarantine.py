"""Where infected files are kept apart until their term is over."""

from dataclasses import dataclass
from uuid import UUID

from chassis.objects import FileMissing, ListedObject, ObjectStore


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Copies of infected files under the keys of their originals. No route and no link ever names this bucket."""

    objects: ObjectStore
    bucket: str
    originals: str
    """The bucket of all other files."""

    async def prepare(self) -> None:
        """Make the bucket."""
        await self.objects.ensure_bucket(self.bucket)

    async def take(self, object_key: str) -> None:
        """Copy the file here; its original stays. Bears repetition. Raises `FileMissing` when it is in neither place."""
        try:
            await self.objects.copy(self.originals, object_key, to_bucket=self.bucket)
        except FileMissing:
            if not await self.holds(object_key):
                raise

    async def holds(self, object_key: str) -> bool:
        """Whether a file of this key is kept here."""
        try:
            await self.objects.size_bytes(self.bucket, object_key)
        except FileMissing:
            return False
        return True

    async def list(self, *, after: str | None, limit: int) -> list[ListedObject]:
        """What is kept here, in the order of keys."""
        return await self.objects.list_objects(self.bucket, after=after, limit=limit)

    async def delete(self, object_key: str) -> None:
        """Remove, if it is there."""
        await self.objects.delete(self.bucket, object_key)

    async def delete_all(self, owner_id: UUID) -> None:
        """Remove everything of the owner."""
        await self.objects.delete_below(self.bucket, f"{owner_id}/")
