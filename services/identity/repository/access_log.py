"""The access log: append-only rows and, per chain, the last known place."""

from collections.abc import AsyncIterator
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.access_log import GENESIS, ChainedEntry, Entry, chain
from services.identity.repository.encoding import plain

_READ = TypeAdapter(ChainedEntry)
_BATCH = 500
_SCHEMA = {
    "bsonType": "object",
    "required": ["subject_id", "sequence", "previous", "digest", "at", "action", "outcome", "schema_version"],
    "properties": {"sequence": {"bsonType": ["int", "long"], "minimum": 1}},
}


class AccessLogRepository:
    """Collections `access_log` and `access_log_heads`. Rows are only ever inserted; network addresses are encrypted."""

    def __init__(self, database: Database, cipher: FieldCipher, *, secret: bytes) -> None:
        self._database = database
        self._cipher = cipher
        self._secret = secret

    @property
    def _rows(self) -> Collection:
        return self._database["access_log"]

    @property
    def _heads(self) -> Collection:
        return self._database["access_log_heads"]

    async def prepare(self) -> None:
        """Collections, validator and indexes."""
        place = IndexModel([("subject_id", ASCENDING), ("sequence", DESCENDING)], name="place", unique=True)
        await prepare_collection(self._database, "access_log", indexes=[place], schema=_SCHEMA)
        await prepare_collection(self._database, "access_log_heads")

    async def append(self, tx: Transaction, entry: Entry) -> ChainedEntry:
        """The entry at the end of its subject's chain; two at once conflict and one runs again."""
        sequence, previous = await self.head(tx, entry.subject_id)
        chained = chain(entry, sequence=sequence + 1, previous=previous, secret=self._secret)
        head = {"sequence": chained.sequence, "digest": chained.digest}
        await self._heads.update_one({"_id": entry.subject_id}, {"$set": head}, upsert=True, session=tx.session)
        await self._rows.insert_one(await self._document(chained), session=tx.session)
        return chained

    async def head(self, tx: Transaction, subject_id: UUID) -> tuple[int, bytes]:
        """Number and hash of the last row; (0, zeros) for an empty chain."""
        head = await self._heads.find_one({"_id": subject_id}, session=tx.session)
        return (0, GENESIS) if head is None else (head["sequence"], head["digest"])

    async def page(self, tx: Transaction, subject_id: UUID, *, limit: int, before: int | None) -> list[ChainedEntry]:
        """Rows about a person, the latest first; `before` is the number of the last row seen."""
        found: Document = {"subject_id": subject_id}
        if before is not None:
            found["sequence"] = {"$lt": before}
        documents = await self._rows.find(found, session=tx.session).sort([("sequence", DESCENDING)]).limit(limit).to_list(limit)
        return [await self._read(document) for document in documents]

    async def chain_of(self, subject_id: UUID) -> AsyncIterator[ChainedEntry]:
        """Every row of a chain in order, read in batches."""
        last = -1
        while (
            documents := await self._rows.find({"subject_id": subject_id, "sequence": {"$gt": last}})
            .sort([("sequence", ASCENDING)])
            .limit(_BATCH)
            .to_list(_BATCH)
        ):
            for document in documents:
                last = document["sequence"]
                yield await self._read(document)

    async def _document(self, chained: ChainedEntry) -> Document:
        document: Document = plain(chained.entry)
        document["_id"] = document.pop("id")
        address = document.pop("address")
        document["personal"] = {} if address is None else await self._cipher.encrypt({"address": address})
        place = {"sequence": chained.sequence, "previous": chained.previous, "digest": chained.digest, "schema_version": 1}
        return document | place

    async def _read(self, document: Document) -> ChainedEntry:
        personal = await self._cipher.decrypt(document.pop("personal"))
        entry = {**document, "id": document["_id"], "address": personal.get("address")}
        return _READ.validate_python({**document, "entry": entry})
