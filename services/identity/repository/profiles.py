"""Profiles over time: every version, and the change that waits for its confirmation."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.changes import ProfileChange
from services.identity.domain.versions import NoSuchProfileVersion, ProfileVersion
from services.identity.repository.encoding import StaleRecord, plain, present

_CHANGE_PERSONAL = frozenset({"stated", "changes", "text"})
_VERSION_PERSONAL = frozenset({"stated", "outcomes", "text", "signature"})
_CHANGE = TypeAdapter(ProfileChange)
_VERSION = TypeAdapter(ProfileVersion)
_VERSION_SCHEMA = {
    "bsonType": "object",
    "required": ["person_id", "number", "made_at", "made_by", "method", "personal", "schema_version"],
    "properties": {"number": {"bsonType": ["int", "long"], "minimum": 1}, "personal": {"bsonType": "object", "required": ["stated"]}},
}


class ProfileChangeRepository:
    """Collection `profile_changes`: one open change per person, found by the person. Forgotten when its time is over."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["profile_changes"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=86_400)
        await prepare_collection(self._database, "profile_changes", indexes=[kept])

    async def get(self, tx: Transaction, person_id: UUID) -> ProfileChange | None:
        """The change that waits, expired ones included."""
        document = await self._collection.find_one({"_id": person_id}, session=tx.session)
        if document is None:
            return None
        personal = await self._cipher.decrypt(document.pop("personal"))
        return _CHANGE.validate_python({**document, **personal, "id": document["change_id"], "person_id": person_id})

    async def put(self, tx: Transaction, change: ProfileChange) -> ProfileChange:
        """As stored; replaces an earlier proposal of the person."""
        found = await self._collection.find_one({"_id": change.person_id}, {"version": 1}, session=tx.session)
        change = replace(change, version=found["version"] if found else 0)
        await self._collection.replace_one({"_id": change.person_id}, await self._document(change), upsert=True, session=tx.session)
        return replace(change, version=change.version + 1)

    async def save(self, tx: Transaction, change: ProfileChange) -> ProfileChange:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        found = {"_id": change.person_id, "change_id": change.id, "version": change.version}
        result = await self._collection.replace_one(found, await self._document(change), session=tx.session)
        if result.matched_count == 0:
            raise StaleRecord
        return replace(change, version=change.version + 1)

    async def remove(self, tx: Transaction, person_id: UUID) -> None:
        """Forget what is applied."""
        await self._collection.delete_one({"_id": person_id}, session=tx.session)

    async def _document(self, change: ProfileChange) -> Document:
        document: Document = plain(change)
        personal = {name: document.pop(name) for name in _CHANGE_PERSONAL}
        return {
            **document,
            "_id": document.pop("person_id"),
            "change_id": document.pop("id"),
            "version": change.version + 1,
            "schema_version": 1,
            "personal": await self._cipher.encrypt(personal),
        }


class ProfileVersionRepository:
    """Collection `profile_versions`; what was stated is encrypted, nothing is ever deleted here."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["profile_versions"]

    async def prepare(self) -> None:
        """Collection, validator and indexes."""
        numbered = IndexModel([("person_id", ASCENDING), ("number", DESCENDING)], name="numbered", unique=True)
        await prepare_collection(self._database, "profile_versions", indexes=[numbered], schema=_VERSION_SCHEMA)

    async def find(self, tx: Transaction, person_id: UUID, number: int) -> ProfileVersion | None:
        """None where no such version was kept."""
        return await self._read(await self._collection.find_one({"_id": _key(person_id, number)}, session=tx.session))

    async def get(self, tx: Transaction, person_id: UUID, number: int) -> ProfileVersion:
        """Raises `NoSuchProfileVersion`."""
        found = await self.find(tx, person_id, number)
        if found is None:
            raise NoSuchProfileVersion("Такой версии профиля нет.")
        return found

    async def page(self, tx: Transaction, person_id: UUID, *, limit: int, before: int | None) -> list[ProfileVersion]:
        """The newest first."""
        found: Document = {"person_id": person_id} | ({} if before is None else {"number": {"$lt": before}})
        documents = await self._collection.find(found, session=tx.session).sort("number", DESCENDING).limit(limit).to_list(limit)
        return [version for document in documents if (version := await self._read(document)) is not None]

    async def add(self, tx: Transaction, version: ProfileVersion) -> None:
        """Keep a new version. Raises `StaleRecord` when the number was given meanwhile."""
        try:
            await self._collection.insert_one(await self._document(version), session=tx.session)
        except DuplicateKeyError:
            raise StaleRecord from None

    async def save(self, tx: Transaction, version: ProfileVersion) -> None:
        """Keep one more verdict on a version."""
        document = await self._document(version)
        await self._collection.replace_one({"_id": document["_id"]}, document, upsert=True, session=tx.session)

    async def _document(self, version: ProfileVersion) -> Document:
        document: Document = plain(version)
        personal = present({name: document.pop(name) for name in _VERSION_PERSONAL})
        key = _key(version.person_id, version.number)
        return {**document, "_id": key, "schema_version": 1, "personal": await self._cipher.encrypt(personal)}

    async def _read(self, document: Document | None) -> ProfileVersion | None:
        if document is None:
            return None
        personal: dict[str, Any] = await self._cipher.decrypt(document.pop("personal"))
        return _VERSION.validate_python({**document, **personal})


def _key(person_id: UUID, number: int) -> str:
    return f"{person_id}:{number}"
