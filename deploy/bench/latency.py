"""From the click on «Отправить» to the notice in the open inbox, beside the raw steps that nobody can save.

The raw steps, by hand on the same servers and in the same run: a transaction with as many writes as a submission makes, a confirmed
publish to a quorum queue, its consumption, a transaction with as many writes as a notice makes.
"""

import asyncio
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.bench.report import Figure, at_most
from deploy.bench.system import System, system
from deploy.journey.stream import live_notices

SUBMISSIONS = 15
READS_OF_A_SUBMISSION, WRITES_OF_A_SUBMISSION = 4, 6
"""Application, practitioner, documents, number - application, number, two events, two timers, the answer of the key."""
READS_OF_A_NOTICE, WRITES_OF_A_NOTICE = 2, 6
"""Recipient, preferences - inbox row, counter, notice, two deliveries, events."""


async def measure(folder: Path) -> list[Figure]:
    """One submission and one raw round in turn; medians."""
    async with system(folder) as running, live_notices(running.practitioner.caller) as live:
        raw_steps = _RawSteps(running)
        await raw_steps.start()
        ours, raw = [], []
        for _ in range(SUBMISSIONS):
            application_id = await running.confirmed_application()
            started = time.perf_counter()
            await running.practitioner.submit(application_id)
            await live.wait_for(partial(_is_receipt, application_id), "notice")
            ours.append((time.perf_counter() - started) * 1000)
            raw.append(await raw_steps.once() * 1000)
            await running.practitioner.in_state(application_id, "under-review")
            await running.practitioner.withdraw(application_id, "measured")
        await raw_steps.stop()
    return [at_most("submit to notice in the inbox (SSE), p50", statistics.median(ours), statistics.median(raw), 1.5, "ms")]


def _is_receipt(application_id: str, notice: dict[str, Any]) -> bool:
    return notice["kind"] == "application-received" and application_id in str(notice)


class _RawSteps:
    """Bare drivers against the stores of applications and notifications, and the broker."""

    def __init__(self, running: System) -> None:
        mongo = running.stack.mongo
        self._clients: list[Any] = [AsyncIOMotorClient(mongo[name].url, w="majority") for name in ("applications", "notifications")]
        self._broker_url = running.stack.broker.url
        self._arrived: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()

    async def start(self) -> None:
        """Connect and make what the steps need."""
        for client in self._clients:
            await client["bench"].create_collection("steps")
        self._connections = [await aio_pika.connect(self._broker_url) for _ in range(2)]
        self._channel = await self._connections[0].channel()
        await self._channel.declare_queue("bench-steps", durable=True, arguments={"x-queue-type": "quorum"})
        consuming = await self._connections[1].channel()
        await (await consuming.get_queue("bench-steps")).consume(self._arrived.put)

    async def stop(self) -> None:
        """Let go."""
        for connection in self._connections:
            await connection.close()
        for client in self._clients:
            client.close()

    async def once(self) -> float:
        """Seconds of all steps one after another."""
        started = time.perf_counter()
        await self._transaction(self._clients[0], READS_OF_A_SUBMISSION, WRITES_OF_A_SUBMISSION)
        message = aio_pika.Message(b"x" * 500, delivery_mode=2)
        await self._channel.default_exchange.publish(message, "bench-steps")
        arrived = await self._arrived.get()
        await self._transaction(self._clients[1], READS_OF_A_NOTICE, WRITES_OF_A_NOTICE)
        seconds = time.perf_counter() - started
        await arrived.ack()
        return seconds

    async def _transaction(self, client: Any, reads: int, writes: int) -> None:
        steps = client["bench"]["steps"]
        async with await client.start_session() as session, session.start_transaction():
            for _ in range(reads):
                await steps.find_one({"_id": uuid4().hex}, session=session)
            for _ in range(writes):
                await steps.insert_one({"_id": uuid4().hex, "body": "x" * 500}, session=session)
