"""Registrations on their way, one open one per phone."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.registration import Registration
from services.identity.repository.encoding import document_of, plain, present
from services.identity.repository.overwriting import overwrite

_PERSONAL = ("phone", "passport", "numbers", "profile", "email", "consents")
_READ = TypeAdapter(Registration)
_SCHEMA = {
    "bsonType": "object",
    "required": ["version", "schema_version", "personal", "created_at", "expires_at", "is_open", "owner_id"],
    "properties": {"version": {"bsonType": ["int", "long"], "minimum": 1}, "personal": {"bsonType": "object", "required": ["phone"]}},
}


class RegistrationRepository:
    """Collection `registrations`; everything a person typed is encrypted."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["registrations"]

    async def prepare(self) -> None:
        """Collection, validator and indexes."""
        open_phone = IndexModel([("personal.phone", ASCENDING)], name="open_phone", unique=True, partialFilterExpression={"is_open": True})
        kept = IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=int(timedelta(days=1).total_seconds()))
        owner = IndexModel([("owner_id", ASCENDING)], name="owner", unique=True, sparse=True)
        await prepare_collection(self._database, "registrations", indexes=[open_phone, kept, owner], schema=_SCHEMA)

    async def open_by_phone(self, tx: Transaction, phone: str) -> Registration | None:
        """The registration somebody with this phone has begun and not completed."""
        found = {"personal.phone": await self._cipher.lookup(phone), "is_open": True}
        return await self._read(await self._collection.find_one(found, session=tx.session))

    async def get(self, tx: Transaction, registration_id: UUID) -> Registration | None:
        """None for an unknown id."""
        return await self._read(await self._collection.find_one({"_id": registration_id}, session=tx.session))

    async def id_of_open(self, owner_id: UUID) -> UUID | None:
        """The open registration whose account will have this id. Reads one index and opens nothing personal."""
        document = await self._collection.find_one({"owner_id": owner_id, "is_open": True}, {"_id": 1})
        return None if document is None else UUID(str(document["_id"]))

    async def add(self, tx: Transaction, registration: Registration) -> Registration:
        """A new one, as stored."""
        await self._collection.insert_one(await self._document(registration), session=tx.session)
        return replace(registration, version=registration.version + 1)

    async def save(self, tx: Transaction, registration: Registration) -> Registration:
        """The registration as stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, registration, await self._document(registration))

    async def remove(self, tx: Transaction, registration: Registration) -> None:
        """Forget one whose time is over."""
        await self._collection.delete_one({"_id": registration.id}, session=tx.session)

    async def _document(self, registration: Registration) -> Document:
        document = document_of(registration, without=frozenset(_PERSONAL))
        personal = present({name: plain(getattr(registration, name)) for name in _PERSONAL})
        document["personal"] = await self._cipher.encrypt(personal, lookup={"phone"})
        document["is_open"] = registration.completed_at is None
        return document

    async def _read(self, document: Document | None) -> Registration | None:
        if document is None:
            return None
        personal = await self._cipher.decrypt(document.pop("personal"))
        # registrations of before the scans became whatever id was new: theirs serves as well
        owner_id = document.get("owner_id", document["_id"])
        return _READ.validate_python({**document, **personal, "id": document["_id"], "owner_id": owner_id})
