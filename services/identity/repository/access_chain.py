"""The chain of the access log: blocks, anchors and the head; rows are given their places here and read for proof."""

import math
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import cast

from pydantic import TypeAdapter, ValidationError

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, UpdateOne, prepare_collection, undecoded_ids
from chassis.transaction import Transaction
from services.identity.domain.access_chain import Anchor, Block, Head
from services.identity.domain.access_proof import StoredRow
from services.identity.repository.access_log import ROWS, UNSEALED
from services.identity.repository.encoding import plain
from services.identity.repository.stored_rows import ReadRow, documents_in, read_bytes, read_document

SET_ASIDE = -1
"""The place of a row whose digest never fitted: it is in no block, and every proof names it."""
_HEAD = "head"
_BLOCKS_AT_ONCE = 200
_NO_DIGEST = b"-"
"""Of a head that is there and unreadable; a missing one has an empty digest."""
_READ_BLOCK, _READ_ANCHOR, _READ_HEAD = TypeAdapter(Block), TypeAdapter(Anchor), TypeAdapter(Head)


class AccessChainRepository:
    """Collections `access_blocks`, `access_anchors`, `access_head`; and places in `access_rows`."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _rows(self) -> Collection:
        return undecoded_ids(self._database[ROWS])

    @property
    def _blocks(self) -> Collection:
        return self._database["access_blocks"]

    @property
    def _anchors(self) -> Collection:
        return self._database["access_anchors"]

    @property
    def _heads(self) -> Collection:
        return self._database["access_head"]

    async def prepare(self) -> None:
        """Collections and indexes; blocks are found by number and by day."""
        by_number = IndexModel([("number", ASCENDING)], name="number", unique=True)
        by_day = IndexModel([("day", ASCENDING), ("number", ASCENDING)], name="day")
        await prepare_collection(self._database, "access_blocks", indexes=[by_number, by_day])
        await prepare_collection(self._database, "access_anchors")
        await prepare_collection(self._database, "access_head")

    async def head(self, tx: Transaction) -> Head:
        """Where the chain ends; one without digest when there is none."""
        document = await self._heads.find_one({"_id": _HEAD}, session=tx.session)
        return Head() if document is None else _head(document)

    async def unsealed(self, tx: Transaction, *, limit: int) -> list[StoredRow]:
        """Committed rows that wait for a block, in whatever order they are found."""
        documents = await self._rows.find({"place": UNSEALED}, session=tx.session).limit(limit).to_list(limit)
        return await self._opened([read_document(document) for document in documents])

    async def seal(self, tx: Transaction, block: Block, rows: Sequence[StoredRow]) -> None:
        """Keep the block and give its rows their places. Another sealer's block of this number is a duplicate or a conflict."""
        await self._blocks.insert_one(plain(block), session=tx.session)
        places = [UpdateOne({"_id": row.id}, {"$set": {"place": place}}) for place, row in enumerate(rows, block.first)]
        await self._rows.bulk_write(places, ordered=False, session=tx.session)

    async def set_aside(self, tx: Transaction, rows: Sequence[StoredRow]) -> None:
        """Take rows that do not fit out of the way of the others."""
        changes = [UpdateOne({"_id": row.id}, {"$set": {"place": SET_ASIDE}}) for row in rows]
        await self._rows.bulk_write(changes, ordered=False, session=tx.session)

    async def add_anchor(self, tx: Transaction, anchor: Anchor) -> None:
        """Keep the end of a day."""
        await self._anchors.insert_one(plain(anchor) | {"_id": anchor.day.isoformat()}, session=tx.session)

    async def save_head(self, tx: Transaction, head: Head) -> None:
        """Replace; two at once conflict and one runs again."""
        await self._heads.replace_one({"_id": _HEAD}, plain(head), upsert=True, session=tx.session)

    async def anchors(self, tx: Transaction) -> dict[date, Anchor]:
        """Every anchor by day; one for each day there ever was."""
        documents = await self._anchors.find({}, session=tx.session).to_list(None)
        found = [_anchor(document) for document in documents]
        return {anchor.day: anchor for anchor in found}

    async def first_number(self, day: date) -> int | None:
        """The number of the first block of that day or a later one."""
        return await self._number_of({"day": {"$gte": day.isoformat()}}, ASCENDING)

    async def last_number(self, tx: Transaction) -> int | None:
        """The greatest number of a block."""
        return await self._number_of({"number": {"$gte": 0}}, DESCENDING, tx)

    async def blocks(self, *, first: int, last: int) -> AsyncIterator[list[Block]]:
        """Blocks of these numbers in order, some at a time."""
        after = first - 1
        while True:
            found = self._blocks.find({"number": {"$gt": after, "$lte": last}}).sort([("number", ASCENDING)]).limit(_BLOCKS_AT_ONCE)
            documents = await found.to_list(_BLOCKS_AT_ONCE)
            if not documents:
                return
            yield [_block(document) for document in documents]
            after = documents[-1]["number"]

    async def found(self, *, first: int, last: int, limit: int) -> list[bytes]:
        """What is found at these places, in order and as it is; `opened` makes rows of it."""
        at_places = {"place": {"$gte": first, "$lt": last + 1}}
        found = self._rows.find_raw_batches(at_places, sort=[("place", ASCENDING)], limit=limit, batch_size=limit)
        return [raw async for batch in found for raw in documents_in(cast("bytes", batch))]  # the driver says documents

    async def opened(self, found: Sequence[bytes]) -> list[StoredRow]:
        """Rows with their origins opened: digests cover what these say, their ciphertexts change with the keys."""
        return await self._opened([read_bytes(raw) for raw in found])

    async def beyond(self, tx: Transaction, *, above: int, limit: int) -> list[StoredRow]:
        """Rows at places below the first and above this one, except those that wait for their block."""
        ranges: tuple[Document, ...] = ({"$lt": UNSEALED}, {"$gt": UNSEALED, "$lt": 1}, {"$gt": above})
        return [row for places in ranges for row in await self._found({"place": places}, limit, tx)]

    async def nowhere(self, *, limit: int) -> list[StoredRow]:
        """Rows whose place is no number, or not one; no index finds them."""
        return await self._found({"$or": [{"place": {"$not": {"$type": "number"}}}, {"place": math.nan}]}, limit)

    async def count(self) -> int:
        """How many rows there are, by the store's own count."""
        return await self._rows.estimated_document_count()

    async def waiting(self, tx: Transaction) -> int:
        """How many rows wait for their block."""
        return await self._rows.count_documents({"place": UNSEALED}, session=tx.session)

    async def _found(self, found: Document, limit: int, tx: Transaction | None = None) -> list[StoredRow]:
        documents = await self._rows.find(found, session=tx.session if tx else None).limit(limit).to_list(limit)
        return await self._opened([read_document(document) for document in documents])

    async def _opened(self, rows: Sequence[ReadRow]) -> list[StoredRow]:
        origins = await self._cipher.decrypt_each([row.sealed for row in rows])
        return [row.opened(origin) for row, origin in zip(rows, origins, strict=True)]

    async def _number_of(self, found: Document, order: int, tx: Transaction | None = None) -> int | None:
        document = await self._blocks.find_one(found, {"number": 1}, sort=[("number", order)], session=tx.session if tx else None)
        return None if document is None else int(document["number"])


def _block(document: Document) -> Block:
    """One that lost its shape has no digest, which fits nothing."""
    try:
        return _READ_BLOCK.validate_python(document)
    except ValidationError:
        return Block(number=document["number"], day=date.min, first=0, ids=b"", macs=b"", previous=b"")


def _anchor(document: Document) -> Anchor:
    try:
        return _READ_ANCHOR.validate_python(document)
    except ValidationError:
        day = date.fromisoformat(document["_id"])
        return Anchor(day=day, blocks=0, rows=0, last_number=0, last_place=0, last_digest=b"", previous=b"")


def _head(document: Document) -> Head:
    try:
        return _READ_HEAD.validate_python(document)
    except ValidationError:
        return Head(digest=_NO_DIGEST)
