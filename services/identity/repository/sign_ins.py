"""Sign-ins under way."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

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
