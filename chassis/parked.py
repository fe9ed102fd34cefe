"""Events that could not leave the outbox, parked by the relay until somebody decides: listed, released or skipped with a reason.

The rows of a stream wait behind its parked one, so each decision lets the stream go on.
"""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.errors import NotFound
from chassis.mongo import Database, Document
from chassis.outbox import OUTBOX


class NoSuchParkedEvent(NotFound):
    """No parked row has this id; it may have been released or skipped meanwhile."""

    code = "no-such-parked-event"


@dataclass(frozen=True, slots=True)
class ParkedEvents:
    """One service's parked rows. Released ones are pending again, skipped ones are kept and never published."""

    database: Database
    clock: Clock

    async def list(self, *, state: str = "parked", limit: int = 100, after: str | None = None) -> list[Document]:
        """Oldest first, without bodies; `after` is the id of the last one seen, in whatever state it is by now."""
        found: Document = {"state": state}
        if after is not None:
            last = await self.database[OUTBOX].find_one({"_id": after}, {"created_ms": 1})
            if last is None:
                raise _no_such(after)
            found["$or"] = [{"created_ms": {"$gt": last["created_ms"]}}, {"created_ms": last["created_ms"], "_id": {"$gt": after}}]
        return await self.database[OUTBOX].find(found, {"body": 0}).sort([("created_ms", 1), ("_id", 1)]).limit(limit).to_list(limit)

    async def release(self, row_id: str, *, by: str) -> None:
        """Let the relay try again from the first attempt; it notices within seconds. Raises `NoSuchParkedEvent`."""
        await self._decide(row_id, {"state": "pending", "attempts": 0, "by": by})

    async def skip(self, row_id: str, *, by: str, reason: str) -> None:
        """Decide that it is never published; it is kept with who and why. Raises `NoSuchParkedEvent`."""
        await self._decide(row_id, {"state": "skipped", "by": by, "reason": reason})

    async def _decide(self, row_id: str, change: Document) -> None:
        found = {"_id": row_id, "state": "parked"}
        result = await self.database[OUTBOX].update_one(found, {"$set": {**change, "decided_at": self.clock.now()}})
        if not result.matched_count:
            raise _no_such(row_id)


def _no_such(row_id: str) -> NoSuchParkedEvent:
    return NoSuchParkedEvent(f"Нет отложенного события {row_id}.")
