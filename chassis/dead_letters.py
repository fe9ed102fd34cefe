"""What could not be processed, kept until somebody decides: listed, shown, replayed or discarded with a reason."""

import hashlib
from dataclasses import dataclass

from faststream.rabbit import RabbitMessage

from chassis.clock import Clock
from chassis.errors import NotFound
from chassis.mongo import ASCENDING, Binary, Database, Document, IndexModel, prepare_collection
from chassis.publisher import Publisher

DEAD_LETTERS = "dead_letters"
_KEPT_PROPERTIES = ("message_id", "correlation_id", "content_type", "type", "app_id")


class NoSuchDeadLetter(NotFound):
    """No open dead letter has this id."""

    code = "no-such-dead-letter"


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """One service's dead letters. States: open, replayed, discarded."""

    database: Database
    clock: Clock

    async def prepare(self) -> None:
        """The collection; lists go by time within a state."""
        by_time = IndexModel([("state", ASCENDING), ("at", ASCENDING)], name="by_time")
        await prepare_collection(self.database, DEAD_LETTERS, indexes=[by_time])

    async def park(self, message: RabbitMessage) -> None:
        """Keep one message. A redelivery of the same death finds it kept already; a new death of a replay is a new row."""
        raw = message.raw_message
        headers = {name: value for name, value in raw.headers.items() if isinstance(value, str | int | float | bool)}
        replays = headers.get("x-replays", 0)
        digest = hashlib.sha256(raw.body).hexdigest()[:16]
        letter = {
            "queue": str(headers.get("x-failed-queue") or headers.get("x-first-death-queue") or raw.routing_key),
            "properties": {name: getattr(raw, name) for name in _KEPT_PROPERTIES},
            "type": str(raw.type),
            "headers": headers,
            "body": Binary(raw.body),
            "error": str(headers.get("x-last-error", headers.get("x-first-death-reason", "unknown"))),
            "attempts": headers.get("x-attempt", 0),
            "state": "open",
            "at": self.clock.now(),
        }
        found = {"_id": f"{raw.message_id}:{digest}:{replays}"}
        await self.database[DEAD_LETTERS].update_one(found, {"$setOnInsert": letter}, upsert=True)

    async def list(self, *, state: str = "open", limit: int = 100, after: str | None = None) -> list[Document]:
        """Oldest first, without bodies; `after` is the id of the last one seen."""
        found: Document = {"state": state}
        if after is not None:
            last = await self._get(after)
            found["$or"] = [{"at": {"$gt": last["at"]}}, {"at": last["at"], "_id": {"$gt": after}}]
        return await self.database[DEAD_LETTERS].find(found, {"body": 0}).sort([("at", 1), ("_id", 1)]).limit(limit).to_list(limit)

    async def show(self, letter_id: str) -> Document:
        """One with its body; sealed fields are ciphertext there. Raises `NoSuchDeadLetter`."""
        return await self._get(letter_id)

    async def replay(self, letter_id: str, publisher: Publisher, *, by: str) -> None:
        """Send it to its own queue again, under its own id: what was done already is not done twice. Raises `NoSuchDeadLetter`."""
        letter = await self._get(letter_id)
        headers = {name: value for name, value in letter["headers"].items() if not name.startswith("x-")}
        headers |= {"x-replayed-by": by, "x-replays": int(letter["headers"].get("x-replays", 0)) + 1}
        properties = {name: value for name, value in letter["properties"].items() if value is not None}
        await publisher.to_queue(letter["queue"], bytes(letter["body"]), **properties, headers=headers)
        await self._close(letter_id, "replayed", by=by)

    async def discard(self, letter_id: str, *, by: str, reason: str) -> None:
        """Decide that it stays unprocessed; it is kept with who and why. Raises `NoSuchDeadLetter`."""
        await self._get(letter_id)
        await self._close(letter_id, "discarded", by=by, reason=reason)

    async def _get(self, letter_id: str) -> Document:
        letter = await self.database[DEAD_LETTERS].find_one({"_id": letter_id})
        if letter is None:
            raise NoSuchDeadLetter(f"Нет недоставленного сообщения {letter_id}.")
        return letter

    async def _close(self, letter_id: str, state: str, **who: str) -> None:
        change = {"$set": {"state": state, "closed_at": self.clock.now(), **who}}
        await self.database[DEAD_LETTERS].update_one({"_id": letter_id}, change)
