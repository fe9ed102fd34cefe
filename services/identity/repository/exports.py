"""Exports of a person's own data, and their pieces, encrypted; both are forgotten when their time is over."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.exports import DataExport, NoSuchExport
from services.identity.repository.encoding import document_of
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(DataExport)


class ExportRepository:
    """Collections `data_exports` and `data_export_pieces`."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _exports(self) -> Collection:
        return self._database["data_exports"]

    @property
    def _pieces(self) -> Collection:
        return self._database["data_export_pieces"]

    async def prepare(self) -> None:
        """Collections and indexes."""
        kept = IndexModel([("expires_at", ASCENDING)], name="kept", expireAfterSeconds=0)
        of_person = IndexModel([("person_id", ASCENDING), ("requested_at", DESCENDING)], name="of_person")
        one_open = IndexModel([("person_id", ASCENDING)], name="one_open", unique=True, partialFilterExpression={"is_open": True})
        owner = IndexModel([("person_id", ASCENDING)], name="owner")
        order = IndexModel([("export_id", ASCENDING), ("service", ASCENDING), ("number", ASCENDING)], name="order", unique=True)
        await prepare_collection(self._database, "data_exports", indexes=[kept, of_person, one_open])
        await prepare_collection(self._database, "data_export_pieces", indexes=[kept, owner, order])

    async def open_of(self, tx: Transaction, person_id: UUID) -> DataExport | None:
        """The one being collected."""
        document = await self._exports.find_one({"person_id": person_id, "is_open": True}, session=tx.session)
        return None if document is None else _read(document)

    async def last_requests(self, tx: Transaction, person_id: UUID, *, limit: int) -> list[datetime]:
        """When the person's last exports were asked for, newest first."""
        found = self._exports.find({"person_id": person_id}, {"requested_at": 1}, session=tx.session)
        documents = await found.sort([("requested_at", DESCENDING)]).limit(limit).to_list(limit)
        return [document["requested_at"] for document in documents]

    async def get(self, tx: Transaction, export_id: UUID, *, person_id: UUID, at: datetime) -> DataExport:
        """The person's export, as long as it lasts. Raises `NoSuchExport`."""
        found = {"_id": export_id, "person_id": person_id, "expires_at": {"$gt": at}}
        document = await self._exports.find_one(found, session=tx.session)
        if document is None:
            raise NoSuchExport("Копия данных не найдена или её срок истёк. Запросите новую.")
        return _read(document)

    async def find(self, tx: Transaction, export_id: UUID) -> DataExport | None:
        """For events; None once it is forgotten."""
        document = await self._exports.find_one({"_id": export_id}, session=tx.session)
        return None if document is None else _read(document)

    async def add(self, tx: Transaction, export: DataExport) -> DataExport:
        """A new one, as stored."""
        await self._exports.insert_one(_document(export), session=tx.session)
        return replace(export, version=export.version + 1)

    async def save(self, tx: Transaction, export: DataExport) -> DataExport:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._exports, tx, export, _document(export))

    async def keep_piece(self, tx: Transaction, export: DataExport, service: str, number: int, content: str) -> None:
        """One piece of a service's part; the same again replaces it."""
        names = {"export_id": export.id, "service": service, "number": number}
        kept = {"person_id": export.person_id, "expires_at": export.expires_at, "schema_version": 1}
        document = names | kept | {"personal": await self._cipher.encrypt({"content": content})}
        await self._pieces.replace_one(names, document, upsert=True, session=tx.session)

    async def pieces(self, export_id: UUID, service: str) -> AsyncIterator[str]:
        """The pieces of a service's part in their order, one at a time in memory."""
        cursor = self._pieces.find({"export_id": export_id, "service": service}).sort([("number", ASCENDING)]).batch_size(2)
        async for document in cursor:
            yield (await self._cipher.decrypt(document["personal"]))["content"]


def _document(export: DataExport) -> Document:
    return document_of(export) | {"is_open": export.ready_at is None}


def _read(document: Document) -> DataExport:
    return _READ.validate_python({**document, "id": document["_id"]})
