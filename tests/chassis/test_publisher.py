"""What the publishing side does when the broker's connection breaks, or the broker holds other queues than ours."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from yarl import URL

from chassis.broker import TopologyMismatch, declare_topology, retry_queue
from chassis.publisher import Publisher
from tests.chassis.probe import probing
from tests.support import Infra, eventually


class _Line:
    """A TCP line to the broker that a test can cut and mend."""

    def __init__(self, broker: URL) -> None:
        self._broker = broker
        self._writers: set[asyncio.StreamWriter] = set()
        self.is_whole = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's bytes both ways until either side ends it."""
        if not self.is_whole:
            writer.transport.abort()
            return
        broker_reader, broker_writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers |= {writer, broker_writer}
        await asyncio.gather(_copy(reader, broker_writer), _copy(broker_reader, writer))

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self.is_whole = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def _line_to(amqp_url: str) -> AsyncIterator[tuple[_Line, str]]:
    broker = URL(amqp_url)
    line = _Line(broker)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    async with server:
        yield line, str(broker.with_port(server.sockets[0].getsockname()[1]))


async def _is_connected(publisher: Publisher, *, expected: bool) -> bool:
    return publisher.is_connected is expected


async def test_a_lost_connection_is_a_connection_error_and_comes_back(infra: Infra) -> None:
    async with probing(infra) as probe, _line_to(probe.component.amqp_url) as (line, url):
        settings = probe.chassis.settings.model_copy(update={"amqp_url": type(probe.chassis.settings.amqp_url)(url)})
        publisher = Publisher(settings, "support")
        await publisher.start()
        try:
            line.cut()
            await eventually(partial(_is_connected, publisher, expected=False))
            with pytest.raises(ConnectionError):
                async with publisher.channel():
                    pytest.fail("a channel on a cut line")
            line.is_whole = True
            await eventually(partial(_is_connected, publisher, expected=True))
            async with publisher.channel() as channel:
                await declare_topology(channel, ["support"], {})
        finally:
            await publisher.stop()


async def test_a_queue_with_other_arguments_is_named(infra: Infra) -> None:
    async with probing(infra) as probe:
        async with probe.chassis.publisher.channel() as channel:
            await channel.declare_queue(retry_queue("support", 77), durable=True)
        with pytest.raises(TopologyMismatch, match=re.escape(retry_queue("support", 77))):
            async with probe.chassis.publisher.channel() as channel:
                await declare_topology(channel, ["support"], {"support": [77]})
