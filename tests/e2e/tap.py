"""A queue bound to everything on the exchange, and the archive read from its start: what anybody with access to the broker could read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from contracts.topology import ARCHIVE_STREAM, EVENTS_EXCHANGE


@dataclass
class BrokerTap:
    """Every message published since the tap was opened: name and raw content, headers included."""

    url: str
    channel: aio_pika.abc.AbstractChannel
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    async def archive(self) -> list[tuple[str, bytes]]:
        """Everything the archive stream holds now."""
        connection = await aio_pika.connect(self.url)
        read: list[tuple[str, bytes]] = []
        async with connection:
            channel = await connection.channel()
            await channel.set_qos(200)
            queue = await channel.get_queue(ARCHIVE_STREAM)
            quiet = asyncio.Event()

            async def keep(message: AbstractIncomingMessage) -> None:
                read.append(_raw(message))
                await message.ack()
                quiet.set()

            await queue.consume(keep, arguments={"x-stream-offset": "first"})
            while await _set_within(quiet, 1.0):
                quiet.clear()
        return read

    async def publish(self, routing_key: str, body: bytes) -> None:
        exchange = await self.channel.get_exchange(EVENTS_EXCHANGE)
        await exchange.publish(aio_pika.Message(body), routing_key)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _raw(message: AbstractIncomingMessage) -> tuple[str, bytes]:
    properties = f"{message.routing_key} {message.message_id} {message.type} {message.app_id} {dict(message.headers)!r}"
    return f"message {message.routing_key}", properties.encode() + b"\n" + message.body


@asynccontextmanager
async def broker_tap(url: str) -> AsyncIterator[BrokerTap]:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        tap = BrokerTap(url, channel)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS_EXCHANGE, "#")

        async def keep(message: AbstractIncomingMessage) -> None:
            tap.messages.append(_raw(message))

        await queue.consume(keep, no_ack=True)
        yield tap
