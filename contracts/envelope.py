"""The CloudEvents 1.0 envelope of a message: `ce-` headers in binary mode, as the RabbitMQ binding writes them. Pure functions.

The correlation id is no header: it is AMQP's own property, like the message id, which repeats `ce-id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cloudevents.core.bindings.rabbitmq import to_binary_event
from cloudevents.core.v1.event import CloudEvent

from contracts.base import Event

CONTENT_TYPE = "application/json"
LONGEST_ATTRIBUTE = 1024


class MalformedEnvelope(ValueError):
    """The headers of a message are not those of a CloudEvent."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers say about a message, before its body is read."""

    event_id: UUID
    type: str
    source: str
    stream: str
    causation_id: str | None


def source_of(service: str) -> str:
    """The CloudEvents source of a service."""
    return f"/medkabinet/{service}"


def schema_uri(event_type: str) -> str:
    """The identity of the JSON Schema of an event type, its `$id` and the `ce-dataschema` of its messages."""
    return f"urn:medkabinet:schema:{event_type}"


def headers_of(event: Event, *, causation_id: str | None, service: str | None = None) -> dict[str, str]:
    """The `ce-` headers of an event. `causation_id` names the event or request that made it happen, None if nothing did.

    `service` is who states the fact, by default the owner of the event type; facts that any service may state (`access`) need it.
    """
    attributes: dict[str, Any] = {
        "id": str(event.event_id),
        "source": source_of(service or event.publisher),
        "type": event.type,
        "specversion": "1.0",
        "time": event.occurred_at,
        "subject": event.stream,
        "dataschema": schema_uri(event.type),
    }
    if causation_id is not None:
        attributes["causationid"] = causation_id
    return to_binary_event(CloudEvent(attributes)).headers


def envelope_of(headers: Mapping[str, object]) -> Envelope:
    """The envelope of foreign headers. Raises `MalformedEnvelope` naming the wrong one, never quoting it."""
    version = _attribute(headers, "specversion")
    if version != "1.0":
        raise MalformedEnvelope("ce-specversion is not 1.0")
    identity = _attribute(headers, "id")
    try:
        event_id = UUID(identity)
    except ValueError as error:
        raise MalformedEnvelope("ce-id is not a UUID") from error
    return Envelope(
        event_id=event_id,
        type=_attribute(headers, "type"),
        source=_attribute(headers, "source"),
        stream=_attribute(headers, "subject"),
        causation_id=_attribute(headers, "causationid") if "ce-causationid" in headers else None,
    )


def _attribute(headers: Mapping[str, object], name: str) -> str:
    match headers.get(f"ce-{name}"):
        case str(value):
            text = value
        case bytes(raw) if raw.isascii():
            text = raw.decode("ascii")
        case None:
            raise MalformedEnvelope(f"ce-{name} is missing")
        case _:
            raise MalformedEnvelope(f"ce-{name} is not text")
    if not 0 < len(text) <= LONGEST_ATTRIBUTE or not text.isprintable():
        raise MalformedEnvelope(f"ce-{name} is empty, too long or not printable")
    return text
