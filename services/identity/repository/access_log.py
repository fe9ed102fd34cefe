"""The rows of the access log: inserted once, found by person, actor, action, outcome and time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import bson
from bson.codec_options import CodecOptions

from chassis.encryption import UNREADABLE, FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from contracts.roles import Role
from services.identity.domain.access_log import Action, Entry, Filters, Record, first_id, row_mac

ROWS = "access_rows"
STRANGERS = "stranger_refusals"
UNSEALED = 0
"""The place of a row that waits for its block."""
ROW_FIELDS = ("_id", "subject_id", "actor_id", "action", "service", "outcome", "details", "origin", "mac", "place", "schema_version")
_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
_SCHEMA = {
    "bsonType": "object",
    "required": list(ROW_FIELDS),
    "properties": {"place": {"bsonType": ["int", "long"]}, "details": {"bsonType": "binData"}, "mac": {"bsonType": "binData"}},
}
_NOTHING = (b"",) * 8
"""What an unreadable row says: no digest is of it."""
_LEADING = ("subject_id", "actor_id", "action", "outcome")
"""What a search goes by first: the first of these that is given names the index."""


class AccessLogRepository:
    """Collection `access_rows`. What rows are searched by is clear; address and device are encrypted in `origin`.

    With `keep`, collection `stranger_refusals`: what was refused to identifiers that no account has. It concerns no person, so it is
    sealed in no chain and forgotten after that time; but it costs what a row of an account costs, or the time would tell them apart.
    """

    def __init__(self, database: Database, cipher: FieldCipher, *, secret: bytes, keep: timedelta | None = None) -> None:
        self._database = database
        self._cipher = cipher
        self._secret = secret
        self._keep = keep
        self._name = ROWS if keep is None else STRANGERS

    @property
    def _rows(self) -> Collection:
        return self._database[self._name]

    async def prepare(self) -> None:
        """Collection, validator and indexes; ids sort by time, so every index ends with them."""
        by_field = [IndexModel([(name, ASCENDING), ("_id", DESCENDING)], name=name) for name in _LEADING]
        by_time = IndexModel([("_id", DESCENDING), ("service", ASCENDING)], name="time")
        await prepare_collection(self._database, self._name, indexes=[*by_field, by_time, self._last_index()], schema=_SCHEMA)

    def _last_index(self) -> IndexModel:
        """By place, or by age: rows that are forgotten are given no place."""
        if self._keep is None:
            return IndexModel([("place", ASCENDING)], name="place")
        return IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds()))

    async def append(self, tx: Transaction, entry: Entry) -> None:
        """One insert; nothing else is read or written, so no two of them wait for each other."""
        [document] = await self._documents([entry])
        await self._rows.insert_one(document, session=tx.session)

    async def append_all(self, tx: Transaction, entries: Sequence[Entry]) -> None:
        """Several rows in one round trip."""
        await self._rows.insert_many(await self._documents(entries), ordered=False, session=tx.session)

    async def stream(self, filters: Filters, *, portion: int) -> AsyncIterator[list[Record]]:
        """All rows that fit, the latest first, so many at a time; one cursor, however many there are."""
        found, index = _query(filters)
        cursor = self._rows.find(found).sort([("_id", DESCENDING)]).hint(index).batch_size(portion)
        try:
            while documents := await cursor.to_list(portion):
                yield await self._read(documents)
        finally:
            await cursor.close()

    def entry_of(self, parts: Sequence[bytes]) -> Entry:
        """What a row says of which these are the parts."""
        row_id, subject_id, actor_id, action, service, outcome, details, origin = map(bytes, parts)
        words = {"action": action.decode(), "service": service.decode(), "outcome": outcome.decode(), "details": details}
        ids = {"_id": UUID(bytes=row_id), "subject_id": UUID(bytes=subject_id), "actor_id": UUID(bytes=actor_id) if actor_id else None}
        return _entry({**ids, **words}, bson.decode(origin))

    async def _documents(self, entries: Sequence[Entry]) -> list[Document]:
        origins = [_origin(entry) for entry in entries]
        sealed = await self._cipher.encrypt_all([{"origin": origin} if origin else {} for origin in origins])
        return [self._document(entry, origin, some.get("origin")) for entry, origin, some in zip(entries, origins, sealed, strict=True)]

    def _document(self, entry: Entry, origin: Mapping[str, str], sealed: Any) -> Document:
        said = {
            "at": entry.at,
            "actor_role": entry.actor_role and entry.actor_role.value,
            "record": entry.record,
            "purpose": entry.purpose,
        }
        document: Document = {
            "_id": entry.id,
            "subject_id": entry.subject_id,
            "actor_id": entry.actor_id,
            "action": entry.action.value,
            "service": entry.service,
            "outcome": entry.outcome,
            "details": bson.encode(said),
            "origin": sealed,
        }
        mac = row_mac(_parts(document, origin), self._secret)
        age: Document = {} if self._keep is None else {"at": entry.at}
        return document | {"mac": mac, "place": UNSEALED, "schema_version": 1} | age

    async def page(self, tx: Transaction, filters: Filters, *, limit: int) -> list[Record]:
        """Rows that fit, the latest first. Served by the index of the first filter given, else by time."""
        found, index = _query(filters)
        cursor = self._rows.find(found, session=tx.session).sort([("_id", DESCENDING)]).hint(index).limit(limit)
        return await self._read(await cursor.to_list(limit))

    async def _read(self, documents: Sequence[Document]) -> list[Record]:
        origins = await self._cipher.decrypt_each([document["origin"] for document in documents])
        return [self._record(document, opened) for document, opened in zip(documents, origins, strict=True)]

    def _record(self, document: Document, opened: Any) -> Record:
        origin = opened if isinstance(opened, dict) else {}
        parts = _parts(document, origin) if opened is not UNREADABLE else _NOTHING
        return Record(entry=_entry(document, origin), parts=parts, mac=bytes(document["mac"]))


def _origin(entry: Entry) -> dict[str, str]:
    return {name: value for name, value in (("address", entry.address), ("device", entry.device)) if value is not None}


def _entry(document: Document, origin: Mapping[str, str]) -> Entry:
    said = bson.decode(bytes(document["details"]), _AWARE)
    return Entry(
        id=document["_id"],
        at=said["at"],
        subject_id=document["subject_id"],
        actor_id=document["actor_id"],
        actor_role=None if said["actor_role"] is None else Role(said["actor_role"]),
        action=Action(document["action"]),
        service=document["service"],
        record=said["record"],
        purpose=said["purpose"],
        outcome=document["outcome"],
        address=origin.get("address"),
        device=origin.get("device"),
    )


def _parts(document: Document, origin: Mapping[str, str]) -> tuple[bytes, ...]:
    """What the digest covers: of the origin what it says, because its ciphertext changes with the keys."""
    actor_id = document["actor_id"]
    return (
        document["_id"].bytes,
        document["subject_id"].bytes,
        b"" if actor_id is None else actor_id.bytes,
        document["action"].encode(),
        document["service"].encode(),
        document["outcome"].encode(),
        bytes(document["details"]),
        origin_part(origin),
    )


def origin_part(origin: Mapping[str, str] | None) -> bytes:
    """What the digest covers of the origin."""
    return bson.encode(origin or {})


def _query(filters: Filters) -> tuple[Document, str]:
    named = {name: getattr(filters, name) for name in (*_LEADING, "service")}
    found: Document = {name: value for name, value in named.items() if value is not None}
    uppers = [first_id(filters.to_at)] if filters.to_at is not None else []
    uppers += [filters.before_id] if filters.before_id is not None else []
    time: Document = {"$lt": min(uppers, key=lambda upper: upper.bytes)} if uppers else {}
    if filters.from_at is not None:
        time["$gte"] = first_id(filters.from_at)
    index = next((name for name in _LEADING if name in found), "time")
    return found | ({"_id": time} if time else {}), index
