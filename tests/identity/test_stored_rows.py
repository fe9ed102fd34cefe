"""Reading rows of the access log from their bytes: whatever was done to them, the same is read as from the whole document."""

import struct
from typing import Any
from uuid import UUID

import bson
import pytest
from bson import Binary, Int64, Regex

from services.identity.repository import stored_rows
from services.identity.repository.stored_rows import ReadRow, documents_in, read_bytes, read_document

ROW: dict[str, Any] = {
    "_id": Binary.from_uuid(UUID(int=1)),
    "subject_id": Binary.from_uuid(UUID(int=2)),
    "actor_id": Binary.from_uuid(UUID(int=3)),
    "action": "record-read",
    "service": "documents",
    "outcome": "allowed",
    "details": bson.encode({"record": "document:1", "purpose": None}),
    "origin": Binary(b"\x02" + bytes(range(113)), 6),
    "mac": bytes(range(32)),
    "place": 7,
    "schema_version": 1,
}
TAIL = b"\x05origin\0\x01\0\0\0\x06\x02\x05mac\0\x20\0\0\0\0" + bytes(32) + b"\x10place\0\x01\0\0\0\x10schema_version\0\x01\0\0\0\0"
WRITTEN: dict[str, dict[str, Any]] = {
    "as ever": {},
    "of nobody": {"actor_id": None},
    "without origin": {"origin": None},
    "far back": {"place": 2**31},
    "very far back": {"place": Int64(2**40)},
    "set aside": {"place": -1},
    "waiting": {"place": 0},
    "no details": {"details": b""},
    "details like another end": {"details": TAIL},
    "origin like another end": {"origin": Binary(TAIL, 6)},
    "text of no letters": {"service": ""},
    "text in Russian": {"outcome": "отказ"},
}
ODD: dict[str, dict[str, Any]] = {
    "text like another field": {"action": "a\0\x02service\0\x02\0\0\0b"},
    "subject of another type": {"subject_id": Binary(bytes(16), 0)},
    "subject too short": {"subject_id": Binary(bytes(15), 4)},
    "id of another type": {"_id": "x"},
    "action of another type": {"action": 3},
    "details of another type": {"details": Binary(b"x", 5)},
    "origin in clear": {"origin": {"address": "10.1.2.3"}},
    "origins": {"origin": [Binary(bytes(20), 6)]},
    "digest too short": {"mac": bytes(31)},
    "digest of another type": {"mac": Regex("x")},
    "place of another type": {"place": 6.0},
    "no place": {"place": None},
    "another version": {"schema_version": 2},
    "version of another type": {"schema_version": 1.0},
    "field more": {"note": "x"},
}


def plain(row: ReadRow) -> tuple[Any, ...]:
    """With its bytes as bytes: those of a document have a type of their own."""
    said = None if row.said is None else tuple(bytes(part) for part in row.said)
    sealed = (bytes(row.sealed), row.sealed.subtype) if isinstance(row.sealed, Binary) else row.sealed
    return type(row.place).__mro__[-2], row.place, bytes(row.id), said, row.mac, sealed


@pytest.mark.parametrize("changes", [*WRITTEN.values(), *ODD.values()], ids=[*WRITTEN, *ODD])
def test_the_same_is_read_from_bytes_and_from_the_document(changes: dict[str, Any]) -> None:
    document = ROW | changes
    assert plain(read_bytes(bson.encode(document))) == plain(read_document(document))


@pytest.mark.parametrize("changes", WRITTEN.values(), ids=WRITTEN)
def test_rows_as_they_are_written_are_not_decoded(changes: dict[str, Any]) -> None:
    assert stored_rows._cut(bson.encode(ROW | changes)) is not None


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_odd_rows_are_decoded(changes: dict[str, Any]) -> None:
    assert stored_rows._cut(bson.encode(ROW | changes)) is None


@pytest.mark.parametrize("missing", ROW)
def test_a_row_without_a_field_is_not_cut(missing: str) -> None:
    assert stored_rows._cut(bson.encode({name: value for name, value in ROW.items() if name != missing})) is None


def test_fields_in_another_order_are_not_cut() -> None:
    assert stored_rows._cut(bson.encode(dict(reversed(ROW.items())))) is None


def test_lengths_that_do_not_fit_are_not_believed() -> None:
    raw = bson.encode(ROW)
    lengths = [0, *(raw.index(name) + len(name) for name in (b"action\0", b"service\0", b"outcome\0", b"details\0", b"origin\0"))]
    for at in lengths:
        (length,) = struct.unpack_from("<i", raw, at)
        for other in (length - 1, length + 1, 0, -1, -(2**31), 2**31 - 1):
            assert stored_rows._cut(raw[:at] + struct.pack("<i", other) + raw[at + 4 :]) is None, (at, other)
    assert stored_rows._cut(raw + b"\0") is None
    assert stored_rows._cut(raw[:-1]) is None


def test_a_batch_is_cut_into_its_documents() -> None:
    raws = [bson.encode(ROW | changes) for changes in WRITTEN.values()]
    assert list(documents_in(b"".join(raws))) == raws
    assert list(documents_in(b"")) == []
