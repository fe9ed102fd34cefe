"""One example of every event, the same every time: golden messages are made of them, tests walk through all events with them."""

import base64
import hashlib
import json
import types
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AwareDatetime, BaseModel

from contracts.base import Event
from contracts.sealed import KeyRing

AnyModel = TypeVar("AnyModel", bound=BaseModel)

_PLAIN: dict[Any, Any] = {
    bool: True,
    int: 1,
    float: 1.5,
    str: "example",
    date: date(2026, 11, 22),
    AwareDatetime: datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
}
GOLDEN_KEY_RING = KeyRing.from_json(
    json.dumps({"active": "golden", "keys": {"golden": base64.urlsafe_b64encode(hashlib.sha256(b"golden messages").digest()).decode()}})
)
"""Seals golden messages and nothing else: they hold no person, and everybody may read them."""


def sample_of(model: type[AnyModel], **values: Any) -> AnyModel:
    """An instance with a value in every field, optional ones included; `values` replace some."""
    made = {name: _value(field.annotation, f"{model.__name__}.{name}") for name, field in model.model_fields.items()}
    return model.model_validate(made | values)


def golden_message(event: type[Event], headers: dict[str, str]) -> dict[str, Any]:
    """What a golden file holds: headers and body of one message."""
    return {"headers": headers, "body": json.loads(sample_of(event).to_wire(GOLDEN_KEY_RING))}


def _value(annotation: Any, name: str) -> Any:
    origin, choices = get_origin(annotation), [choice for choice in get_args(annotation) if choice is not type(None)]
    if origin in (Annotated, Union, types.UnionType):
        return _value(choices[0], name)
    if origin is Literal:
        return choices[0]
    if origin is tuple:
        return (_value(choices[0], name),)
    return _value_of_class(annotation, name)


def _value_of_class(cls: Any, name: str) -> Any:
    if cls is UUID:
        return uuid5(NAMESPACE_URL, name)
    if isinstance(cls, type) and issubclass(cls, Enum):
        return next(iter(cls))
    if isinstance(cls, type) and issubclass(cls, BaseModel):
        return sample_of(cls)
    if cls in _PLAIN:
        return _PLAIN[cls]
    raise TypeError(f"{name}: no example for {cls!r}; events are made of plain values, enums, tuples and models")
