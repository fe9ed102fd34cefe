"""From the click on «Отправить» to the notice in the open inbox, beside the raw steps that nobody can save.

The raw steps, by hand on the same servers and in the same run: the transaction of a submission, a confirmed publish to a quorum
queue, its consumption, the transaction of a notice. They make the round trips to the store that the product makes, no more:
counted by reading `Submission.submit` with `Room._keep`, `Answers` and `MongoTransaction.flush`, and `Announcing._announce` for
the kind `application-received`, which goes to the inbox only. What the product reads and writes besides is not in them: the
relay's lease, its reading and marking of outbox rows, the live stream.
"""

import asyncio
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
from pymongo import AsyncMongoClient, DeleteOne, ReplaceOne

from deploy.bench.report import Figure, at_most
from deploy.bench.system import System, system
from deploy.journey.stream import live_notices

SUBMISSIONS = 15
_STORES = ("applications", "notifications")
_BODY = "x" * 500


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
        self._clients: list[Any] = [AsyncMongoClient(mongo[name].url, w="majority") for name in _STORES]
        self._broker_url = running.stack.broker.url
        self._arrived: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()

    async def start(self) -> None:
        """Connect and make what the steps need."""
        for name, client in zip(_STORES, self._clients, strict=True):
            await client[f"bench-{name}"].create_collection("steps")  # the services may share one server
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
            await client.close()

    async def once(self) -> float:
        """Seconds of all steps one after another."""
        started = time.perf_counter()
        await self._submission(self._steps(0))
        message = aio_pika.Message(_BODY.encode(), delivery_mode=2)
        await self._channel.default_exchange.publish(message, "bench-steps")
        arrived = await self._arrived.get()
        await self._notice(self._steps(1))
        seconds = time.perf_counter() - started
        await arrived.ack()
        return seconds

    def _steps(self, store: int) -> Any:
        return self._clients[store][f"bench-{_STORES[store]}"]["steps"]

    async def _submission(self, steps: Any) -> None:
        """Claim of the key, application, number (outside the transaction), application, timers, outbox rows, answer of the key."""
        key, application_id = uuid4().hex, uuid4().hex
        async with steps.database.client.start_session() as session, await session.start_transaction():
            await steps.insert_one({"_id": key}, session=session)
            await steps.find_one({"_id": application_id}, session=session)
            await steps.find_one_and_update({"_id": "number"}, {"$inc": {"last": 1}}, upsert=True)
            await steps.replace_one({"_id": application_id}, {"body": _BODY}, upsert=True, session=session)
            timers: list[Any] = [DeleteOne({"_id": f"{key}-{number}"}) for number in range(2)]
            timers += [ReplaceOne({"_id": f"{key}-{number}"}, {"body": _BODY}, upsert=True) for number in range(2)]
            await steps.bulk_write(timers, ordered=True, session=session)
            await steps.insert_many([_row(), _row()], session=session)
            await steps.update_one({"_id": key}, {"$set": {"body": _BODY}}, session=session)

    async def _notice(self, steps: Any) -> None:
        """Inbox row, the recipient with the next number, notice."""
        async with steps.database.client.start_session() as session, await session.start_transaction():
            await steps.insert_one(_row(), session=session)
            await steps.find_one_and_update({"_id": "recipient"}, {"$inc": {"sequence": 1}}, upsert=True, session=session)
            await steps.insert_one(_row(), session=session)


def _row() -> dict[str, str]:
    return {"_id": uuid4().hex, "body": _BODY}
