"""A tap on the events exchange: everything a service publishes, in order; and a way to publish beside it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection

from contracts.base import EVENT_TYPES, Event
from contracts.sealed import KeyRing
from contracts.topology import EVENTS_EXCHANGE
from tests.support.publishing import publish_event

AnyEvent = TypeVar("AnyEvent", bound=Event)


class Tap:
    """Collects the events of the exchange from its opening on."""

    def __init__(self, amqp_url: str, key_ring: KeyRing) -> None:
        self._amqp_url = amqp_url
        self._key_ring = key_ring
        self._arrived = asyncio.Condition()
        self._unseen: defaultdict[type[Event], list[Event]] = defaultdict(list)
        """By class: who waits for one looks again whenever any event arrives, and a run has thousands."""
        self.events: list[Event] = []
        """Every event so far."""
        self.messages: list[AbstractIncomingMessage] = []
        """The messages they came in."""

    async def __aenter__(self) -> Self:
        self._connection: AbstractRobustConnection = await aio_pika.connect_robust(self._amqp_url)
        channel = await self._connection.channel()
        exchange = await channel.declare_exchange(EVENTS_EXCHANGE, "topic", durable=True)
        queue: AbstractQueue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "#")
        await queue.consume(self._collect, no_ack=True)
        self._publishing = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._connection.close()

    async def publish(self, event: Event, **properties: Any) -> None:
        """Put an event on the exchange, see `publish_event`."""
        await publish_event(self._publishing, event, self._key_ring, **properties)

    async def next(self, event: type[AnyEvent], timeout: float = 5, where: Callable[[AnyEvent], bool] = lambda _: True) -> AnyEvent:
        """The next event of the class that this method did not give out yet; waits for it."""

        def found() -> AnyEvent | None:
            return next((seen for seen in self._unseen[event] if isinstance(seen, event) and where(seen)), None)

        try:
            async with asyncio.timeout(timeout), self._arrived:
                first = await self._arrived.wait_for(found)
        except TimeoutError:
            seen = ", ".join(sorted({type(one).__name__ for one in self.events})) or "none"
            raise AssertionError(f"no {event.__name__} within {timeout} s; events so far: {seen}") from None
        assert first is not None
        self._unseen[event].remove(first)
        return first

    def all(self, event: type[AnyEvent]) -> list[AnyEvent]:
        """Every event of the class so far."""
        return [seen for seen in self.events if isinstance(seen, event)]

    async def _collect(self, message: AbstractIncomingMessage) -> None:
        declared = EVENT_TYPES.get(message.routing_key or "")
        if declared is None:
            return
        event = declared.from_wire(message.body, self._key_ring)
        async with self._arrived:
            self.events.append(event)
            self.messages.append(message)
            self._unseen[type(event)].append(event)
            self._arrived.notify_all()
