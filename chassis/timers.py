"""Durable timers: at its due time an event moves from `timers` to the outbox. All terms, reminders and repeats are these."""

import asyncio
from dataclasses import dataclass

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo.errors import PyMongoError

from chassis.clock import Clock
from chassis.lease import Lease
from chassis.mongo import Client, Database, Document, DuplicateKeyError
from chassis.outbox import OUTBOX, TIMERS, outbox_row_of_timer
from chassis.relay import Relay
from chassis.settings import ServiceSettings

log = structlog.get_logger()


@dataclass(slots=True)
class Timers:
    """One service's timers. `run()` goes on until cancelled."""

    client: Client
    database: Database
    clock: Clock
    relay: Relay
    lease: Lease
    settings: ServiceSettings

    async def run(self) -> None:
        """Fire what is due, then rest; a full batch is followed by the next at once."""
        while True:
            fired = 0
            try:
                with suppress_instrumentation():
                    fired = await self._round()
            except PyMongoError as error:
                log.warning("timers-wait", error=type(error).__name__)
            if fired < self.settings.timer_batch:
                await asyncio.sleep(self.settings.timer_poll_seconds)

    async def _round(self) -> int:
        if await self.lease.hold() is None:
            return 0
        due = {"due_at": {"$lte": self.clock.now()}}
        limit = self.settings.timer_batch
        timers = await self.database[TIMERS].find(due).sort("due_at", 1).limit(limit).to_list(limit)
        for timer in timers:
            try:
                await self._fire(timer)
            except DuplicateKeyError:
                # The same event was scheduled again after it had fired: it happened, so the timer has nothing left to say.
                log.warning("timer-fired-before", timer=timer["_id"], event_id=timer["row"]["_id"])
                await self.database[TIMERS].delete_one({"_id": timer["_id"], "token": timer["token"]})
        if timers:
            self.relay.wake()
        return len(timers)

    async def _fire(self, timer: Document) -> None:
        """Move one timer. Who deletes it fires it: the transaction is the claim, the lease only avoids idle contention."""
        async with self.client.start_session() as session, await session.start_transaction():
            found = {"_id": timer["_id"], "token": timer["token"]}
            result = await self.database[TIMERS].delete_one(found, session=session)
            if result.deleted_count:
                row = outbox_row_of_timer(timer, self.clock.now())
                await self.database[OUTBOX].insert_one(row, session=session)
