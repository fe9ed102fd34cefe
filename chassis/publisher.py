"""The publishing connection: confirmed, mandatory, persistent, never waiting without end."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractRobustChannel, AbstractRobustConnection, HeadersType
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelInvalidStateError, PublishError
from yarl import URL

from chassis.settings import ServiceSettings
from contracts.topology import EVENTS_EXCHANGE

log = structlog.get_logger()

CONNECTION_ERRORS = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)
"""What a broker that is gone, blocked or restarting looks like; trying again later is the remedy."""
_RECONNECT_SECONDS = 1


class Unroutable(Exception):
    """No queue took the message. Trying again does not help until somebody mends the topology."""


@contextmanager
def lost_connection() -> Iterator[None]:
    """Give a use of aio-pika between loss and reconnection its name: it says `RuntimeError`, this says `ConnectionError`."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(f"the broker's connection is being restored: {error}") from error


def broker_url(settings: ServiceSettings, name: str) -> str:
    """The broker's address with heartbeat and a name that operators see in the connection list."""
    url = URL(settings.amqp_url.get_secret_value())
    return str(url.update_query(heartbeat=settings.amqp_heartbeat_seconds, name=name, reconnect_interval=_RECONNECT_SECONDS))


class Publisher:
    """Publishes prepared messages. A connection of its own, so that a blocked publisher never blocks acknowledgements."""

    def __init__(self, settings: ServiceSettings, service: str) -> None:
        self._url = broker_url(settings, f"{service}-publisher")
        self._service = service
        self._timeout_seconds = settings.publish_timeout_seconds
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self._exchanges: dict[str, aio_pika.abc.AbstractExchange] = {}

    async def start(self) -> None:
        """Connect; waits for the broker, says so each second in the log, and ends only with success or cancellation."""
        while self._connection is None:
            try:
                self._connection = await aio_pika.connect_robust(self._url, timeout=self._timeout_seconds)
            except CONNECTION_ERRORS as error:
                log.warning("waiting-for-broker", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
        with lost_connection():
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        if not isinstance(channel, AbstractRobustChannel):
            raise TypeError("connect_robust gave a channel that does not come back after a lost connection")
        self._channel = channel

    async def stop(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel of one's own for a while, for declaring. Raises one of `CONNECTION_ERRORS` while the broker is away."""
        if self._connection is None:
            raise ConnectionError("the publisher is not connected yet")
        with lost_connection():
            channel = await self._connection.channel(publisher_confirms=False)
        try:
            yield channel
        finally:
            await channel.close()

    @property
    def is_connected(self) -> bool:
        """Whether a publish may succeed now."""
        return self._connection is not None and self._connection.connected.is_set()

    async def to_exchange(self, body: bytes, *, routing_key: str, exchange: str = EVENTS_EXCHANGE, **properties: Any) -> None:
        """Publish and wait for the confirm. Raises `Unroutable`, or one of `CONNECTION_ERRORS` (a repetition may double)."""
        if self._channel is None:
            raise ConnectionError("the publisher is not connected yet")
        if exchange not in self._exchanges:
            self._exchanges[exchange] = (
                await self._channel.get_exchange(exchange, ensure=False) if exchange else self._channel.default_exchange
            )
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **properties)
        await self._confirmed(self._exchanges[exchange], message, routing_key)

    async def to_queue(self, queue: str, body: bytes, **properties: Any) -> None:
        """Publish to one queue through the default exchange; raises what `to_exchange` raises."""
        await self.to_exchange(body, routing_key=queue, exchange="", **properties)

    async def _confirmed(self, exchange: aio_pika.abc.AbstractExchange, message: aio_pika.Message, routing_key: str) -> None:
        try:
            with lost_connection():
                async with asyncio.timeout(self._timeout_seconds):
                    await exchange.publish(message, routing_key)
        except PublishError as error:
            raise Unroutable(f"no queue for {routing_key}") from error
        except asyncio.CancelledError:
            # A hung connection ends its waiting publishes with a cancellation nobody asked for.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise ConnectionError("the connection was lost while waiting for a confirm") from None


def properties_of(message: aio_pika.abc.AbstractIncomingMessage, headers: Mapping[str, Any]) -> dict[str, Any]:
    """What a message keeps when it is published again: its identity, type and chain; `headers` replace its own."""
    kept: HeadersType = {name: value for name, value in headers.items() if not name.startswith(("x-death", "x-first-death", "x-delivery"))}
    return {
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "content_type": message.content_type,
        "type": message.type,
        "timestamp": message.timestamp,
        "app_id": message.app_id,
        "headers": kept,
    }
