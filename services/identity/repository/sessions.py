"""Sessions and the keys that sign their access tokens."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.sessions import Ending, Session
from services.identity.repository.encoding import document_of, present
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(Session)
_PERSONAL = ("address", "device")


class SessionRepository:
    """Collection `sessions`; network address and device are encrypted, tokens are keyed hashes."""

    def __init__(self, database: Database, cipher: FieldCipher, *, keep: timedelta) -> None:
        self._database = database
        self._cipher = cipher
        self._keep = keep

    @property
    def _collection(self) -> Collection:
        return self._database["sessions"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        of_person = IndexModel([("person_id", ASCENDING), ("ended_at", ASCENDING), ("created_at", DESCENDING)], name="of_person")
        kept = IndexModel([("last_used_at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds()))
        ended = IndexModel([("ended_at", DESCENDING)], name="ended")
        await prepare_collection(self._database, "sessions", indexes=[of_person, kept, ended])

    async def get(self, tx: Transaction, session_id: UUID) -> Session | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": session_id}, session=tx.session)
        return None if document is None else await self._read(document)

    async def not_ended(self, tx: Transaction, person_id: UUID, *, limit: int, used_since: datetime | None = None) -> list[Session]:
        """The person's sessions nobody ended, newest first; some may be over by time. `used_since` leaves out those used before."""
        found: Document = {"person_id": person_id, "ended_at": None}
        if used_since is not None:
            found["last_used_at"] = {"$gt": used_since}
        cursor = self._collection.find(found, session=tx.session)
        documents = await cursor.sort([("created_at", DESCENDING)]).limit(limit).to_list(limit)
        return [await self._read(document) for document in documents]

    async def each_not_ended(self, person_id: UUID, *, portion: int) -> AsyncIterator[Session]:
        """All of them, read so many at a time; one cursor, however many there are."""
        cursor = self._collection.find({"person_id": person_id, "ended_at": None}).sort([("created_at", DESCENDING)])
        async for document in cursor.batch_size(portion):
            yield await self._read(document)

    async def end_all(self, tx: Transaction, person_id: UUID, ending: Ending, at: datetime) -> int:
        """End all of the person's sessions at once; how many there were, those over by time among them."""
        change = {"$set": {"ended_at": at, "ending": str(ending)}, "$inc": {"version": 1}}
        result = await self._collection.update_many({"person_id": person_id, "ended_at": None}, change, session=tx.session)
        return int(result.modified_count)

    async def ended_since(self, moment: datetime, *, limit: int) -> list[UUID]:
        """Sessions that ended after the moment, the latest first."""
        cursor = self._collection.find({"ended_at": {"$gt": moment}}, {"_id": 1}).sort([("ended_at", DESCENDING)]).limit(limit)
        return [document["_id"] for document in await cursor.to_list(limit)]

    async def add(self, tx: Transaction, session: Session) -> Session:
        """A new one, as stored."""
        await self._collection.insert_one(await self._document(session), session=tx.session)
        return replace(session, version=session.version + 1)

    async def save(self, tx: Transaction, session: Session) -> Session:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, session, await self._document(session))

    async def _document(self, session: Session) -> Document:
        document = document_of(session, without=frozenset(_PERSONAL))
        document["personal"] = await self._cipher.encrypt(present({name: getattr(session, name) for name in _PERSONAL}))
        return document

    async def _read(self, document: Document) -> Session:
        personal = await self._cipher.decrypt(document.pop("personal"))
        return _READ.validate_python({**document, **personal, "id": document["_id"]})


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; it signs from `signs_from` until the next one does. `ordinal` counts them."""

    ordinal: int
    signs_from: datetime
    public_jwk: dict[str, Any]
    private_jwk: str = field(repr=False)


class SigningKeyRepository:
    """Collection `signing_keys`; private halves are encrypted."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["signing_keys"]

    async def prepare(self) -> None:
        """Collection."""
        await prepare_collection(self._database, "signing_keys")

    async def latest(self, tx: Transaction, *, limit: int) -> Sequence[SigningKey]:
        """The last keys, newest first."""
        cursor = self._collection.find({}, session=tx.session).sort([("_id", DESCENDING)]).limit(limit)
        return [await self._read(document) for document in await cursor.to_list(limit)]

    async def published(self, *, limit: int) -> list[Document]:
        """Ordinal, beginning and public half of the last keys, newest first; no private half is opened."""
        fields = {"signs_from": 1, "public_jwk": 1}
        return await self._collection.find({}, fields).sort([("_id", DESCENDING)]).limit(limit).to_list(limit)

    async def add(self, tx: Transaction, key: SigningKey) -> None:
        """A new key. If another replica makes the key of this ordinal at the same moment, one of the transactions runs again."""
        personal = await self._cipher.encrypt({"private_jwk": key.private_jwk})
        document = {
            "_id": key.ordinal,
            "signs_from": key.signs_from,
            "public_jwk": key.public_jwk,
            "personal": personal,
            "schema_version": 1,
        }
        await self._collection.insert_one(document, session=tx.session)

    async def _read(self, document: Document) -> SigningKey:
        opened = await self._cipher.decrypt(document["personal"])
        return SigningKey(document["_id"], document["signs_from"], document["public_jwk"], opened["private_jwk"])
