"""Encrypted values as they are stored: what a ciphertext says of itself, and how a stored value becomes what would be written today.

A ciphertext (BSON binary, subtype 6) begins with its algorithm (1 deterministic, 2 random) and the id of its data key.
Source: MongoDB, Client Side Encryption specification, "BSON binary subtype 6".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from bson.binary import UUID_SUBTYPE, Binary

ENCRYPTED_SUBTYPE = 6
_DETERMINISTIC = 1
_KEY_ID = slice(1, 17)
_NONE = {"is_none": True}

Stored: TypeAlias = Binary | list[Binary]
"""One ciphertext; of a looked-up value several while keys change, one for each key and the newest last."""


def is_encrypted(value: Any) -> bool:
    """Whether the value is one ciphertext of this kind of encryption."""
    return isinstance(value, Binary) and value.subtype == ENCRYPTED_SUBTYPE and value[:1] in (b"\x01", b"\x02")


def is_looked_up(value: Any) -> bool:
    """Whether the value is a deterministic ciphertext, or several of one looked-up value."""
    if isinstance(value, list):
        return bool(value) and all(is_encrypted(item) and item[0] == _DETERMINISTIC for item in value)
    return is_encrypted(value) and value[0] == _DETERMINISTIC


def key_of(ciphertext: Binary) -> Binary:
    """The id of the data key that opens it."""
    return Binary(bytes(ciphertext[_KEY_ID]), UUID_SUBTYPE)


def ciphertexts_in(value: Any) -> Iterator[Binary]:
    """Every ciphertext within documents and arrays."""
    if is_encrypted(value):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from ciphertexts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from ciphertexts_in(inner)


def conformed(value: Any, writing: Sequence[Binary], again: Callable[[Stored], Stored]) -> Any:
    """The value with everything encrypted as it would be written under the keys `writing`; `again` does it for one value.

    The very same object comes back when nothing has to change, so that `is` tells.
    """
    if is_looked_up(value):
        ciphertexts = value if isinstance(value, list) else [value]
        is_right = [key_of(item) for item in ciphertexts] == list(writing) and isinstance(value, list) == (len(writing) > 1)
        return value if is_right else again(value)
    if is_encrypted(value):
        return value if key_of(value) == writing[-1] else again(value)
    if isinstance(value, Mapping):
        fields = {name: conformed(inner, writing, again) for name, inner in value.items()}
        return fields if any(fields[name] is not value[name] for name in fields) else value
    if isinstance(value, list):
        items = [conformed(inner, writing, again) for inner in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def storable(value: Any) -> Any:
    """The value as the driver can encrypt it: dates as ISO text, None as a mark."""
    return _NONE if value is None else _storable(value)


def original(clear: Any) -> Any:
    """What `storable` was given, dates apart."""
    return None if clear == _NONE else clear


def _storable(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: item if item is None else _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if item is None else _storable(item) for item in value]
    return value
