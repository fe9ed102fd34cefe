"""The gate: what a released version of an event promised, the present one still keeps."""

import json
from collections.abc import Iterator
from typing import Any

from jsoncompat import check_compat
from pydantic import ValidationError

from contracts.base import Event
from contracts.envelope import envelope_of
from contracts.generate.samples import GOLDEN_KEY_RING
from contracts.generate.schemas import opened


def incompatibilities(released: dict[str, Any], present: dict[str, Any]) -> list[str]:
    """Why readers of the released version would not understand what is sent now; empty if they would.

    Allowed: a new optional field. Sealed fields are compared as ciphertext and as what is inside.
    """
    kept = set(_properties(opened(present)))
    found = [f"the field {path} is gone" for path in _properties(opened(released)) if path not in kept]
    if not _still_accepted(released, present):
        found.append("a field changed its type, gained values, or is no longer always sent")
    elif not _still_accepted(opened(released), opened(present)):
        found.append("what is inside a sealed field changed its type, gained values, or is no longer always sent")
    return found


def unreadable(golden: dict[str, Any], event: type[Event]) -> list[str]:
    """Why today's class does not understand a message that a released version sent; empty if it does."""
    try:
        envelope = envelope_of(golden["headers"])
        event.from_wire(json.dumps(golden["body"]).encode(), GOLDEN_KEY_RING)
    except ValidationError as error:
        return [f"{'/'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_input=False)]
    except ValueError as error:
        return [str(error)]
    return [] if envelope.type == event.type else [f"the message is a {envelope.type}"]


def _still_accepted(released: dict[str, Any], present: dict[str, Any]) -> bool:
    """Everything that fits the present schema fitted the released one. The checker resolves references without `$id` only."""
    old, new = (json.dumps({key: value for key, value in schema.items() if key != "$id"}) for schema in (released, present))
    return check_compat(old, new, "serializer")


def _properties(schema: Any, path: str = "") -> Iterator[str]:
    """Paths of all properties, those of nested and shared definitions included."""
    match schema:
        case dict():
            for name, value in schema.items():
                if name in ("properties", "$defs"):
                    for owned, definition in value.items():
                        if name == "properties":
                            yield f"{path}/{owned}"
                        yield from _properties(definition, f"{path}/{owned}")
                else:
                    yield from _properties(value, path)
        case list():
            for value in schema:
                yield from _properties(value, path)
