"""JSON Schemas of the events, as they are on the wire."""

import json
import pkgutil
from importlib import import_module
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

import contracts
from contracts.base import EVENT_TYPES, Event
from contracts.envelope import schema_uri

ALWAYS_SENT = ("event_id", "version")


class SchemaGenerator(GenerateJsonSchema):
    """Without titles that only repeat the field's name; properties keep the order of the class."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is pydantic's
        """No field has a title."""
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002  # the signature is pydantic's
        """The order of the class is the order of the page."""
        return value

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Events always carry what identifies and orders them, although the class makes it up for a new one."""
        generated = super().model_schema(schema)
        if issubclass(schema["cls"], Event):
            required = set(generated.get("required", ())) | set(ALWAYS_SENT)
            generated["required"] = [name for name in generated["properties"] if name in required]
            for name in ALWAYS_SENT:
                generated["properties"][name].pop("default", None)
        return generated


def declared_events() -> list[type[Event]]:
    """Every event of this package, by type; events that tests declare are not ours."""
    for module in pkgutil.iter_modules(contracts.__path__):
        if not module.ispkg:
            import_module(f"contracts.{module.name}")
    return [cls for _, cls in sorted(EVENT_TYPES.items()) if cls.__module__.startswith("contracts.")]


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's body."""
    generated = event.model_json_schema(mode="serialization", schema_generator=SchemaGenerator)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": schema_uri(event.type)} | generated


def opened(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every sealed field replaced by what is inside: what a reader who has the key gets."""

    def open_all(node: Any) -> Any:
        match node:
            case {"format": "jwe", "contentSchema": content}:
                return open_all(content)
            case dict():
                return {key: open_all(value) for key, value in node.items()}
            case list():
                return [open_all(value) for value in node]
        return node

    result: dict[str, Any] = open_all(schema)
    return result


def to_text(document: object) -> str:
    """JSON as it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
