"""What was made of files: the only file that knows these Mongo documents, filters and indexes."""

from collections.abc import Collection as Many
from dataclasses import asdict, dataclass
from uuid import UUID

from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from services.documents.domain.renditions import Renditions

RENDITIONS = "renditions"
SCHEMA_VERSION = 1
_SCHEMA: Record = {"bsonType": "object", "required": ["_id", "owner_id", "pages", "has_pdf", "schema_version"]}


@dataclass(frozen=True, slots=True)
class RenditionRepository:
    """One row for each object that was rendered, under its key. Nothing in it is personal."""

    database: Database

    @property
    def _collection(self) -> Collection:
        return self.database[RENDITIONS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        owner = IndexModel([("owner_id", ASCENDING)], name="owner")
        await prepare_collection(self.database, RENDITIONS, schema=_SCHEMA, indexes=[owner])

    async def find(self, object_keys: Many[str]) -> dict[str, Renditions]:
        """What was made of these objects, by their keys."""
        found = await self._collection.find({"_id": {"$in": list(object_keys)}}).to_list(len(object_keys))
        return {record["_id"]: _renditions(record) for record in found}

    async def save(self, tx: Transaction, made: Renditions) -> None:
        """Store what was made; made again, it is the same."""
        record = asdict(made)
        record |= {"_id": record.pop("object_key"), "schema_version": SCHEMA_VERSION}
        await self._collection.replace_one({"_id": made.object_key}, record, upsert=True, session=tx.session)

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget what was made of the owner's files."""
        await self._collection.delete_many({"owner_id": owner_id}, session=tx.session)

    async def remove_objects(self, object_keys: Many[str]) -> None:
        """Forget what was made of objects that are no more. With a document alone it cannot go: another may share its object."""
        await self._collection.delete_many({"_id": {"$in": list(object_keys)}})


def _renditions(record: Record) -> Renditions:
    return Renditions(
        object_key=record["_id"],
        owner_id=record["owner_id"],
        pages=record["pages"],
        has_pdf=record["has_pdf"],
    )
