"""Sealing the access log: committed rows become blocks of the day's chain, a day that is over gets its anchor."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from opentelemetry.metrics import Meter
from pymongo.errors import PyMongoError

from chassis.lease import Lease
from chassis.transaction import Begin, atomic
from contracts.identity import AccessLogAnchored
from services.identity.domain.access_chain import Head
from services.identity.domain.access_log import row_mac
from services.identity.repository.access_chain import AccessChainRepository
from services.identity.usecases.access_watch import AccessWatch

log = structlog.get_logger()
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SealingPolicy:
    """When rows become blocks."""

    block_rows: int
    """The most a block has."""
    told_blocks: int
    """After how many of them the archive is told where the chain stands, though the day is not over."""
    poll_seconds: float
    alarm_seconds: float
    """How long rows may wait."""


@dataclass(frozen=True, slots=True)
class SealingUseCases:
    """The order of the access log. Goes by the state of rows, never by time or number: what commits late is sealed late."""

    begin: Begin
    chain: AccessChainRepository
    watch: AccessWatch
    secret: bytes
    policy: SealingPolicy
    now: Callable[[], datetime]

    @atomic
    async def seal(self) -> int:
        """Seal the rows of one block, and end the day that is over; how many rows were waiting for it.

        Block, places and head are one transaction, so whatever dies in between has changed nothing.
        """
        today = self.now().date()
        async with self.begin() as tx:
            found = await self.chain.unsealed(tx, limit=self.policy.block_rows)
            stored = head = await self.chain.head(tx)
            if head.is_day_over(today):
                anchor, head = head.anchored(self.secret)
                await self.chain.add_anchor(tx, anchor)
                await tx.publish(self._told(head, anchor.digest, is_final=True))
            fitting = [row for row in found if row.parts is not None and row_mac(row.parts, self.secret) == row.mac]
            if fitting:
                fitting.sort(key=lambda row: row.id)
                block, head = head.sealed([(row.id, row.mac) for row in fitting], today, self.secret)
                await self.chain.seal(tx, block, fitting)
                await self.watch.look(tx, fitting)
                if block.number % self.policy.told_blocks == 0:
                    await tx.publish(self._told(head, block.digest, is_final=False))
            if len(fitting) < len(found):
                odd = [row for row in found if row not in fitting]
                await self.chain.set_aside(tx, odd)
                log.error("access-log-rows-do-not-fit", row_ids=[bytes(row.id).hex() for row in odd])
            if head is not stored:
                await self.chain.save_head(tx, head)
        return len(found)

    def _told(self, head: Head, digest: bytes, *, is_final: bool) -> AccessLogAnchored:
        where = {"day": head.day, "number": head.number, "rows": head.place}
        return AccessLogAnchored(occurred_at=self.now(), digest=digest.hex(), is_final=is_final, **where)


@dataclass(slots=True)
class Sealer:
    """Seals in the background, in one process of the service at a time. `run()` goes on until cancelled."""

    sealing: SealingUseCases
    lease: Lease
    meter: Meter
    _waits_since: float | None = field(init=False, default=None)

    async def run(self) -> None:
        """Seal what waits, then wait for more."""
        gauge = self.meter.create_gauge("medkabinet.access_log.waiting", unit="s", description="How long a row waits for its block")
        pause = self.sealing.policy.poll_seconds
        while True:
            is_more = False
            try:
                if await self.lease.hold() is not None:
                    is_more = await self.sealing.seal() == self.sealing.policy.block_rows
                    self._waits_since = None
                pause = self.sealing.policy.poll_seconds
            except (PyMongoError, OSError, TimeoutError) as error:
                pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
                self._failed(type(error).__name__)
            gauge.set(0 if self._waits_since is None else time.monotonic() - self._waits_since)
            if not is_more:
                await asyncio.sleep(pause)

    def _failed(self, error: str) -> None:
        self._waits_since = self._waits_since or time.monotonic()
        waited = time.monotonic() - self._waits_since
        report = log.error if waited > self.sealing.policy.alarm_seconds else log.warning
        report("access-log-not-sealed", error=error, seconds=round(waited, 1))
