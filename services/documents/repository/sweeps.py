"""Sweeps and what they found: the only file that knows these Mongo documents."""

from dataclasses import dataclass
from uuid import UUID

from chassis.mongo import DESCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from services.documents.domain.sweeps import Damage, DamageKind, Phase, Share, Sweep

SWEEPS = "sweeps"
SCHEMA_VERSION = 1

_COUNTS = ("parts", "documents", "files", "bytes_read", "objects", "orphans", "isolated", "expired", "damage_count")
_SWEEP_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "started_at", "phase", *_COUNTS, "damages", "schema_version"],
    "properties": {"phase": {"enum": [phase.value for phase in Phase]}},
}


@dataclass(frozen=True, slots=True)
class SweepRepository:
    """One document for each sweep."""

    database: Database

    @property
    def _collection(self) -> Collection:
        return self.database[SWEEPS]

    async def prepare(self) -> None:
        """Collection, validator, index."""
        newest = IndexModel([("started_at", DESCENDING)], name="newest")
        await prepare_collection(self.database, SWEEPS, schema=_SWEEP_SCHEMA, indexes=[newest])

    async def find(self, sweep_id: UUID, *, tx: Transaction | None = None) -> Sweep | None:
        """A sweep; None for one that has not begun."""
        record = await self._collection.find_one({"_id": sweep_id}, session=tx.session if tx else None)
        return None if record is None else _sweep(record)

    async def save(self, tx: Transaction, sweep: Sweep) -> None:
        """Store how far it got."""
        await self._collection.replace_one({"_id": sweep.id}, _record(sweep), upsert=True, session=tx.session)


def _record(sweep: Sweep) -> Record:
    share = sweep.share
    return {
        "_id": sweep.id,
        "started_at": sweep.started_at,
        "is_dry": sweep.is_dry,
        "share": None if share is None else {"of": share.of, "number": share.number},
        "phase": sweep.phase.value,
        "cursor": sweep.cursor,
        **{name: getattr(sweep, name) for name in _COUNTS},
        "damages": [{"document_id": one.document_id, "file_version": one.file_version, "kind": one.kind.value} for one in sweep.damages],
        "finished_at": sweep.finished_at,
        "schema_version": SCHEMA_VERSION,
    }


def _sweep(record: Record) -> Sweep:
    share = record["share"]
    return Sweep(
        id=record["_id"],
        started_at=record["started_at"],
        is_dry=record["is_dry"],
        share=None if share is None else Share(share["of"], share["number"]),
        phase=Phase(record["phase"]),
        cursor=record["cursor"],
        damages=tuple(Damage(one["document_id"], one["file_version"], DamageKind(one["kind"])) for one in record["damages"]),
        finished_at=record["finished_at"],
        **{name: record[name] for name in _COUNTS},
    )
