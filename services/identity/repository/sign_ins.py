"""Sign-ins under way, what was begun and not finished, and how many codes went where."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.codes import CodeAllowance
from services.identity.domain.sign_ins import Failures, SignIn
from services.identity.repository.encoding import StaleRecord, document_of, plain

_READ = TypeAdapter(SignIn)
_READ_FAILURES = TypeAdapter(Failures)
_READ_ALLOWANCE = TypeAdapter(CodeAllowance)
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
        latest = IndexModel([("person_id", ASCENDING), ("created_at", DESCENDING)], name="latest")
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "sign_ins", indexes=[latest, kept])

    async def get(self, tx: Transaction, sign_in_id: UUID) -> SignIn | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": sign_in_id}, session=tx.session)
        return None if document is None else _READ.validate_python({**document, "id": document["_id"]})

    async def latest(self, tx: Transaction, person_id: UUID) -> SignIn | None:
        """The last one somebody began with the right password."""
        cursor = self._collection.find({"person_id": person_id}, session=tx.session).sort([("created_at", DESCENDING)]).limit(1)
        documents = await cursor.to_list(1)
        return None if not documents else _READ.validate_python({**documents[0], "id": documents[0]["_id"]})

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


class FailureRepository:
    """Collection `sign_in_failures`, by keyed hash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["sign_in_failures"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("changed_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "sign_in_failures", indexes=[kept])

    async def get(self, tx: Transaction, key: bytes) -> Failures:
        """Empty for a key without failures."""
        document = await self._collection.find_one({"_id": key}, session=tx.session)
        return Failures(key=key) if document is None else _READ_FAILURES.validate_python({**document, "key": key})

    async def save(self, tx: Transaction, failures: Failures) -> None:
        """Replace; two at once conflict and one runs again."""
        document = plain(replace(failures, version=failures.version + 1))
        document["changed_at"] = max(failures.begun_at, default=None)
        await self._collection.replace_one({"_id": document.pop("key")}, document, upsert=True, session=tx.session)


class AllowanceRepository:
    """Collection `code_allowances`, by keyed hash of the address."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["code_allowances"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("changed_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "code_allowances", indexes=[kept])

    async def get(self, tx: Transaction, key: bytes) -> CodeAllowance:
        """Full for an address without codes."""
        document = await self._collection.find_one({"_id": key}, session=tx.session)
        return CodeAllowance(key=key) if document is None else _READ_ALLOWANCE.validate_python({**document, "key": key})

    async def save(self, tx: Transaction, allowance: CodeAllowance) -> None:
        """Replace; two at once conflict and one runs again."""
        document = plain(replace(allowance, version=allowance.version + 1))
        document["changed_at"] = max(allowance.issued_at, default=None)
        await self._collection.replace_one({"_id": document.pop("key")}, document, upsert=True, session=tx.session)
