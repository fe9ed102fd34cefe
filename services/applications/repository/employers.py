"""Employers, what they asked holders, and what they are told. Names and contacts are encrypted: an employer may be one person."""

from collections.abc import Collection as Several
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, ReturnDocument, prepare_collection
from chassis.paging import PageRequest, encode_cursor
from chassis.transaction import Transaction
from services.applications.domain.employers import Employer
from services.applications.domain.errors.employer import EmployerKeyRefused, EmployerNotFound
from services.applications.repository.base import SealedRepository
from services.applications.repository.places import Query, place, read

COLLECTION = "employers"
CHANGES = "employer_changes"
_PERSONAL = ("name", "contact_email")
_WHOLE: TypeAdapter[Employer] = TypeAdapter(Employer)


class EmployerRepository(SealedRepository):
    """Employers by key and by id, and the row of news of each."""

    name = COLLECTION

    def __init__(self, database: Database, cipher: FieldCipher, *, keep: timedelta) -> None:
        super().__init__(database, cipher)
        self._keep = keep

    @property
    def _changes(self) -> Collection:
        return self._database[CHANGES]

    async def prepare(self) -> None:
        """Make the collections and their indexes."""
        indexes = (
            IndexModel([("key_hash", ASCENDING)], name="by_key", unique=True),
            IndexModel([("place", ASCENDING)], name="newest"),
        )
        await prepare_collection(self._database, COLLECTION, indexes=indexes)
        changes = (
            IndexModel([("employer_id", ASCENDING), ("place", ASCENDING)], name="of_employer", unique=True),
            IndexModel([("subscription_id", ASCENDING)], name="of_subscription"),
            IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds())),
        )
        await prepare_collection(self._database, CHANGES, indexes=changes)

    async def add(self, tx: Transaction, employer: Employer, key_hash: bytes) -> None:
        """Store a new one."""
        clear = {name: value for name, value in asdict(employer).items() if name not in {*_PERSONAL, "id"}}
        personal = await self._cipher.encrypt({name: getattr(employer, name) for name in _PERSONAL})
        document = {"_id": employer.id, "schema_version": 1, **clear, "personal": personal}
        counted = {"key_hash": key_hash, "changes": 0, "place": place(employer.made_at, key=employer.id)}
        await self._collection.insert_one(document | counted, session=tx.session)

    async def get_by_key(self, key_hash: bytes) -> Employer:
        """The employer of a key that still opens. Raises `EmployerKeyRefused`."""
        row = await self._collection.find_one(by_key(key_hash).found())
        if row is None or row["ended_at"] is not None:
            raise EmployerKeyRefused("Ключ работодателя не подходит. Проверьте его или запросите новый у администратора.")
        return await self._employer(row)

    async def end(self, employer_id: UUID, now: datetime) -> None:
        """No access from now on. Raises `EmployerNotFound`, also for one that has none any more."""
        ended = await self._collection.update_one({"_id": employer_id, "ended_at": None}, {"$set": {"ended_at": now}})
        if ended.matched_count == 0:
            raise EmployerNotFound("Такого работодателя нет, или его доступ уже закрыт.")

    async def list_newest(self, page: PageRequest) -> tuple[list[Employer], str | None]:
        """One page, the newest first, and the cursor of the next."""
        rows, following = await self._page(newest(), page, without="key_hash")
        return [await self._employer(row) for row in rows], following

    async def named(self, employer_ids: Several[UUID]) -> dict[UUID, Employer]:
        """Those of some ids."""
        rows = self._collection.find({"_id": {"$in": list(employer_ids)}}) if employer_ids else None
        return {} if rows is None else {row["_id"]: await self._employer(row) async for row in rows}

    async def tell(self, tx: Transaction, employer_id: UUID, subscription_id: UUID, news: Document) -> None:
        """Add to what an employer is told; numbered in the order of commits, so that a cursor skips nothing. The ended are told nothing."""
        row = await self._collection.find_one_and_update(
            {"_id": employer_id, "ended_at": None}, {"$inc": {"changes": 1}}, return_document=ReturnDocument.AFTER, session=tx.session
        )
        if row is not None:
            number = f"{row['changes']:012d}"
            document = {"_id": f"{employer_id}/{number}", "schema_version": 1, "employer_id": employer_id, "place": number}
            await self._changes.insert_one(document | {"subscription_id": subscription_id, **news}, session=tx.session)

    async def list_changes(self, employer_id: UUID, page: PageRequest) -> tuple[list[Document], str | None]:
        """The next of what an employer is told, and the cursor to go on from, now or later; None before the first."""
        after = page.after(str)
        start = after[0] if after else None
        part = await read(self._changes, [told(employer_id)], after=start, limit=page.limit, without="schema_version")
        last = part.rows[-1]["place"] if part.rows else start
        return part.rows, None if last is None else encode_cursor(last)

    async def forget(self, tx: Transaction, subscription_id: UUID) -> None:
        """What was told by a subscription."""
        await self._changes.delete_many(told_by(subscription_id).found(), session=tx.session)

    async def _employer(self, row: Document) -> Employer:
        personal: dict[str, Any] = await self._cipher.decrypt(row["personal"])
        return _WHOLE.validate_python(
            {"id": row["_id"], **{name: row.get(name) for name in Employer.__slots__ if name != "id"}, **personal}
        )


def by_key(key_hash: bytes) -> Query:
    """The employer of a key."""
    return Query({"key_hash": key_hash})


def newest() -> Query:
    """All of them, the newest first."""
    return Query({}, "place", DESCENDING, since="0")


def told(employer_id: UUID) -> Query:
    """What an employer is told, in the order of its numbers."""
    return Query({"employer_id": employer_id}, "place", ASCENDING)


def told_by(subscription_id: UUID) -> Query:
    """What was told by one subscription."""
    return Query({"subscription_id": subscription_id})
