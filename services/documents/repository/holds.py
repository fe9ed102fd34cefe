"""What documents knows of applications: the only file that knows these Mongo documents, filters and indexes."""

from collections.abc import Collection as Many
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from services.documents.domain.holds import DraftUse, Hold, Told

HOLDS = "holds"
SCHEMA_VERSION = 1
MAX_HOLDS = 100
"""Applications that can hold one document at once."""

T = TypeVar("T")

_HOLD_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "applicant_id", "document_ids", "locked_document_ids", "told", "schema_version"],
}


@dataclass(frozen=True, slots=True)
class HoldRepository:
    """The read model of applications: locks and grants."""

    database: Database

    @property
    def _collection(self) -> Collection:
        return self.database[HOLDS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        locked = IndexModel([("locked_document_ids", ASCENDING)], name="locked")
        held = IndexModel([("document_ids", ASCENDING)], name="held")
        applicant = IndexModel([("applicant_id", ASCENDING)], name="applicant")
        await prepare_collection(self.database, HOLDS, schema=_HOLD_SCHEMA, indexes=[locked, held, applicant])

    async def find(self, application_id: UUID, *, tx: Transaction) -> Hold | None:
        """What is known of an application."""
        record = await self._collection.find_one({"_id": application_id}, session=tx.session)
        return None if record is None else _hold(record)

    async def remove_all(self, tx: Transaction, applicant_id: UUID) -> None:
        """Forget every application of the person."""
        await self._collection.delete_many({"applicant_id": applicant_id}, session=tx.session)

    async def save(self, tx: Transaction, hold: Hold) -> None:
        """Store what is known now."""
        await self._collection.replace_one({"_id": hold.application_id}, _hold_record(hold), upsert=True, session=tx.session)

    async def holding(self, document_id: UUID) -> list[Hold]:
        """Applications that hold the document, locked or not."""
        records = await self._collection.find({"document_ids": document_id}).limit(MAX_HOLDS).to_list(MAX_HOLDS)
        return [_hold(record) for record in records]

    async def naming(self, document_id: UUID, *, owner_id: UUID, tx: Transaction) -> list[Hold]:
        """Applications of the owner that were ever handed in with the document, or whose draft names it."""
        anyhow = [{"handed_in": document_id}, {"document_ids": document_id}, {"draft.document_ids": document_id}]
        found = {"applicant_id": owner_id, "$or": anyhow}
        records = await self._collection.find(found, session=tx.session).limit(MAX_HOLDS).to_list(MAX_HOLDS)
        return [_hold(record) for record in records]

    async def locking(self, document_ids: Many[UUID], *, owner_id: UUID, tx: Transaction | None = None) -> dict[UUID, list[UUID]]:
        """Which of the owner's documents are locked, and by which applications of the owner: others' count for nothing."""
        session = tx.session if tx else None
        found = {"locked_document_ids": {"$in": list(document_ids)}, "applicant_id": owner_id}
        limit = MAX_HOLDS * max(1, len(document_ids))
        records = await self._collection.find(found, {"locked_document_ids": 1}, session=session).limit(limit).to_list(limit)
        locks: dict[UUID, list[UUID]] = {}
        for record in records:
            for document_id in set(record["locked_document_ids"]) & set(document_ids):
                locks.setdefault(document_id, []).append(record["_id"])
        return locks


def _hold_record(hold: Hold) -> Record:
    told = {
        "document_ids": hold.document_ids.version,
        "unlocked_document_ids": hold.unlocked_document_ids.version,
        "is_over": hold.is_over.version,
        "reviewer_id": hold.reviewer_id.version,
        "is_at_registrar": hold.is_at_registrar.version,
        "draft": hold.draft.version,
    }
    draft = hold.draft.value
    return {
        "_id": hold.application_id,
        "applicant_id": hold.applicant_id,
        "document_ids": list(hold.document_ids.value),
        "unlocked_document_ids": list(hold.unlocked_document_ids.value),
        "locked_document_ids": list(hold.locked_document_ids),
        "is_over": hold.is_over.value,
        "reviewer_id": hold.reviewer_id.value,
        "is_at_registrar": hold.is_at_registrar.value,
        "handed_in": sorted(hold.handed_in),
        "draft": None if draft is None else {"document_ids": list(draft.document_ids), "saved_at": draft.saved_at},
        "told": told,
        "schema_version": SCHEMA_VERSION,
    }


def _hold(record: Record) -> Hold:
    told: Mapping[str, int] = record["told"]

    def known(name: str, value: T) -> Told[T]:
        return Told(value, told.get(name, 0))

    return Hold(
        application_id=record["_id"],
        applicant_id=record["applicant_id"],
        document_ids=known("document_ids", tuple(record["document_ids"])),
        unlocked_document_ids=known("unlocked_document_ids", tuple(record["unlocked_document_ids"])),
        handed_in=frozenset(record.get("handed_in") or record["document_ids"]),
        draft=known("draft", _draft(record.get("draft"))),
        is_over=known("is_over", bool(record["is_over"])),
        reviewer_id=known("reviewer_id", record["reviewer_id"]),
        is_at_registrar=known("is_at_registrar", bool(record["is_at_registrar"])),
    )


def _draft(record: Record | None) -> DraftUse | None:
    return None if record is None else DraftUse(tuple(record["document_ids"]), record["saved_at"])
