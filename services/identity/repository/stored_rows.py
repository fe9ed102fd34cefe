"""Rows of the access log as bytes of the store: what one says is cut out of them, and only an odd one becomes a document."""

import re
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import bson
from bson import Binary
from bson.codec_options import CodecOptions
from bson.errors import InvalidBSON

from chassis.mongo import Document
from services.identity.domain.access_proof import StoredRow
from services.identity.repository.access_log import ROW_FIELDS, origin_part

_UUID_SUBTYPE, _ENCRYPTED_SUBTYPE = 4, 6
_UNDECODED: CodecOptions[Document] = CodecOptions(tz_aware=True)
"""Identifiers stay `Binary`: what is read does not depend on them being any."""
_ID = rb"\x10\0\0\0\x04(.{16})"
_TEXT = rb"(.{4})(.*?)\0"
_HEAD = re.compile(
    rb"(.{4})\x05_id\0" + _ID + rb"\x05subject_id\0" + _ID + rb"(?:\x0aactor_id\0|\x05actor_id\0" + _ID + rb")"
    rb"\x02action\0" + _TEXT + rb"\x02service\0" + _TEXT + rb"\x02outcome\0" + _TEXT + rb"\x05details\0(.{4})\0",
    re.DOTALL,
)  # fmt: skip
_TAIL = re.compile(
    rb"(?:\x0aorigin\0|\x05origin\0(.{4})\x06(.*))\x05mac\0\x20\0\0\0\0(.{32})(?:\x10place\0(.{4})|\x12place\0(.{8}))"
    rb"\x10schema_version\0\x01\0\0\0\0",
    re.DOTALL,
)
"""A row as the product writes it, field after field (bsonspec.org). Where a length is, `_cut` compares it with what was cut."""
_LENGTHS = struct.Struct("<5i")
_LENGTH = struct.Struct("<i")
_SHORTEST = 5
"""Bytes of a document without fields."""


class ReadRow(NamedTuple):
    """A row whose origin is not opened yet. `said` are its parts without the origin, None when it lost the shape of a row."""

    place: object
    id: bytes
    said: tuple[bytes, ...] | None
    mac: bytes
    sealed: Any

    def opened(self, origin: Any) -> StoredRow:
        """The row with what its origin says."""
        try:
            parts = None if self.said is None else (*self.said, origin_part(origin))
        except (AttributeError, TypeError):
            parts = None
        return StoredRow(self.place, self.id, parts, self.mac)


def documents_in(batch: bytes) -> Iterator[bytes]:
    """One after another; each begins with its length."""
    start, end = 0, len(batch)
    while start < end:
        (length,) = _LENGTH.unpack_from(batch, start)
        if length < _SHORTEST:
            raise InvalidBSON(f"a document of {length} bytes")
        yield batch[start : start + length]
        start += length


def read_bytes(raw: bytes) -> ReadRow:
    """Of whatever is found: a quarter of the time that decoding takes, if it is as the product writes it."""
    return _cut(raw) or read_document(bson.decode(raw, _UNDECODED))


def read_document(document: Document) -> ReadRow:
    """Of whatever is found: somebody may have changed its shape."""
    row_id, mac = document["_id"], document.get("mac")
    try:
        said = _said(document)
    except (KeyError, AttributeError, TypeError):
        said = None
    row_id, mac = row_id if isinstance(row_id, bytes) else b"", mac if type(mac) is bytes else b""
    return ReadRow(document.get("place"), row_id, said, mac, document.get("origin"))


def _cut(raw: bytes) -> ReadRow | None:
    """None unless these are exactly the bytes of a row: every field in its place, of its type, and as long as it says."""
    head = _HEAD.match(raw)
    if head is None:
        return None
    length, row_id, subject_id, actor_id, action_length, action, service_length, service, outcome_length, outcome, details_length = (
        head.groups()
    )
    start = head.end()
    end = start + _LENGTH.unpack(details_length)[0]
    tail = _TAIL.fullmatch(raw, end) if end >= start else None
    if tail is None:
        return None
    origin_length, origin, mac, place, long_place = tail.groups()
    sealed = None if origin is None else Binary(origin, _ENCRYPTED_SUBTYPE)
    lengths = length + action_length + service_length + outcome_length + (origin_length or b"\0\0\0\0")
    if lengths != _LENGTHS.pack(len(raw), len(action) + 1, len(service) + 1, len(outcome) + 1, len(origin or b"")):
        return None
    said = (row_id, subject_id, actor_id or b"", action, service, outcome, raw[start:end])
    return ReadRow(int.from_bytes(place or long_place, "little", signed=True), row_id, said, mac, sealed)


def _said(document: Document) -> tuple[bytes, ...] | None:
    row_id, subject_id, actor_id = document["_id"], document["subject_id"], document["actor_id"]
    if len(document) != len(ROW_FIELDS) or document["schema_version"] != 1 or type(document["details"]) is not bytes:
        return None
    if (row_id.subtype, subject_id.subtype, _UUID_SUBTYPE if actor_id is None else actor_id.subtype) != (_UUID_SUBTYPE,) * 3:
        return None
    searched = (document["action"].encode(), document["service"].encode(), document["outcome"].encode())
    return row_id, subject_id, b"" if actor_id is None else actor_id, *searched, document["details"]
