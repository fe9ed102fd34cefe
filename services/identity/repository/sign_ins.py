"""Sign-ins under way, what was begun and not finished, and how many codes went where."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.codes import CodeAllowance
from services.identity.domain.sign_ins import Failures, SentCode, SignIn
from services.identity.repository.encoding import StaleRecord, document_of, plain

_READ = TypeAdapter(SignIn)
_READ_SENT = TypeAdapter(SentCode)
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
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "sign_ins", indexes=[kept])

    async def get(self, tx: Transaction, sign_in_id: UUID) -> SignIn | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": sign_in_id}, session=tx.session)
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


class SentCodeRepository:
    """Collection `sign_in_codes`: the code last sent to each account, which all its sign-ins share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["sign_in_codes"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("code.issued_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "sign_in_codes", indexes=[kept])

    async def get(self, tx: Transaction, account_id: UUID) -> SentCode | None:
        """None for an account that was sent none lately."""
        document = await self._collection.find_one({"_id": account_id}, session=tx.session)
        return None if document is None else _READ_SENT.validate_python({**document, "id": document["_id"]})

    async def save(self, tx: Transaction, sent: SentCode) -> None:
        """Replace; two at once conflict and one runs again."""
        await self._collection.replace_one({"_id": sent.id}, document_of(sent), upsert=True, session=tx.session)


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

    async def save(self, tx: Transaction, failures: Failures, *, at: datetime) -> None:
        """Replace; two at once conflict and one runs again. Forgotten some time after `at`, also without failures."""
        document = plain(replace(failures, version=failures.version + 1))
        document["changed_at"] = at
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

    async def save(self, tx: Transaction, allowance: CodeAllowance, *, at: datetime) -> None:
        """Replace; two at once conflict and one runs again."""
        document = plain(replace(allowance, version=allowance.version + 1))
        document["changed_at"] = at
        await self._collection.replace_one({"_id": document.pop("key")}, document, upsert=True, session=tx.session)
