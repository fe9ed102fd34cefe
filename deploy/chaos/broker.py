"""What the broker says from outside: how much waits in its queues, and in which order it saw the events of each stream."""

import asyncio
import json
from dataclasses import dataclass, field

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from contracts.topology import ARCHIVE_STREAM
from deploy.local.servers import Broker, manage

_QUIET_SECONDS = 1.0


@dataclass(slots=True)
class Order:
    """Versions of each stream must rise from one first appearance to the next; repetitions of a message do not matter."""

    inversions: int = 0
    _seen: set[str] = field(default_factory=set)
    _highest: dict[str, int] = field(default_factory=dict)

    def take(self, message_id: str, stream: str, version: int) -> None:
        """The next message of the archive."""
        if message_id in self._seen:
            return
        self._seen.add(message_id)
        highest = self._highest.get(stream, -1)
        self.inversions += version < highest
        self._highest[stream] = max(highest, version)


@dataclass(slots=True)
class Queues:
    """All quorum queues: their names are read once, the services declare them before they are ready."""

    broker: Broker
    _names: list[str] = field(default_factory=list)

    async def waiting(self) -> int:
        """Messages ready for consumers now, as the leaders of the queues count them; those being handled are not among them."""
        if not self._names:
            self._names = await asyncio.to_thread(self._quorum_queues)
        async with await aio_pika.connect(self.broker.url) as connection:
            channel = await connection.channel()
            declared = [await channel.declare_queue(name, passive=True) for name in self._names]
        return sum(queue.declaration_result.message_count or 0 for queue in declared)

    def _quorum_queues(self) -> list[str]:
        lines = manage(self.broker.manage_command, "list_queues", "--quiet", "--no-table-headers", "name", "type").splitlines()
        names = [name for name, _, kind in (line.partition("\t") for line in lines) if kind == "quorum"]
        if not names:
            raise RuntimeError("the broker has no quorum queues: nothing could be counted")
        return names


@dataclass(slots=True)
class Archive:
    """Reads on where it stopped the last time, so that every event of a run is judged once."""

    broker: Broker
    order: Order = field(default_factory=Order)
    _next: int | None = None

    async def inversions(self) -> int:
        """How many events came after a later one of their stream, in what was archived since the last call."""
        before = self.order.inversions
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        async with await aio_pika.connect(self.broker.url) as connection:
            channel = await connection.channel()
            await channel.set_qos(500)
            archive = await channel.get_queue(ARCHIVE_STREAM)
            await archive.consume(arrived.put, arguments={"x-stream-offset": "first" if self._next is None else self._next})
            while message := await _within(arrived, _QUIET_SECONDS):
                await message.ack()
                self._take(message)
        return self.order.inversions - before

    def _take(self, message: AbstractIncomingMessage) -> None:
        offset = int(str(message.headers["x-stream-offset"]))
        if self._next is not None and offset < self._next:
            return  # a stream delivers whole chunks
        self._next = offset + 1
        self.order.take(str(message.message_id), str(message.headers["ce-subject"]), int(json.loads(message.body)["version"]))


async def _within(arrived: "asyncio.Queue[AbstractIncomingMessage]", seconds: float) -> AbstractIncomingMessage | None:
    try:
        async with asyncio.timeout(seconds):
            return await arrived.get()
    except TimeoutError:
        return None
