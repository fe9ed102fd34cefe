"""What the relay does when an event cannot leave."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import aio_pika
from pymongo import AsyncMongoClient

from chassis.mongo import watch_inserts
from chassis.parked import ParkedEvents
from contracts.support import TicketAnswered
from contracts.topology import ARCHIVE_STREAM
from tests.chassis.probe import Probe, probing
from tests.support import Infra, eventually


async def _unplug(probe: Probe) -> None:
    """Leave the event without any queue, as an operator might by mistake."""
    await probe.component.tap.__aexit__(None, None, None)
    connection = await aio_pika.connect(probe.component.amqp_url)
    channel = await connection.channel()
    for queue in (ARCHIVE_STREAM, f"notifications.{TicketAnswered.type}"):
        await channel.queue_delete(queue)
    await connection.close()


async def _plug_in(probe: Probe) -> None:
    connection = await aio_pika.connect(probe.component.amqp_url)
    channel = await connection.channel()
    queue = await channel.declare_queue("rescue", durable=True)
    await queue.bind("medkabinet.events", "#")
    await connection.close()


async def test_an_unroutable_event_is_parked_and_its_stream_waits_behind_it(infra: Infra) -> None:
    async with probing(infra, SUPPORT_RELAY_ATTEMPTS="2") as probe:
        await _unplug(probe)
        ticket_id, skipped_id = uuid4(), uuid4()
        await probe.usecases.answer(ticket_id)
        await probe.usecases.answer(skipped_id)
        outbox = probe.component.database["outbox"]
        parked = await eventually(lambda: outbox.find_one({"stream": f"ticket_id:{ticket_id}", "state": "parked"}))
        skipped = await eventually(lambda: outbox.find_one({"stream": f"ticket_id:{skipped_id}", "state": "parked"}))
        assert (parked["attempts"], parked["last_error"]) == (2, "unroutable")
        await _plug_in(probe)
        probe.chassis.relay._blocked_until.clear()
        other = uuid4()
        for answered in (ticket_id, skipped_id, other):
            await probe.usecases.answer(answered)
        await eventually(lambda: outbox.find_one({"stream": f"ticket_id:{other}", "state": "published"}))
        behind = await outbox.find_one({"stream": f"ticket_id:{ticket_id}", "version": 2})
        assert behind is not None
        assert behind["state"] == "pending"
        decisions = ParkedEvents(probe.chassis.database, probe.chassis.clock)
        await decisions.release(parked["_id"], by="operator")
        await decisions.skip(skipped["_id"], by="operator", reason="a test")
        for answered in (ticket_id, skipped_id):
            behind = {"stream": f"ticket_id:{answered}", "version": 2, "state": "published"}
            await eventually(partial(outbox.find_one, behind), timeout=15)
        assert await outbox.count_documents({"_id": parked["_id"], "state": "published"}) == 1
        assert await outbox.count_documents({"_id": skipped["_id"], "state": "skipped", "reason": "a test"}) == 1


async def test_the_hint_outlasts_a_silence_longer_than_an_operation_may_take(infra: Infra) -> None:
    name = f"test_{infra.run}_hint"
    async with AsyncMongoClient[dict[str, Any]](infra.mongo_url, timeoutMS=300) as client:
        rows = client[name]["rows"]
        await rows.insert_one({"_id": 0})
        hint = asyncio.ensure_future(anext(watch_inserts(rows, wait_seconds=0.1)))
        done, _ = await asyncio.wait([hint], timeout=1)
        assert not done, hint.exception()
        await rows.insert_one({"_id": 1})
        async with asyncio.timeout(5):
            assert await hint == {"_id": 1}
    await infra.drop_database(name)
