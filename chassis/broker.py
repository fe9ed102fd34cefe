"""The consuming side: topology, and what becomes of a message whose handling failed.

`ConsumerPolicy` alone decides: done or already handled -> acknowledged; what repeating cannot mend -> dead letters; the
store out of reach -> held and repeated, prefetch is the brake; anything else -> the retry ladder, then dead letters, but
not while a whole server is away.
Nothing is ever nacked: newer brokers do not count that.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar, cast

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import ChannelPreconditionFailed
from bson.errors import BSONError
from faststream import AckPolicy, BaseMiddleware, ContextRepo, StreamMessage
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue, RabbitRouter
from faststream.rabbit import ExchangeType as RabbitExchangeType
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
from pydantic import ValidationError
from pymongo.errors import PyMongoError

from chassis.context import Cause, current_cause
from chassis.errors import Conflict, DomainError, NotFound, Outage, TooManyRequests, Unavailable
from chassis.mongo import is_away
from chassis.publisher import CONNECTION_ERRORS, Publisher, Unroutable, broker_url, properties_of
from chassis.settings import ServiceSettings
from chassis.telemetry import Meters
from chassis.transaction import AlreadyHandled
from contracts.base import EVENT_TYPES, Event
from contracts.sealed import KeyRing
from contracts.topology import ARCHIVE_STREAM, EVENTS_EXCHANGE, SUBSCRIPTIONS, queue_name

log = structlog.get_logger()
Consumer = TypeVar("Consumer", bound=Callable[..., Awaitable[None]])

EVENTS = RabbitExchange(EVENTS_EXCHANGE, type=RabbitExchangeType.TOPIC, declare=False)
DELIVERY_LIMIT = 20
"""The broker's backstop for messages that kill their consumer. An argument of the queue, so it cannot be a setting;
rolling restarts burn some of it."""
ARCHIVE_AGE = "30D"

_HOLD_SECONDS = 60.0
_HOLD_FIRST_SECONDS, _HOLD_MOST_SECONDS = 0.2, 3.0
_MAY_PASS = (NotFound, Conflict, Unavailable, TooManyRequests)
"""Refusals that may be a matter of order: what is missing now may arrive with the next event."""


class NotAnEvent(ValueError):
    """The message is not one of our events."""


def queue_for(service: str, event: type[Event]) -> RabbitQueue:
    """The queue a consumer reads; it is declared by `declare_topology`, never by the consumer."""
    return RabbitQueue(queue_name(service, event), queue_type=QueueType.QUORUM, declare=False, routing_key=event.type)


class ConsumerRouter(RabbitRouter):
    """The consumers of a service. A FastStream router belongs to the broker that included it last; this one gives each broker its own."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: list[tuple[RabbitQueue, RabbitExchange, Callable[..., Awaitable[None]]]] = []

    def consumer(self, queue: RabbitQueue, exchange: RabbitExchange) -> Callable[[Consumer], Consumer]:
        """Register the function as the consumer of the queue."""

        def register(function: Consumer) -> Consumer:
            self.registered.append((queue, exchange, function))
            self.subscriber(queue, exchange)(function)
            return function

        return register

    @classmethod
    def merged(cls, *routers: "ConsumerRouter") -> "ConsumerRouter":
        """All consumers of these routers, for a service whose processes share them out."""
        whole = cls()
        for router in routers:
            for queue, exchange, function in router.registered:
                whole.consumer(queue, exchange)(function)
        return whole

    def copy(self) -> RabbitRouter:
        """The same consumers in a router of their own."""
        fresh = RabbitRouter()
        for queue, exchange, function in self.registered:
            fresh.subscriber(queue, exchange)(function)
        return fresh


def dead_letter_queue(service: str) -> str:
    """Where a service's messages end that could not be processed."""
    return f"{service}.dead-letters"


def retry_queue(service: str, delay_seconds: float) -> str:
    """One step of a service's retry ladder; also the name of the exchange in front of it."""
    return f"{service}.retry.{int(delay_seconds * 1000)}"


class TopologyMismatch(Exception):
    """A queue or exchange exists with other arguments than ours; only an operator can move its messages and delete it."""


