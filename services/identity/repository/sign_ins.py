"""Sign-ins under way, and those of identifiers that no account has."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.sign_ins import SignIn
from services.identity.repository.encoding import StaleRecord, document_of, session_of

_READ = TypeAdapter(SignIn)
_KEPT = timedelta(days=2)


class SignInRepository:
    """Collection `sign_ins`; forgotten after two days."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["sign_ins"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "sign_ins", indexes=[kept])

    async def get(self, tx: Transaction | None, sign_in_id: UUID) -> SignIn | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": sign_in_id}, session=session_of(tx))
        return None if document is None else _READ.validate_python({**document, "id": document["_id"]})

    async def add(self, tx: Transaction, sign_in: SignIn) -> SignIn:
        """A new one, as stored."""
        await self._collection.insert_one(document_of(sign_in), session=tx.session)
        return replace(sign_in, version=sign_in.version + 1)

    async def save(self, tx: Transaction, sign_in: SignIn) -> SignIn:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        found = {"_id": sign_in.id, "version": sign_in.version}
        result = await self._collection.replace_one(found, document_of(sign_in), session=tx.session)
        if result.matched_count == 0:
            raise StaleRecord
        return replace(sign_in, version=sign_in.version + 1)


class StrangerRefusalRepository:
    """Collection `stranger_refusals`: refused sign-ins of identifiers that no account has, one row for each identifier, for a limited time.

    They concern no person, so they are in nobody's access log, which is kept for ever.
    """

    def __init__(self, database: Database, cipher: FieldCipher, *, keep: timedelta) -> None:
        self._database = database
        self._cipher = cipher
        self._keep = keep

    @property
    def _collection(self) -> Collection:
        return self._database["stranger_refusals"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("last_at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds()))
        await prepare_collection(self._database, "stranger_refusals", indexes=[kept])

    async def note(self, tx: Transaction, subject_id: UUID, at: datetime, address: str | None) -> None:
        """One more refusal; the latest address stays."""
        personal = {} if address is None else await self._cipher.encrypt({"address": address})
        change = {
            "$inc": {"count": 1},
            "$set": {"last_at": at, "personal": personal},
            "$setOnInsert": {"first_at": at, "schema_version": 1},
        }
        await self._collection.update_one({"_id": subject_id}, change, upsert=True, session=tx.session)

    async def count(self, tx: Transaction, subject_id: UUID) -> int:
        """How often the identifier was refused lately."""
        document = await self._collection.find_one({"_id": subject_id}, {"count": 1}, session=tx.session)
        return 0 if document is None else int(document["count"])
