"""What documents knows of profiles: the only file that knows these Mongo documents. Facts are personal and stored encrypted."""

from dataclasses import dataclass
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import Collection, Database, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from contracts.identity import ProfileFacts
from services.documents.domain.profiles import Profile

PROFILES = "profiles"
SCHEMA_VERSION = 1

_PROFILE_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "version", "personal", "schema_version"],
    "properties": {"version": {"bsonType": ["int", "long"], "minimum": 1}, "personal": {"bsonType": ["object", "null"]}},
}


@dataclass(frozen=True, slots=True)
class ProfileRepository:
    """The read model of identity's profiles."""

    database: Database
    cipher: FieldCipher

    @property
    def _collection(self) -> Collection:
        return self.database[PROFILES]

    async def prepare(self) -> None:
        """Collection and validator."""
        await prepare_collection(self.database, PROFILES, schema=_PROFILE_SCHEMA)

    async def find(self, practitioner_id: UUID, *, tx: Transaction | None = None) -> Profile | None:
        """What is known of a profile; None when identity told nothing yet."""
        record = await self._collection.find_one({"_id": practitioner_id}, session=tx.session if tx else None)
        if record is None:
            return None
        personal = record["personal"] and await self.cipher.decrypt(record["personal"])
        facts = ProfileFacts.model_validate(personal["facts"]) if personal else None
        return Profile(record["_id"], record["version"], facts)

    async def save(self, tx: Transaction, profile: Profile) -> None:
        """Store what is known now."""
        facts = profile.facts
        record = {
            "_id": profile.practitioner_id,
            "version": profile.version,
            "personal": None if facts is None else dict(await self.cipher.encrypt({"facts": facts.model_dump(mode="json")})),
            "schema_version": SCHEMA_VERSION,
        }
        await self._collection.replace_one({"_id": profile.practitioner_id}, record, upsert=True, session=tx.session)

    async def remove(self, tx: Transaction, practitioner_id: UUID) -> None:
        """Forget the profile."""
        await self._collection.delete_one({"_id": practitioner_id}, session=tx.session)