async def declare_topology(channel: AbstractChannel, services: Iterable[str], delays_seconds: Mapping[str, Iterable[float]]) -> None:
    """Declare the exchange, the archive, and all queues of all services, whoever starts first. Repeating it changes nothing.

    Raises `TopologyMismatch` when something of the name is there and differs.
    """
    try:
        await _declare_all(channel, services, delays_seconds)
    except ChannelPreconditionFailed as error:
        raise TopologyMismatch(f"a queue or exchange exists with other arguments; move its messages and delete it: {error}") from error


async def _declare_all(channel: AbstractChannel, services: Iterable[str], delays_seconds: Mapping[str, Iterable[float]]) -> None:
    exchange = await channel.declare_exchange(EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True)
    archive_arguments: dict[str, Any] = {"x-queue-type": "stream", "x-max-age": ARCHIVE_AGE}
    archive = await channel.declare_queue(ARCHIVE_STREAM, durable=True, arguments=archive_arguments)
    await archive.bind(exchange, "#")
    for service in services:
        await channel.declare_queue(dead_letter_queue(service), durable=True, arguments={"x-queue-type": "quorum"})
        for delay in delays_seconds.get(service, ()):
            await _declare_retry_step(channel, service, delay)
        for event in SUBSCRIPTIONS[service]:
            arguments = _quorum(dead_letter_queue(service)) | {"x-delivery-limit": DELIVERY_LIMIT}
            queue = await channel.declare_queue(queue_name(service, event), durable=True, arguments=arguments)
            await queue.bind(exchange, event.type)


async def _declare_retry_step(channel: AbstractChannel, service: str, delay_seconds: float) -> None:
    """A message waits its time in the step's queue and returns to the queue its routing key names, through the default exchange."""
    name = retry_queue(service, delay_seconds)
    step = await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)
    arguments = _quorum(None) | {"x-message-ttl": int(delay_seconds * 1000)}
    queue = await channel.declare_queue(name, durable=True, arguments=arguments)
    await queue.bind(step)


