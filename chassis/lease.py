"""A lease: at most one process at a time does something, by the store's clock."""

import time
from dataclasses import dataclass, field
from uuid import uuid4

from pymongo.errors import DuplicateKeyError

from chassis.mongo import Database, ReturnDocument
from chassis.outbox import LEASES

_RENEW_SHARE = 0.5


@dataclass(slots=True)
class Lease:
    """Held by one owner until it ends. Times are compared on the server as milliseconds: clients' clocks do not matter."""

    database: Database
    name: str
    seconds: float
    owner: str = field(default_factory=lambda: str(uuid4()))
    _until: float = 0.0

    async def hold(self) -> float | None:
        """Take or renew. Returns the monotonic moment until which it is surely held, None while somebody else has it."""
        now = time.monotonic()
        if self._until - now > self.seconds * _RENEW_SHARE:
            return self._until
        lease_ms = int(self.seconds * 1000)
        mine_or_over = {"$or": [{"$eq": ["$owner", self.owner]}, {"$lte": ["$until_ms", {"$toLong": "$$NOW"}]}]}
        renewal = [{"$set": {"owner": self.owner, "until_ms": {"$add": [{"$toLong": "$$NOW"}, lease_ms]}}}]
        leases = self.database[LEASES]
        found = await leases.find_one_and_update({"_id": self.name, "$expr": mine_or_over}, renewal, return_document=ReturnDocument.AFTER)
        if found is None and not await self._create():
            self._until = 0.0
            return None
        self._until = now + self.seconds
        return self._until

    async def release(self) -> None:
        """Let the next one in at once."""
        self._until = 0.0
        await self.database[LEASES].update_one({"_id": self.name, "owner": self.owner}, {"$set": {"until_ms": 0}})

    async def _create(self) -> bool:
        """The first holder ever makes the document; its end is set by the first renewal, which this asks for at once."""
        try:
            await self.database[LEASES].insert_one({"_id": self.name, "owner": self.owner, "until_ms": 0})
        except DuplicateKeyError:
            return False
        return await self.hold() is not None
