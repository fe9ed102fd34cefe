"""Passkeys of people, and the ceremonies under way."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.passkeys import Ceremony, NoSuchPasskey, Passkey, PasskeyRegistered
from services.identity.repository.encoding import document_of, present
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(Passkey)
_READ_CEREMONY = TypeAdapter(Ceremony)
_PERSONAL = ("name",)
_KEPT = timedelta(days=2)
_SCHEMA = {
    "bsonType": "object",
    "required": ["version", "schema_version", "person_id", "credential_id", "public_key", "sign_count", "created_at"],
    "properties": {"sign_count": {"bsonType": ["int", "long"], "minimum": 0}},
}


class PasskeyRepository:
    """Collection `passkeys`. A credential belongs to one account; the database sees to it. Names are encrypted."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["passkeys"]

    async def prepare(self) -> None:
        """Collection, validator and indexes."""
        unique = IndexModel([("credential_id", ASCENDING)], name="unique_credential_id", unique=True)
        of_person = IndexModel([("person_id", ASCENDING), ("created_at", ASCENDING)], name="of_person")
        await prepare_collection(self._database, "passkeys", indexes=[unique, of_person], schema=_SCHEMA)

    async def of_person(self, tx: Transaction, person_id: UUID, *, limit: int) -> list[Passkey]:
        """The person's passkeys, the oldest first."""
        cursor = self._collection.find({"person_id": person_id}, session=tx.session)
        documents = await cursor.sort([("created_at", ASCENDING), ("_id", ASCENDING)]).limit(limit).to_list(limit)
        return [await self._read(document) for document in documents]

    async def get(self, tx: Transaction, passkey_id: UUID, *, owner: UUID) -> Passkey:
        """Raises `NoSuchPasskey`, also for somebody else's."""
        document = await self._collection.find_one({"_id": passkey_id, "person_id": owner}, session=tx.session)
        if document is None:
            raise NoSuchPasskey
        return await self._read(document)

    async def by_credential(self, tx: Transaction, credential_id: bytes) -> Passkey | None:
        """None for a credential nobody has."""
        document = await self._collection.find_one({"credential_id": credential_id}, session=tx.session)
        return None if document is None else await self._read(document)

    async def add(self, tx: Transaction, passkey: Passkey) -> Passkey:
        """A new one, as stored. Raises `PasskeyRegistered` for a credential that is known."""
        try:
            await self._collection.insert_one(await self._document(passkey), session=tx.session)
        except DuplicateKeyError:
            raise PasskeyRegistered from None
        return replace(passkey, version=passkey.version + 1)

    async def save(self, tx: Transaction, passkey: Passkey) -> Passkey:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, passkey, await self._document(passkey))

    async def remove(self, tx: Transaction, passkey: Passkey) -> None:
        """For good."""
        await self._collection.delete_one({"_id": passkey.id}, session=tx.session)

    async def remove_all(self, tx: Transaction, person_id: UUID) -> None:
        """None of the person's passkeys counts any more."""
        await self._collection.delete_many({"person_id": person_id}, session=tx.session)

    async def _document(self, passkey: Passkey) -> Document:
        document = document_of(passkey, without=frozenset(_PERSONAL))
        document["personal"] = await self._cipher.encrypt(present({name: getattr(passkey, name) for name in _PERSONAL}))
        return document

    async def _read(self, document: Document) -> Passkey:
        personal = await self._cipher.decrypt(document.pop("personal"))
        return _READ.validate_python({**document, **personal, "id": document["_id"]})


class CeremonyRepository:
    """Collection `passkey_ceremonies`; forgotten after two days."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["passkey_ceremonies"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "passkey_ceremonies", indexes=[kept])

    async def get(self, tx: Transaction, ceremony_id: UUID) -> Ceremony | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": ceremony_id}, session=tx.session)
        return None if document is None else _READ_CEREMONY.validate_python({**document, "id": document["_id"]})

    async def add(self, tx: Transaction, ceremony: Ceremony) -> Ceremony:
        """A new one, as stored."""
        await self._collection.insert_one(document_of(ceremony), session=tx.session)
        return replace(ceremony, version=ceremony.version + 1)

    async def save(self, tx: Transaction, ceremony: Ceremony) -> Ceremony:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, ceremony, document_of(ceremony))
