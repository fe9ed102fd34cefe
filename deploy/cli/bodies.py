"""Message bodies for people: what is sealed, or should be, is never shown."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

import contracts.topology
from contracts.base import EVENT_TYPES, Event

SEALED = "запечатано"
_DECLARED = contracts.topology.SUBSCRIPTIONS
"""Importing the topology declares every event."""


def readable(event_type: str, body: bytes) -> str:
    """The body as JSON with sealed fields left out. Of what is no known event only its shape is told: it may hold anything."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return _summary(body)
    declared = EVENT_TYPES.get(event_type)
    if declared is None or not isinstance(content, dict):
        return _summary(body)
    shown = {name: _shown(declared, name, value) for name, value in content.items()}
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _shown(declared: type[Event], name: str, value: Any) -> Any:
    field = declared.model_fields.get(name)
    if field is None:
        return f"неизвестное поле: {type(value).__name__}"
    if value is None:
        return None
    if _is_sealed(declared, name):
        return SEALED
    return value if isinstance(value, str | int | float | bool | list | dict) else None


def _is_sealed(declared: type[BaseModel], name: str) -> bool:
    schema = declared.model_json_schema()["properties"][name]
    return '"format": "jwe"' in json.dumps(schema)


def _summary(body: bytes) -> str:
    return f"не событие: {len(body)} байт, SHA-256 {hashlib.sha256(body).hexdigest()}"
