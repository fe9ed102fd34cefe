"""One AsyncAPI 3.0 document of the bus: exchange, routing keys, queues, messages, who sends and who receives."""

from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from contracts.base import Event
from contracts.envelope import CONTENT_TYPE, source_of
from contracts.generate.schemas import SchemaGenerator, declared_events
from contracts.topology import EVENTS_EXCHANGE, SUBSCRIPTIONS, queue_name

_BINDING = "0.3.0"
_EXCHANGE = {"name": EVENTS_EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
_STATED_BY_ANY = "access"
"""Facts of this publisher are stated by every service."""


def asyncapi_document() -> dict[str, Any]:
    """The document, as plain values."""
    events = declared_events()
    _, definitions = models_json_schema(
        [(event, "serialization") for event in events],
        ref_template="#/components/schemas/{model}",
        schema_generator=SchemaGenerator,
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Medkabinet events",
            "version": "1.0.0",
            "description": (
                "Facts the services of Medkabinet tell each other. Messages are CloudEvents 1.0 in binary mode: headers `ce-*`, JSON body. "
                "Version 1 of an event may gain optional fields; readers ignore unknown ones. Every message arrives at least once: "
                "drop what you have seen by `ce-id`. Strings of format `jwe` hold personal data and are sealed for the services alone."
            ),
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "bus": {
                "host": "{host}:{port}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ.",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "5672"}},
            }
        },
        "channels": _channels(events),
        "operations": _operations(events),
        "components": {
            "schemas": definitions["$defs"],
            "messages": {event.type: _message(event) for event in events},
            "messageTraits": {"envelope": _envelope()},
            "channelBindings": {"events": {"amqp": {"is": "routingKey", "exchange": _EXCHANGE, "bindingVersion": _BINDING}}},
        },
    }


def asyncapi_text() -> str:
    """The document as it is committed."""
    return yaml.safe_dump(asyncapi_document(), allow_unicode=True, sort_keys=False, width=140)


def senders_of(event: type[Event]) -> list[str]:
    """The services that state a fact."""
    owner = event.type.partition(".")[0]
    return sorted(SUBSCRIPTIONS) if owner == _STATED_BY_ANY else [owner]


def _summary(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().partition("\n")[0]


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(path)}


def _channels(events: list[type[Event]]) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for event in events:
        channels[event.type] = {
            "address": event.type,
            "description": _summary(event),
            "messages": {event.type: _ref("components", "messages", event.type)},
            "bindings": _ref("components", "channelBindings", "events"),
        }
    for service, heard in SUBSCRIPTIONS.items():
        for event in heard:
            name = queue_name(service, event)
            queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False, "vhost": "/"}
            channels[name] = {
                "address": name,
                "description": f"The queue of {service}, bound to {EVENTS_EXCHANGE} by the routing key {event.type}.",
                "messages": {event.type: _ref("components", "messages", event.type)},
                "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": _BINDING}},
                "x-queue-type": "quorum",
            }
    return channels


def _operations(events: list[type[Event]]) -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for event in events:
        for service in senders_of(event):
            operations[f"{service}.send.{event.type}"] = {
                "action": "send",
                "channel": _ref("channels", event.type),
                "summary": f"{service}: {_summary(event)}",
                "messages": [_ref("channels", event.type, "messages", event.type)],
                "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}},
            }
    for service, heard in SUBSCRIPTIONS.items():
        for event in heard:
            channel = queue_name(service, event)
            operations[f"{service}.receive.{event.type}"] = {
                "action": "receive",
                "channel": _ref("channels", channel),
                "summary": f"{service} hears: {_summary(event)}",
                "messages": [_ref("channels", channel, "messages", event.type)],
                "bindings": {"amqp": {"ack": True, "bindingVersion": _BINDING}},
            }
    return operations


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": _summary(event),
        "contentType": CONTENT_TYPE,
        "payload": _ref("components", "schemas", event.__name__),
        "traits": [_ref("components", "messageTraits", "envelope")],
        "bindings": {"amqp": {"messageType": event.type, "bindingVersion": _BINDING}},
    }


def _envelope() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "description": "CloudEvents 1.0 attributes as headers; the rest of the envelope are properties of AMQP itself.",
        "headers": {
            "type": "object",
            "required": ["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-subject", "ce-dataschema"],
            "properties": {
                "ce-id": {"type": "string", "format": "uuid", "description": "Identity of the event; the same on every delivery."},
                "ce-source": text | {"description": f"Who states the fact, as {source_of('<service>')}."},
                "ce-type": text | {"description": "Type of the event, equal to the routing key it was published with."},
                "ce-specversion": {"type": "string", "const": "1.0"},
                "ce-time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
                "ce-subject": text | {"description": "The stream: events of one subject are first published in the order of `version`."},
                "ce-dataschema": {"type": "string", "format": "uri", "description": "`$id` of the JSON Schema of the body."},
                "ce-causationid": text | {"description": "The event or request that made this one happen."},
                "traceparent": text | {"description": "W3C trace context."},
                "tracestate": {"type": "string", "description": "W3C trace context."},
                "x-attempt": {"type": "integer", "minimum": 0, "description": "How often the reader put the message back for later."},
                "x-failing-since": {"type": "integer", "minimum": 0, "description": "When it failed first, in seconds of the epoch."},
            },
        },
        "x-amqp-properties": {
            "type": "object",
            "required": ["message_id", "correlation_id", "type", "content_type", "timestamp", "app_id", "delivery_mode"],
            "properties": {
                "message_id": {"type": "string", "format": "uuid", "description": "Equal to ce-id."},
                "correlation_id": {"type": "string", "description": "The request everything began with, on every event it led to."},
                "type": {"type": "string", "description": "Equal to ce-type."},
                "content_type": {"type": "string", "const": CONTENT_TYPE},
                "timestamp": {"type": "string", "format": "date-time", "description": "Equal to ce-time, in seconds."},
                "app_id": {"type": "string", "description": "The service that published."},
                "delivery_mode": {"type": "integer", "const": 2, "description": "Persistent."},
            },
        },
    }
