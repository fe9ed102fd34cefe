"""What was seen lately of each person, for alerts."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import TypeAdapter

from chassis.clock import machine_now
from chassis.mongo import ASCENDING, Collection, Database, IndexModel, ReplaceOne, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.access_watch import Recent
from services.identity.repository.encoding import plain

_READ = TypeAdapter(Recent)


class AccessWatchRepository:
    """Collection `access_watch`, one document per person and kind; only the sealer writes it. No device or name in clear."""

    def __init__(self, database: Database, *, keep: timedelta) -> None:
        self._database = database
        self._keep = keep

    @property
    def _collection(self) -> Collection:
        return self._database["access_watch"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("changed_at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds()))
        await prepare_collection(self._database, "access_watch", indexes=[kept])

    async def get(self, tx: Transaction, key: str) -> Recent:
        """New for a key of which nothing was seen lately."""
        document = await self._collection.find_one({"_id": key}, session=tx.session)
        return Recent(key=key) if document is None else _READ.validate_python({**document, "key": key})

    async def save(self, tx: Transaction, known: Sequence[Recent]) -> None:
        """Replace all of them in one round trip."""
        documents = [plain(recent) | {"changed_at": machine_now()} for recent in known]
        changes = [ReplaceOne({"_id": document.pop("key")}, document, upsert=True) for document in documents]
        if changes:
            await self._collection.bulk_write(changes, ordered=False, session=tx.session)
