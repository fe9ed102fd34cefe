"""What people have set up to prove themselves with."""

from dataclasses import replace
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import Collection, Database, Document, ReplaceOne, prepare_collection
from chassis.transaction import Transaction, write_guarded
from contracts.factors import Factor
from services.identity.domain.factors import Factors
from services.identity.repository.encoding import document_of, session_of

_READ = TypeAdapter(Factors)
_SECRETS = ("totp", "pending")
_PERSONAL = ("address", "device")
_SCHEMA = {
    "bsonType": "object",
    "required": ["version", "schema_version", "passkeys", "recovery", "personal"],
    "properties": {"version": {"bsonType": ["int", "long"], "minimum": 1}, "passkeys": {"bsonType": ["int", "long"], "minimum": 0}},
}


class FactorRepository:
    """Collection `factors`, one row for each person who has set up more than a password; what is secret or personal is encrypted."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["factors"]

    async def prepare(self) -> None:
        """Collection and validator."""
        await prepare_collection(self._database, "factors", schema=_SCHEMA)

    async def get(self, tx: Transaction | None, person_id: UUID) -> Factors:
        """Empty for who has set up nothing, after as much work."""
        document = await self._collection.find_one({"_id": person_id}, session=session_of(tx))
        if document is not None:
            return await self._read(document)
        await self._cipher.decrypt_nothing()
        return Factors(id=person_id)

    async def strong(self, tx: Transaction, person_id: UUID) -> frozenset[Factor]:
        """The factors that staff need one of; no secret is opened."""
        shown = {"passkeys": 1, "totp.confirmed_at": 1}
        document = await self._collection.find_one({"_id": person_id}, shown, session=tx.session) or {}
        held = {Factor.TOTP: bool(document.get("totp")), Factor.PASSKEY: document.get("passkeys", 0) > 0}
        return frozenset(factor for factor, is_held in held.items() if is_held)

    async def save(self, tx: Transaction, factors: Factors) -> Factors:
        """As stored. Who was overtaken by another writer runs again."""
        found = {"_id": factors.id, "version": factors.version}
        write = ReplaceOne(found, await self._document(factors), upsert=True)
        await write_guarded(tx, self._collection, [write])
        return replace(factors, version=factors.version + 1)

    async def _document(self, factors: Factors) -> Document:
        document = document_of(factors)
        personal: Document = {name: document[name].pop("secret") for name in _SECRETS if document[name] is not None}
        if document["devices"]:
            personal["devices"] = [{name: device.pop(name) for name in _PERSONAL} for device in document["devices"]]
        document["personal"] = await self._cipher.encrypt(personal)
        return document

    async def _read(self, document: Document) -> Factors:
        personal = await self._cipher.decrypt(document.pop("personal"))
        for device, hidden in zip(document.get("devices", ()), personal.pop("devices", ()), strict=True):
            device.update(hidden)
        for name, secret in personal.items():
            document[name]["secret"] = secret
        return _READ.validate_python({**document, "id": document["_id"]})
