"""What was read of files: the only file that knows these Mongo documents and indexes. The words are personal and stored encrypted."""

import json
from dataclasses import dataclass
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from services.documents.domain.checks import CheckCase
from services.documents.domain.reading import Page, Reading, Source

READINGS = "readings"
SCHEMA_VERSION = 1

_READING_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "document_id", "owner_id", "source", "unread", "personal", "schema_version"],
    "properties": {"personal": {"bsonType": "object", "required": ["pages"], "properties": {"pages": {"bsonType": "binData"}}}},
}


@dataclass(frozen=True, slots=True)
class ReadingRepository:
    """One reading for each file that is compared with its owner's profile, under the id of its upload."""

    database: Database
    cipher: FieldCipher

    @property
    def _collection(self) -> Collection:
        return self.database[READINGS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        owner = IndexModel([("owner_id", ASCENDING)], name="owner")
        document = IndexModel([("document_id", ASCENDING)], name="document")
        await prepare_collection(self.database, READINGS, schema=_READING_SCHEMA, indexes=[owner, document])

    async def find(self, upload_id: UUID, *, tx: Transaction) -> Reading | None:
        """What was read of the file; None when nothing was."""
        record = await self._collection.find_one({"_id": upload_id}, session=tx.session)
        if record is None:
            return None
        pages = json.loads((await self.cipher.decrypt(record["personal"]))["pages"])
        return Reading(Source(record["source"]), tuple(Page.of(words) for words in pages), record["unread"])

    async def save(self, tx: Transaction, case: CheckCase, reading: Reading) -> None:
        """Keep what the check read."""
        pages = json.dumps([_words(page) for page in reading.pages], ensure_ascii=False, separators=(",", ":"))
        record = {
            "_id": case.upload_id,
            "document_id": case.document_id,
            "owner_id": case.owner_id,
            "source": reading.source.value,
            "unread": reading.unread,
            "personal": dict(await self.cipher.encrypt({"pages": pages})),
            "schema_version": SCHEMA_VERSION,
        }
        await self._collection.replace_one({"_id": case.upload_id}, record, upsert=True, session=tx.session)

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget what was read of the owner's files."""
        await self._collection.delete_many({"owner_id": owner_id}, session=tx.session)

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        """Forget what was read of a document's files."""
        await self._collection.delete_many({"document_id": document_id}, session=tx.session)


def _words(page: Page) -> list[object]:
    return [[word.text, word.line, round(word.confidence, 1), word.again] for word in page.words]
