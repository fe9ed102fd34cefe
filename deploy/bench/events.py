"""Durable events per second: commit with outbox -> confirmed publish to a quorum queue -> inbox and effect.

Beside it the same transactions, writes and confirms by hand with the bare drivers, and Celery with late
acknowledgements, confirmed publishing and a quorum queue doing the same writes.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from faststream import Context
from pydantic_settings import SettingsConfigDict
from pymongo import AsyncMongoClient

from chassis.app import Chassis
from chassis.broker import EVENTS, ConsumerRouter, queue_for
from chassis.mongo import Database
from chassis.settings import ServiceSettings, load_settings
from chassis.transaction import Begin, atomic
from contracts.support import TicketTermReached
from deploy.bench.report import Figure, at_least
from deploy.bench.servers import servers
from deploy.journey.waiting import until
from deploy.local.stack import Stack

EVENTS_IN_A_RUN = 600
AT_ONCE = 20
ROUNDS = 3
_COLLECTIONS = ("changes", "effects", "outbox", "inbox")
_LIKE_AN_OUTBOX_ROW = {"body": b"x" * 200, "headers": {f"ce-{number}": "x" * 40 for number in range(7)}, "state": "pending"}


class Settings(ServiceSettings):
    """The chassis' own."""

    model_config = SettingsConfigDict(env_prefix="SUPPORT_")


@dataclass
class UseCases:
    """One change with one event; one event with one effect."""

    begin: Begin
    database: Database

    @atomic
    async def change(self, change_id: UUID) -> None:
        """Insert a document and tell."""
        async with self.begin() as tx:
            await self.database["changes"].insert_one({"_id": change_id}, session=tx.session)
            await tx.publish(TicketTermReached(occurred_at=datetime.now(UTC), ticket_id=change_id))

    @atomic
    async def take_effect(self, event: TicketTermReached) -> None:
        """Count, once per event."""
        async with self.begin(handling=event) as tx:
            effect = {"$inc": {"n": 1}}
            await self.database["effects"].update_one({"_id": event.ticket_id}, effect, upsert=True, session=tx.session)


def _consumers() -> ConsumerRouter:
    router = ConsumerRouter()

    @router.consumer(queue_for("support", TicketTermReached), EVENTS)
    async def on_ticket_term_reached(event: TicketTermReached, usecases: Annotated[UseCases, Context("usecases")]) -> None:
        await usecases.take_effect(event)

    return router


async def measure(folder: Path) -> list[Figure]:
    """Best of some rounds each, alternating, so that all see the same machine."""
    async with servers(folder, "support") as stack, _product(stack) as usecases, _bare(stack) as bare, _celery(stack) as celery:
        ours, by_hand, tasks = [], [], []
        for _ in range(ROUNDS):
            ours.append(await _rate(usecases.database, lambda number: usecases.change(UUID(int=number))))
            by_hand.append(await _rate(bare.database, bare.change))
            tasks.append(await _rate(celery.database, celery.change))
    return [
        at_least("durable events, beside bare drivers", max(ours), max(by_hand), 0.7, "events/s"),
        Figure("durable events, beside Celery 5", f"{max(ours):,.1f} events/s", f"{max(tasks):,.1f} events/s", max(ours) / max(tasks)),
    ]


async def _rate(database: Any, change: Callable[[int], Awaitable[None]]) -> float:
    before = await database["effects"].estimated_document_count()
    slots = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with slots:
            await change(uuid4().int)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(EVENTS_IN_A_RUN)))
    await until(lambda: _has(database, before + EVENTS_IN_A_RUN), "effects", timeout_seconds=300, pause_seconds=0.02)
    return EVENTS_IN_A_RUN / (time.perf_counter() - started)


async def _is_started(chassis: Chassis) -> bool:
    return chassis.is_started


async def _has(database: Any, count: int) -> bool:
    return bool(await database["effects"].estimated_document_count() >= count)


