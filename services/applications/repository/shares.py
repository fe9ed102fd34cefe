"""Links to certificates. They name nobody but by ids, and go some time after they ended."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Database, Document, IndexModel, ReturnDocument, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from services.applications.domain.errors.sharing import ShareNotFound
from services.applications.domain.shares import Share
from services.applications.repository.base import Repository
from services.applications.repository.places import Query, place

COLLECTION = "shares"
_WHOLE: TypeAdapter[Share] = TypeAdapter(Share)
_GONE = "Ссылка не действует. Попросите у владельца новую."


class ShareRepository(Repository):
    """Links by token for whoever has one, by certificate for its holder."""

    name = COLLECTION

    def __init__(self, database: Database, *, keep: timedelta) -> None:
        super().__init__(database)
        self._keep = keep

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        indexes = (
            IndexModel([("token_hash", ASCENDING)], name="by_token", unique=True),
            IndexModel([("certificate_id", ASCENDING), ("place", ASCENDING)], name="of_certificate"),
            IndexModel([("holder_id", ASCENDING)], name="of_holder"),
            IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds())),
        )
        await prepare_collection(self._database, COLLECTION, indexes=indexes)

    async def add(self, tx: Transaction, share: Share, token_hash: bytes) -> None:
        """Store a new one."""
        row = {name: value for name, value in asdict(share).items() if name != "id"}
        counted: Document = {"views_left": share.views_max, "token_hash": token_hash, "place": place(share.made_at, key=share.id)}
        await self._collection.insert_one(
            {"_id": share.id, "schema_version": 1, **row, "shows": share.shows.value, **counted}, session=tx.session
        )

    async def count_open(self, tx: Transaction, certificate_id: UUID, now: datetime) -> int:
        """How many links of a certificate show something."""
        rows = await self._collection.find(of_certificate(certificate_id).found(), session=tx.session).to_list()
        return sum(_share(row).is_open(now) for row in rows)

    async def view(self, token_hash: bytes, now: datetime) -> Share:
        """Count one view, asked and counted in one step: of two who want the last one, one gets it. Raises `ShareNotFound`."""
        known = await self._collection.find_one(by_token(token_hash).found(), {"_id": True})
        wanted = {"_id": known["_id"] if known else None, "views_left": {"$gt": 0}, "expires_at": {"$gt": now}, "revoked_at": None}
        counted: Document = {"$inc": {"views": 1, "views_left": -1}, "$set": {"last_viewed_at": now}}
        row = await self._collection.find_one_and_update(wanted, counted, return_document=ReturnDocument.AFTER)
        if row is None:
            raise ShareNotFound(_GONE)
        return _share(row)

    async def revoke(self, share_id: UUID, certificate_id: UUID, now: datetime) -> None:
        """Take it back; once more changes nothing. Raises `ShareNotFound`."""
        row = await self._collection.find_one({"_id": share_id})
        if row is None or row["certificate_id"] != certificate_id:
            raise ShareNotFound(_GONE)
        await self._collection.update_one({"_id": share_id, "revoked_at": None}, {"$set": {"revoked_at": now}})

    async def list_of(self, certificate_id: UUID, page: PageRequest) -> tuple[list[Share], str | None]:
        """One page, the newest first, and the cursor of the next."""
        rows, following = await self._page(of_certificate(certificate_id), page, without="token_hash")
        return [_share(row) for row in rows], following

    async def export(self, holder_id: UUID) -> AsyncIterator[Document]:
        """A person's links, as plain values."""
        async for row in self._collection.find(of_holder(holder_id).found()):
            share = _share(row)
            yield {name: str(value) for name, value in asdict(share).items() if value is not None and name not in {"holder_id", "id"}}

    async def forget(self, tx: Transaction, holder_id: UUID) -> None:
        """Every link of a person."""
        await self._collection.delete_many(of_holder(holder_id).found(), session=tx.session)


def by_token(token_hash: bytes) -> Query:
    """The link of a token."""
    return Query({"token_hash": token_hash})


def of_certificate(certificate_id: UUID) -> Query:
    """The links of a certificate, the newest first."""
    return Query({"certificate_id": certificate_id}, "place", DESCENDING)


def of_holder(holder_id: UUID) -> Query:
    """The links of a person."""
    return Query({"holder_id": holder_id})


def _share(row: Document) -> Share:
    return _WHOLE.validate_python({"id": row["_id"], **{name: row[name] for name in Share.__slots__ if name != "id"}})
