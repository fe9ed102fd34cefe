"""Puts events on the exchange from outside, with the envelope every publisher uses."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel

from contracts.base import Event
from contracts.envelope import CONTENT_TYPE, headers_of
from contracts.sealed import KeyRing
from contracts.topology import EVENTS_EXCHANGE


async def publish_event(channel: AbstractChannel, event: Event, key_ring: KeyRing, **properties: Any) -> None:
    """Publish on a channel that confirms; `properties` replace those of the message (`message_id=`, `body=`, `headers=`, `type=`)."""
    body = properties.pop("body", None) or event.to_wire(key_ring)
    routing_key = properties.pop("routing_key", event.type)
    wanted: dict[str, Any] = {
        "message_id": str(event.event_id),
        "type": event.type,
        "app_id": event.publisher,
        "correlation_id": str(event.event_id),
        "timestamp": event.occurred_at,
        "content_type": CONTENT_TYPE,
        "headers": headers_of(event, causation_id=None),
    } | properties
    exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **wanted)
    await exchange.publish(message, routing_key, mandatory=True)