def _quorum(dead_letters_to: str | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    if dead_letters_to is not None:
        arguments["x-dead-letter-routing-key"] = dead_letters_to
    return arguments


@dataclass(frozen=True, slots=True)
class ConsumerPolicy:
    """What the middleware needs to decide and to act."""

    service: str
    publisher: Publisher
    delays_seconds: tuple[float, ...]
    outage_seconds: float
    meters: Meters

    def __call__(self, msg: AbstractIncomingMessage | None, /, *, context: ContextRepo) -> "PolicyMiddleware":
        """FastStream makes one middleware per message."""
        return PolicyMiddleware(msg, context=context, policy=self)

    async def settle(self, message: AbstractIncomingMessage, queue: str, error: Exception) -> str:
        """Send a failed message on its way: up the ladder or to the dead letters. Returns which, for the log."""
        attempt, failing_since = _attempt_of(message), _failing_since(message)
        headers: dict[str, Any] = {
            **message.headers,
            "x-last-error": _code_of(error),
            "x-failed-queue": queue,
            "x-failing-since": failing_since,
        }
        if is_outage(error) and time.time() - failing_since < self.outage_seconds:
            attempt = max(0, min(attempt, len(self.delays_seconds) - 1))
        if is_permanent(error) or attempt >= len(self.delays_seconds):
            properties = properties_of(message, headers | {"x-attempt": attempt})
            await self.publisher.to_queue(dead_letter_queue(self.service), message.body, **properties)
            return "dead"
        step = retry_queue(self.service, self.delays_seconds[attempt])
        properties = properties_of(message, headers | {"x-attempt": attempt + 1})
        await self.publisher.to_exchange(message.body, routing_key=queue, exchange=step, **properties)
        return "retry"


class PolicyMiddleware(BaseMiddleware[Any, AbstractIncomingMessage | None]):
    """Around the handling of one message, decoding included."""

    def __init__(self, msg: AbstractIncomingMessage | None, /, *, context: ContextRepo, policy: ConsumerPolicy) -> None:
        super().__init__(msg, context=context)
        self._policy = policy
        self._started = time.perf_counter()

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> Any:
        """Handle; while the store is out of reach hold the message and try again."""
        token = current_cause.set(Cause(str(msg.correlation_id), str(msg.message_id)))
        is_last_resort = _queue_of(self.context) == dead_letter_queue(self._policy.service)
        give_up_at = math.inf if is_last_resort else time.monotonic() + _HOLD_SECONDS
        pause = _HOLD_FIRST_SECONDS
        try:
            while True:
                try:
                    return await call_next(msg)
                except AlreadyHandled:
                    return None
                except PyMongoError as error:
                    if not is_away(error) or time.monotonic() > give_up_at:
                        raise
                await asyncio.sleep(pause)
                pause = min(_HOLD_MOST_SECONDS, pause * 2)
        finally:
            current_cause.reset(token)

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 - FastStream's interface
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> bool | None:
        """Acknowledge (by returning normally) whatever was handled or sent on its way."""
        if self.msg is None:
            return False
        queue = _queue_of(self.context)
        if not isinstance(exc_val, Exception):
            self._count(queue, "cancelled" if exc_val else "handled")
            return False
        try:
            fate = await self._policy.settle(self.msg, queue, exc_val)
        except (*CONNECTION_ERRORS, Unroutable) as error:
            log.warning("message-returned", queue=queue, event_id=self.msg.message_id, error=type(error).__name__)
            self._count(queue, "returned")
            raise RejectMessage(requeue=True) from error
        report = log.error if fate == "dead" else log.warning
        report(
            "message-failed", queue=queue, event_id=self.msg.message_id, error=_code_of(exc_val), fate=fate, attempt=_attempt_of(self.msg)
        )
        self._count(queue, fate)
        return True

    def _count(self, queue: str, outcome: str) -> None:
        self._policy.meters.messages.add(1, {"consumer": queue, "outcome": outcome})
        self._policy.meters.message_seconds.record(time.perf_counter() - self._started, {"consumer": queue})


def is_outage(error: Exception) -> bool:
    """Whether a whole server is away: then the message stays on the ladder's last step until it is back."""
    return isinstance(error, Outage) or is_away(error)


def is_permanent(error: Exception) -> bool:
    """Whether handling the same message again must fail again."""
    if isinstance(error, DomainError):
        return not isinstance(error, _MAY_PASS)
    return isinstance(error, ValidationError | NotAnEvent | UnicodeError | BSONError | OverflowError)


def _code_of(error: Exception) -> str:
    """A word for the operator; never the text, which may quote the message."""
    return error.code if isinstance(error, DomainError) else type(error).__name__


def _attempt_of(message: AbstractIncomingMessage) -> int:
    value = message.headers.get("x-attempt", 0)
    return value if isinstance(value, int) and value >= 0 else 0


def _failing_since(message: AbstractIncomingMessage) -> int:
    """When the message failed first, in seconds of the epoch; now, if this is the first time."""
    value = message.headers.get("x-failing-since")
    return value if isinstance(value, int) and 0 < value <= time.time() else int(time.time())


def _queue_of(context: ContextRepo) -> str:
    return str(context.get("handler_").queue.name)


def consumer_broker(
    service: str, settings: ServiceSettings, key_ring: KeyRing, policy: ConsumerPolicy, context: ContextRepo
) -> RabbitBroker:
    """The consuming connection. Messages are decoded to the event their type names; anything else is permanent."""

    async def decode(message: RabbitMessage) -> Event:
        event_class = EVENT_TYPES.get(str(message.raw_message.type))
        if event_class is None:
            raise NotAnEvent("unknown event type")
        return event_class.from_wire(message.body, key_ring)

    return RabbitBroker(
        broker_url(settings, f"{service}-consumer"),
        default_channel=Channel(prefetch_count=settings.prefetch),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        graceful_timeout=settings.shutdown_seconds,
        reconnect_interval=1,
        decoder=cast("Any", decode),
        middlewares=[RabbitTelemetryMiddleware(), policy],
        context=context,
        logger=None,
    )


def parking(service: str, park: Callable[[RabbitMessage], Awaitable[None]]) -> RabbitRouter:
    """The consumer of a service's dead letters. It keeps raw bytes and never parses them."""
    router = RabbitRouter()

    async def raw(message: RabbitMessage) -> bytes:
        return message.body

    @router.subscriber(
        RabbitQueue(dead_letter_queue(service), queue_type=QueueType.QUORUM, declare=False),
        decoder=cast("Any", raw),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
    )
    async def on_dead_letter(body: bytes, message: RabbitMessage) -> None:  # noqa: ARG001 - the body is in the message
        await park(message)

    return router
