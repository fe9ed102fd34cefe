"""What holds back guessing: failures, how many codes went where, and the code last sent to each account.

One collection, so that a sign-in reads all it needs in one round trip and writes it in another.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter

from chassis import mongo
from chassis.mongo import ASCENDING, Database, Document, IndexModel, ReplaceOne, prepare_collection
from chassis.transaction import Transaction, write_guarded
from services.identity.domain.codes import CodeAllowance
from services.identity.domain.sign_ins import Failures, SentCode
from services.identity.repository.encoding import plain, session_of

Key: TypeAlias = bytes | UUID
Throttle: TypeAlias = Failures | CodeAllowance | SentCode
"""Failures and allowances go by a keyed hash, a sent code by its account."""

_KINDS: Mapping[type[Throttle], str] = {Failures: "failures", CodeAllowance: "code-allowance", SentCode: "sent-code"}
_READ: Mapping[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for kind, name in _KINDS.items()}
_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Throttles:
    """Rows as read, by their keys. What is missing is as good as new."""

    rows: Mapping[Key, Throttle]

    def failures(self, key: bytes) -> Failures:
        """Empty for a key without failures."""
        found = self.rows.get(key)
        return found if isinstance(found, Failures) else Failures(key=key)

    def allowance(self, key: bytes) -> CodeAllowance:
        """Full for an address without codes."""
        found = self.rows.get(key)
        return found if isinstance(found, CodeAllowance) else CodeAllowance(key=key)

    def sent(self, account_id: UUID) -> SentCode | None:
        """None for an account that was sent none lately."""
        found = self.rows.get(account_id)
        return found if isinstance(found, SentCode) else None


class ThrottleRepository:
    """Collection `throttles`; rows are forgotten after two days without a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> mongo.Collection:
        return self._database["throttles"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("changed_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "throttles", indexes=[kept])

    async def read(self, tx: Transaction | None, keys: Collection[Key]) -> Throttles:
        """The rows of these keys, in one round trip."""
        documents = await self._collection.find({"_id": {"$in": list(keys)}}, session=session_of(tx)).to_list(len(keys))
        return Throttles({_key(row): row for row in map(_row, documents)})

    async def write(self, tx: Transaction, rows: Iterable[Throttle], *, at: datetime) -> None:
        """Replace the rows, in one round trip. Raises `Overtaken` if somebody else wrote one of them since it was read."""
        await write_guarded(tx, self._collection, [_replacement(row, at) for row in rows])


class FailureRepository:
    """The failures among the throttles, one by one."""

    def __init__(self, throttles: ThrottleRepository) -> None:
        self._throttles = throttles

    async def get(self, tx: Transaction, key: bytes) -> Failures:
        """Empty for a key without failures."""
        return (await self._throttles.read(tx, [key])).failures(key)

    async def save(self, tx: Transaction, failures: Failures, *, at: datetime) -> None:
        """Replace; two at once conflict and one runs again. Forgotten some time after `at`, also without failures."""
        await self._throttles.write(tx, [failures], at=at)

    async def forgive(self, tx: Transaction, key: bytes, *, at: datetime) -> None:
        """Forget all failures of the key: it was the right person."""
        await self.save(tx, (await self.get(tx, key)).forgiven(), at=at)


class AllowanceRepository:
    """The allowances among the throttles, one by one."""

    def __init__(self, throttles: ThrottleRepository) -> None:
        self._throttles = throttles

    async def get(self, tx: Transaction, key: bytes) -> CodeAllowance:
        """Full for an address without codes."""
        return (await self._throttles.read(tx, [key])).allowance(key)

    async def save(self, tx: Transaction, allowance: CodeAllowance, *, at: datetime) -> None:
        """Replace; two at once conflict and one runs again."""
        await self._throttles.write(tx, [allowance], at=at)


def _key(row: Throttle) -> Key:
    return row.id if isinstance(row, SentCode) else row.key


def _row(document: Document) -> Throttle:
    name = "id" if document["kind"] == _KINDS[SentCode] else "key"
    found: Throttle = _READ[document["kind"]].validate_python({**document, name: document["_id"]})
    return found


def _replacement(row: Throttle, at: datetime) -> ReplaceOne[Document]:
    document: Document = plain(replace(row, version=row.version + 1))
    key = document.pop("id" if isinstance(row, SentCode) else "key")
    document |= {"kind": _KINDS[type(row)], "changed_at": at}
    return ReplaceOne({"_id": key, "version": row.version}, document, upsert=True)