@asynccontextmanager
async def _product(stack: Stack) -> AsyncIterator[UseCases]:
    with patch.dict(os.environ, stack.environments["support"]):
        chassis = Chassis("support", load_settings(Settings))
    usecases = UseCases(chassis.begin, chassis.database)

    async def prepare() -> None:
        for name in ("changes", "effects"):
            await chassis.database.create_collection(name)

    app = chassis.app(title="bench", usecases=usecases, api_routers=[], consumers_router=_consumers(), prepare=[prepare])
    async with app.router.lifespan_context(app):
        await until(lambda: _is_started(chassis), "the service")
        yield usecases


@dataclass
class _Bare:
    """The same by hand."""

    client: Any
    database: Any
    exchange: aio_pika.abc.AbstractExchange

    async def change(self, number: int) -> None:
        change_id = UUID(int=number)
        async with self.client.start_session() as session, await session.start_transaction():
            await self.database["changes"].insert_one({"_id": change_id}, session=session)
            await self.database["outbox"].insert_one({"_id": str(change_id), **_LIKE_AN_OUTBOX_ROW}, session=session)
        message = aio_pika.Message(b"x" * 200, message_id=str(change_id), delivery_mode=2)
        await self.exchange.publish(message, "bare")

    async def take_effect(self, message: AbstractIncomingMessage) -> None:
        change_id = UUID(message.message_id)
        async with self.client.start_session() as session, await session.start_transaction():
            await self.database["inbox"].insert_one({"_id": str(change_id), "at": datetime.now(UTC)}, session=session)
            await self.database["effects"].update_one({"_id": change_id}, {"$inc": {"n": 1}}, upsert=True, session=session)
        await message.ack()


@asynccontextmanager
async def _bare(stack: Stack) -> AsyncIterator[_Bare]:
    client: Any = AsyncMongoClient(stack.mongo["support"].url, uuidRepresentation="standard", w="majority")
    database = client["bare"]
    for name in _COLLECTIONS:
        await database.create_collection(name)
    async with await aio_pika.connect(stack.broker.url) as publishing, await aio_pika.connect(stack.broker.url) as consuming:
        channel = await publishing.channel()
        await channel.declare_queue("bare", durable=True, arguments={"x-queue-type": "quorum"})
        bare = _Bare(client, database, channel.default_exchange)
        receiving = await consuming.channel()
        await receiving.set_qos(AT_ONCE)
        await (await receiving.get_queue("bare")).consume(bare.take_effect)
        yield bare
    await client.close()


@dataclass
class _Celery:
    database: Any
    publish: Callable[[str], None]
    threads: ThreadPoolExecutor
    """As many as the others have changes at once; asyncio's own would be cores + 4."""

    async def change(self, number: int) -> None:
        await asyncio.get_running_loop().run_in_executor(self.threads, self.publish, str(UUID(int=number)))


@asynccontextmanager
async def _celery(stack: Stack) -> AsyncIterator[_Celery]:
    """A worker with as many threads as the others have messages in flight."""
    environment = {"BENCH_AMQP_URL": f"{stack.broker.url}//", "BENCH_MONGO_URL": stack.mongo["support"].url}
    command = ["-m", "celery", "-A", "deploy.bench.celery_app", "worker", "--pool=threads", f"--concurrency={AT_ONCE}", "--loglevel=ERROR"]
    worker = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, *command], env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client: Any = AsyncMongoClient(stack.mongo["support"].url)
    for name in _COLLECTIONS:
        await client["celery"].create_collection(name)
    try:
        with patch.dict(os.environ, environment), ThreadPoolExecutor(AT_ONCE) as threads:
            from deploy.bench.celery_app import change  # noqa: PLC0415 - the module reads the environment made here

            yield _Celery(client["celery"], change, threads)
    finally:
        worker.terminate()
        await asyncio.to_thread(worker.wait, 20)
        await client.close()
