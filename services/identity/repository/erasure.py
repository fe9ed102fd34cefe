"""Requests to be erased, what is held of applications, and every row that is a person's own."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.access_watch import keys_of
from services.identity.domain.erasure import Erasure, Hold, NoSuchErasure
from services.identity.repository.encoding import document_of
from services.identity.repository.overwriting import overwrite

_ERASURE = TypeAdapter(Erasure)
_HOLD = TypeAdapter(Hold)
_LISTED = 100
_HOLDS = 1000
"""Applications of one person; more than anybody hands in during a life."""
OWN_ROWS = (
    ("factors", "_id"),
    ("throttles", "_id"),
    ("password_reset_codes", "_id"),
    ("portal_links", "person_id"),
    ("portal_sign_ins", "starter.person_id"),
    ("passkeys", "person_id"),
    ("passkey_ceremonies", "person_id"),
    ("password_resets", "person_id"),
    ("step_ups", "person_id"),
    ("profile_changes", "_id"),
    ("profile_versions", "person_id"),
    ("data_exports", "person_id"),
    ("data_export_pieces", "person_id"),
    ("registrations", "owner_id"),
)
"""Collections whose rows are a person's own, and the field that names the person. What is left out is
named with its reason where the tests compare this with the collections there are."""
WATCH = "access_watch"
"""Its rows are a person's own too; their keys name what is watched as well."""


class ErasureRepository:
    """Collection `erasure_requests`, one open one per person. Holds no personal data, so a request stays after it was carried out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["erasure_requests"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        one_open = IndexModel([("person_id", ASCENDING)], name="one_open", unique=True, partialFilterExpression={"is_open": True})
        newest = IndexModel([("person_id", ASCENDING), ("requested_at", DESCENDING)], name="newest")
        await prepare_collection(self._database, "erasure_requests", indexes=[one_open, newest])

    async def get(self, tx: Transaction, request_id: UUID, *, person_id: UUID | None = None) -> Erasure:
        """The request, of this person if one is named. Raises `NoSuchErasure`."""
        found: Document = {"_id": request_id} | ({} if person_id is None else {"person_id": person_id})
        document = await self._collection.find_one(found, session=tx.session)
        if document is None:
            raise NoSuchErasure("Запрос на удаление данных не найден.")
        return _read(document)

    async def open_of(self, tx: Transaction, person_id: UUID) -> Erasure | None:
        """The person's open request."""
        document = await self._collection.find_one({"person_id": person_id, "is_open": True}, session=tx.session)
        return None if document is None else _read(document)

    async def newest(self, tx: Transaction, person_id: UUID) -> list[Erasure]:
        """The person's last requests, newest first."""
        cursor = self._collection.find({"person_id": person_id}, session=tx.session).sort([("requested_at", DESCENDING)])
        return [_read(document) for document in await cursor.limit(_LISTED).to_list(_LISTED)]

    async def add(self, tx: Transaction, erasure: Erasure) -> Erasure:
        """A new one, as stored."""
        await self._collection.insert_one(_document(erasure), session=tx.session)
        return replace(erasure, version=erasure.version + 1)

    async def save(self, tx: Transaction, erasure: Erasure) -> Erasure:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, erasure, _document(erasure))


class HoldRepository:
    """Collection `legal_holds`: a read model of applications, without anything personal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["legal_holds"]

    async def prepare(self) -> None:
        """Collection and index."""
        of_person = IndexModel([("person_id", ASCENDING)], name="of_person")
        await prepare_collection(self._database, "legal_holds", indexes=[of_person])

    async def keep(self, tx: Transaction, hold: Hold) -> bool:
        """Keep what applications told; False when something newer is known."""
        held = await self._collection.find_one({"_id": hold.id}, {"version": 1}, session=tx.session)
        if held is not None and held["version"] >= hold.version:
            return False
        document = document_of(hold) | {"version": hold.version}
        await self._collection.replace_one({"_id": hold.id}, document, upsert=True, session=tx.session)
        return True

    async def of_person(self, tx: Transaction, person_id: UUID) -> list[Hold]:
        """Everything of the person that was ever handed in."""
        documents = await self._collection.find({"person_id": person_id}, session=tx.session).limit(_HOLDS).to_list(_HOLDS)
        return [_HOLD.validate_python({**document, "id": document["_id"]}) for document in documents]


class OwnRowsRepository:
    """Rows in other collections that go with their person. The access log stays, and so does what holds nothing personal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Nothing to make: the collections are others'."""

    async def remove(self, tx: Transaction, person_id: UUID, *, at: datetime) -> None:
        """Remove them. Sessions end and lose address and device; their bare rows stay a while, to void what access tokens are out."""
        for name, field in OWN_ROWS:
            await self._database[name].delete_many({field: person_id}, session=tx.session)
        await self._database[WATCH].delete_many({"_id": {"$in": list(keys_of(person_id))}}, session=tx.session)
        sessions, owner = self._database["sessions"], {"person_id": person_id}
        ended = {"$set": {"ended_at": at, "ending": "account-closed"}, "$inc": {"version": 1}}
        await sessions.update_many(owner | {"ended_at": None}, ended, session=tx.session)
        await sessions.update_many(owner, {"$set": {"personal": {}}}, session=tx.session)


def _document(erasure: Erasure) -> Document:
    return document_of(erasure) | {"is_open": erasure.is_open}


def _read(document: Document) -> Erasure:
    return _ERASURE.validate_python({**document, "id": document["_id"]})
