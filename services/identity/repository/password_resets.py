"""Password resets under way and the codes sent for them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.password_resets import PasswordReset, ResetCode
from services.identity.repository.encoding import document_of
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(PasswordReset)
_READ_CODE = TypeAdapter(ResetCode)
_KEPT = timedelta(days=2)


class PasswordResetRepository:
    """Collections `password_resets` and `password_reset_codes`; forgotten after two days."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _resets(self) -> Collection:
        return self._database["password_resets"]

    @property
    def _codes(self) -> Collection:
        return self._database["password_reset_codes"]

    async def prepare(self) -> None:
        """Collections and indexes."""
        seconds = int(_KEPT.total_seconds())
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=seconds)
        await prepare_collection(self._database, "password_resets", indexes=[kept])
        kept = IndexModel([("code.issued_at", ASCENDING)], name="kept", expireAfterSeconds=seconds)
        await prepare_collection(self._database, "password_reset_codes", indexes=[kept])

    async def get(self, tx: Transaction, reset_id: UUID) -> PasswordReset | None:
        """None for an unknown id."""
        document = await self._resets.find_one({"_id": reset_id}, session=tx.session)
        return None if document is None else _READ.validate_python({**document, "id": document["_id"]})

    async def add(self, tx: Transaction, reset: PasswordReset) -> PasswordReset:
        """A new one, as stored."""
        await self._resets.insert_one(document_of(reset), session=tx.session)
        return replace(reset, version=reset.version + 1)

    async def save(self, tx: Transaction, reset: PasswordReset) -> PasswordReset:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._resets, tx, reset, document_of(reset))

    async def code(self, tx: Transaction, subject_id: UUID) -> ResetCode | None:
        """None for an account or identifier without one lately."""
        document = await self._codes.find_one({"_id": subject_id}, session=tx.session)
        return None if document is None else _READ_CODE.validate_python({**document, "id": document["_id"]})

    async def save_code(self, tx: Transaction, code: ResetCode) -> None:
        """Replace; two at once conflict and one runs again."""
        await self._codes.replace_one({"_id": code.id}, document_of(code), upsert=True, session=tx.session)
