"""Keys and values of WiredTiger's cursors packed and unpacked faster, byte for byte as its own Python functions do it.

Those read the format anew each time, letter by letter; that was a sixth of what SecantusDB takes. Here the formats it uses are known
beforehand: some strings that end with a zero each, then bytes or a number or nothing. Everything else goes to the originals.
"""

import re
from functools import cache, lru_cache
from typing import Any

from wiredtiger import swig_wiredtiger

_own_pack, _own_unpack = swig_wiredtiger.pack, swig_wiredtiger.unpack
_NUMBERS_FROM = 2**13 + 2**6
"""From here on a number is its distance from here, behind a byte that tells the length of it."""
_LONG_NUMBER = 0xE0


@cache
def _shape(form: str) -> tuple[int, str] | None:
    """How many strings, and what comes behind them; None when it is something else."""
    found = re.fullmatch("(S*)([uq]?)", form)
    return (len(found[1]), found[2]) if found and form else None


@lru_cache(maxsize=8192)
def _strings(values: tuple[str, ...]) -> bytes:
    """Names of databases, collections and indexes: few, and each asked for again and again."""
    return b"".join(value.partition("\0")[0].encode() + b"\0" for value in values)


def _number(value: int) -> Any:
    if not _NUMBERS_FROM < value < 2**63:
        return _own_pack("q", value)
    distance = value - _NUMBERS_FROM
    length = (distance.bit_length() + 7) // 8
    return bytes((_LONG_NUMBER | length,)) + distance.to_bytes(length, "big")


def pack(form: str, *values: Any) -> Any:
    """See `wiredtiger.packing.pack`."""
    shape = _shape(form)
    if shape is None or len(values) != shape[0] + len(shape[1]):
        return _own_pack(form, *values)
    count, tail = shape
    head = _strings(values[:count]) if count else b""
    if not tail:
        return head
    last = values[count]
    if tail == "u":
        return head + last if type(last) is bytes else _own_pack(form, *values)
    return head + _number(last)


def unpack(form: str, packed: Any) -> Any:
    """See `wiredtiger.packing.unpack`."""
    shape = _shape(form)
    if shape is None or type(packed) is not bytes:
        return _own_unpack(form, packed)
    count, tail = shape
    parts = packed.split(b"\0", count)
    if len(parts) <= count:
        return _own_unpack(form, packed)
    rest = parts.pop()
    values: list[Any] = [part.decode() for part in parts]
    if tail == "u":
        values.append(rest)
    elif tail == "q":
        is_long = bool(rest) and rest[0] > _LONG_NUMBER
        values.append(_NUMBERS_FROM + int.from_bytes(rest[1 : (rest[0] & 15) + 1], "big") if is_long else _own_unpack("q", rest)[0])
    return values


def install() -> None:
    """Let cursors use these from now on."""
    swig_wiredtiger.pack, swig_wiredtiger.unpack = pack, unpack
