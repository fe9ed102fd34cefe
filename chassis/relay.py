"""The relay: publishes the rows of the outbox in the order of each stream, and marks them.

One replica per service relays at a time (lease on the server's clock). It is woken by commits of its own process, by a
change stream as a hint for those of others, and polls because hints may be lost. Whatever dies in between is published
again; consumers drop the repetition.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo.errors import PyMongoError

from chassis.clock import machine_now
from chassis.lease import Lease
from chassis.mongo import Collection, Database, Document, watch_inserts
from chassis.outbox import OUTBOX
from chassis.publisher import CONNECTION_ERRORS, Publisher, Unroutable
from chassis.settings import ServiceSettings
from chassis.telemetry import Meters

log = structlog.get_logger()
tracer = trace.get_tracer("medkabinet.relay")
_LEASE_SHARE = 0.6
"""Publishing stops this far into the lease, so that its holder never overlaps with the next one for long."""
_LONGEST_PAUSE_SECONDS = 10.0


@dataclass(slots=True)
class Relay:
    """One service's relay. `run()` goes on until cancelled."""

    service: str
    database: Database
    publisher: Publisher
    settings: ServiceSettings
    lease: Lease
    meters: Meters
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _blocked_until: dict[str, float] = field(default_factory=dict)
    _parked: set[str] = field(default_factory=set)
    _parked_read_at: float = -math.inf

    def wake(self) -> None:
        """Rows were committed."""
        self._wake.set()

    async def run(self) -> None:
        """Publish what waits, then wait for more."""
        pause = self.settings.relay_poll_seconds
        while True:
            try:
                published = await self._round()
                pause = self.settings.relay_poll_seconds
            except (PyMongoError, *CONNECTION_ERRORS) as error:
                log.warning("relay-waits", error=type(error).__name__)
                published, pause = 0, min(2.0, pause * 2)
            if not published:
                await self._rest(pause)

    async def watch(self) -> None:
        """Wake for rows that other replicas commit; a hint, so its failures only cost latency."""
        while True:
            try:
                with suppress_instrumentation():
                    async for _ in watch_inserts(self._rows):
                        self.wake()
            except PyMongoError as error:
                log.info("relay-hint-lost", error=type(error).__name__)
            await asyncio.sleep(1)

    async def drain(self) -> None:
        """Publish what is committed and let the next holder in; ends when nothing goes any more."""
        while await self._round():
            pass
        await self.lease.release()

    async def lag(self) -> tuple[int, int]:
        """How many rows wait and how many are parked."""
        pending = await self._rows.count_documents({"state": "pending"}, limit=10_000)
        return pending, await self._rows.count_documents({"state": "parked"}, limit=10_000)

    @property
    def _rows(self) -> Collection:
        return self.database[OUTBOX]

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _round(self) -> int:
        self._wake.clear()
        with suppress_instrumentation():
            held_until = await self.lease.hold()
            if held_until is None or not self.publisher.is_connected:
                return 0
            rows = await self._pending()
        if not rows:
            return 0
        stop_at = min(held_until, time.monotonic() + self.settings.relay_lease_seconds * _LEASE_SHARE)
        streams = [list(group) for _, group in itertools.groupby(sorted(rows, key=_order), key=lambda row: row["stream"])]
        slots = asyncio.Semaphore(self.settings.relay_in_flight)
        done = await asyncio.gather(*(self._publish_stream(stream, slots, stop_at) for stream in streams), return_exceptions=True)
        published = [row_id for ids in done if not isinstance(ids, BaseException) for row_id in ids]
        if published:
            with suppress_instrumentation():
                await self._mark(published)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure
        return len(published)

    async def _pending(self) -> list[Document]:
        """The oldest rows that wait, each stream from its beginning."""
        found: Document = {"state": "pending"}
        if blocked := await self._blocked_streams():
            found["stream"] = {"$nin": blocked}
        limit = self.settings.relay_batch
        rows = await self._rows.find(found).sort([("created_ms", 1), ("index", 1)]).limit(limit).batch_size(limit).to_list(limit)
        if len(rows) == limit:
            # The batch may have cut a stream whose earlier version was committed with a later clock.
            streams = list({row["stream"] for row in rows})
            by_stream = self._rows.find({"state": "pending", "stream": {"$in": streams}}).sort(
                [("stream", 1), ("version", 1), ("index", 1)]
            )
            rows = await by_stream.limit(limit * 4).to_list(limit * 4)
        return rows

    async def _blocked_streams(self) -> list[str]:
        """Streams that rest after a failure, and those that wait behind a parked row until an operator decides."""
        now = time.monotonic()
        self._blocked_until = {stream: until for stream, until in self._blocked_until.items() if until > now}
        if now - self._parked_read_at > self.settings.relay_parked_seconds:
            self._parked = set(await self._rows.distinct("stream", {"state": "parked"}))
            self._parked_read_at = now
            for state, count in zip(("pending", "parked"), await self.lag(), strict=True):
                self.meters.outbox_rows.set(count, {"service": self.service, "state": state})
        return [*self._blocked_until, *self._parked]

    async def _publish_stream(self, rows: list[Document], slots: asyncio.Semaphore, stop_at: float) -> list[str]:
        """Publish one stream's rows one after another; stops at the first that does not go."""
        published: list[str] = []
        for row in rows:
            if time.monotonic() >= stop_at:
                break
            try:
                async with slots:
                    await self._publish(row)
            except Unroutable:
                await self._refuse(row)
                break
            except CONNECTION_ERRORS as error:
                log.warning("publish-delayed", event_type=row["type"], event_id=row["_id"], error=type(error).__name__)
                break
            published.append(row["_id"])
            self.meters.published.add(1, {"event": row["type"], "outcome": "confirmed"})
            self.meters.outbox_lag_seconds.record(time.time() - row["created_ms"] / 1000, {"event": row["type"]})
        return published

    async def _publish(self, row: Document) -> None:
        origin = propagate.extract(row["trace"], context=otel_context.Context())
        with tracer.start_as_current_span(f"{row['type']} publish", context=origin, kind=trace.SpanKind.PRODUCER):
            headers: dict[str, Any] = dict(row["headers"])
            propagate.inject(headers)
            await self.publisher.to_exchange(
                row["body"],
                routing_key=row["type"],
                message_id=row["_id"],
                correlation_id=row["correlation_id"],
                type=row["type"],
                app_id=self.service,
                content_type="application/json",
                timestamp=datetime.fromtimestamp(row["created_ms"] / 1000, UTC),
                headers=headers,
            )

    async def _refuse(self, row: Document) -> None:
        """Count a failure that repeating does not mend; after some the row is parked and its stream waits for an operator."""
        attempts = row["attempts"] + 1
        is_parked = attempts >= self.settings.relay_attempts
        change: Document = {"attempts": attempts, "last_error": "unroutable"}
        if is_parked:
            change["state"] = "parked"
        await self._rows.update_one({"_id": row["_id"]}, {"$set": change})
        if is_parked:
            self._parked.add(row["stream"])
        self._blocked_until[row["stream"]] = time.monotonic() + min(_LONGEST_PAUSE_SECONDS, 0.2 * 2**attempts)
        self.meters.published.add(1, {"event": row["type"], "outcome": "parked" if is_parked else "failed"})
        report: Callable[..., Any] = log.error if is_parked else log.warning
        report("event-unroutable", event_type=row["type"], event_id=row["_id"], attempts=attempts, parked=is_parked)

    async def _mark(self, row_ids: Iterable[str]) -> None:
        change = {"$set": {"state": "published", "published_at": machine_now()}}
        await self._rows.update_many({"_id": {"$in": list(row_ids)}}, change)


def _order(row: Document) -> tuple[str, int, int, int]:
    return row["stream"], row["version"], row["created_ms"], row["index"]
