"""The store of documents: the only file that knows its Mongo documents, filters and indexes."""

from collections.abc import Collection as Many
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from contracts.documents import DocumentType
from services.documents.domain.documents import Document, FileVersion, State, Twin, Upload
from services.documents.domain.errors import DocumentNotFound, StaleDocument
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.holds import Hold, Told
from services.documents.domain.rules import ALL_TYPES, MediaType

DOCUMENTS = "documents"
HOLDS = "holds"
SCHEMA_VERSION = 1
MAX_HOLDS = 100
"""Applications that can hold one document at once."""

_UPLOAD = "upload"
T = TypeVar("T")

_DOCUMENT_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "owner_id", "document_type", "version", "schema_version", "created_at", "files", "upload", "personal"],
    "properties": {
        "owner_id": {"bsonType": "binData"},
        "document_type": {"bsonType": "string"},
        "version": {"bsonType": ["int", "long"], "minimum": 0},
        "files": {
            "bsonType": "array",
            "items": {
                "bsonType": "object",
                "required": [
                    "number",
                    "upload_id",
                    "object_key",
                    "media_type",
                    "size_bytes",
                    "sha256",
                    "uploaded_by",
                    "received_at",
                    "state",
                ],
                "properties": {"state": {"enum": [state.value for state in State]}, "sha256": {"bsonType": "string"}},
            },
        },
        "personal": {"bsonType": "object", "required": ["file_names"], "properties": {"file_names": {"bsonType": "binData"}}},
    },
}
_HOLD_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "applicant_id", "document_ids", "locked_document_ids", "told", "schema_version"],
}


@dataclass(frozen=True, slots=True)
class DocumentRepository:
    """Documents with their files and the upload in progress. File names are personal and stored encrypted."""

    database: Database
    cipher: FieldCipher

    @property
    def _collection(self) -> Collection:
        return self.database[DOCUMENTS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        newest = [("created_at", DESCENDING), ("_id", DESCENDING)]
        await prepare_collection(
            self.database,
            DOCUMENTS,
            schema=_DOCUMENT_SCHEMA,
            indexes=[
                IndexModel([("owner_id", ASCENDING), *newest], name="owner"),
                IndexModel([("owner_id", ASCENDING), ("document_type", ASCENDING), *newest], name="owner_type"),
                IndexModel([("owner_id", ASCENDING), ("files.sha256", ASCENDING)], name="owner_bytes"),
                IndexModel([("files.object_key", ASCENDING)], name="object_key"),
            ],
        )

    async def add(self, tx: Transaction, document: Document) -> None:
        """Store a new document."""
        await self._collection.insert_one(await self._to_record(document), session=tx.session)

    async def save(self, tx: Transaction, document: Document, *, replacing: Document) -> None:
        """Replace what was read as `replacing`; `StaleDocument` if someone else wrote it since."""
        found = {"_id": document.id, "version": replacing.version}
        result = await self._collection.replace_one(found, await self._to_record(document), session=tx.session)
        if result.matched_count == 0:
            raise StaleDocument.of()

    async def remove(self, tx: Transaction, document: Document) -> None:
        """Forget a document that never got a file."""
        await self._collection.delete_one({"_id": document.id, "version": 0}, session=tx.session)

    async def get(
        self, document_id: UUID, *, owner_id: UUID, types: frozenset[DocumentType] = ALL_TYPES, tx: Transaction | None = None
    ) -> Document:
        """The owner's document of one of these types; a stranger's is `DocumentNotFound`."""
        return await self._one({"_id": document_id, "owner_id": owner_id, **_of_types(types)}, tx)

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget every document of the owner."""
        await self._collection.delete_many({"owner_id": owner_id}, session=tx.session)

    async def get_granted(self, document_id: UUID, *, tx: Transaction | None = None) -> Document:
        """A document whoever owns it: for events, and for readers whose grant was checked. Raises `DocumentNotFound`."""
        return await self._one({"_id": document_id}, tx)

    async def list(
        self, owner_id: UUID, *, types: frozenset[DocumentType], limit: int, after: tuple[datetime, UUID] | None
    ) -> list[Document]:
        """The owner's documents of these types, newest first, after the given moment and id."""
        found: Record = {"owner_id": owner_id, **_of_types(types)}
        if after is not None:
            created_at, document_id = after
            found["$or"] = [{"created_at": {"$lt": created_at}}, {"created_at": created_at, "_id": {"$lt": document_id}}]
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        records = await self._collection.find(found).sort(order).limit(limit).to_list(limit)
        return [await self._from_record(record) for record in records]

    async def count(self, owner_id: UUID, *, limit: int, tx: Transaction) -> int:
        """How many documents the owner has, counted up to `limit`."""
        return int(await self._collection.count_documents({"owner_id": owner_id}, limit=limit, session=tx.session))

    async def find_same_bytes(self, owner_id: UUID, sha256: str, *, tx: Transaction) -> tuple[Document, FileVersion] | None:
        """A file of the owner with these bytes; an intact one first, else the oldest."""
        found = {"owner_id": owner_id, "files.sha256": sha256}
        records = await self._collection.find(found, session=tx.session).sort([("files.sha256", ASCENDING)]).limit(10).to_list(10)
        documents = [await self._from_record(record) for record in records]
        same = [(document, file) for document in documents for file in document.files if file.sha256 == sha256]
        return min(same, key=lambda pair: (pair[1].state is State.REJECTED, pair[1].received_at), default=None)

    async def is_stored_file(self, object_key: str) -> bool:
        """Whether any file lives in this object."""
        return await self._collection.find_one({"files.object_key": object_key}, {"_id": 1}) is not None

    async def _one(self, found: Mapping[str, Any], tx: Transaction | None) -> Document:
        record = await self._collection.find_one(found, session=tx.session if tx else None)
        if record is None:
            raise DocumentNotFound.of()
        return await self._from_record(record)

    async def _to_record(self, document: Document) -> Record:
        names = {str(file.number): file.file_name for file in document.files}
        if document.upload is not None:
            names[_UPLOAD] = document.upload.file_name
        return {
            "_id": document.id,
            "owner_id": document.owner_id,
            "document_type": document.document_type.value,
            "version": document.version,
            "schema_version": SCHEMA_VERSION,
            "created_at": document.created_at,
            "files": [_file_record(file) for file in document.files],
            "upload": _upload_record(document.upload) if document.upload else None,
            "personal": dict(await self.cipher.encrypt({"file_names": names})),
        }

    async def _from_record(self, record: Record) -> Document:
        names: Mapping[str, str] = (await self.cipher.decrypt(record["personal"]))["file_names"]
        upload = record["upload"]
        return Document(
            id=record["_id"],
            owner_id=record["owner_id"],
            document_type=DocumentType(record["document_type"]),
            version=record["version"],
            created_at=record["created_at"],
            files=tuple(_file(file, names[str(file["number"])]) for file in record["files"]),
            upload=None if upload is None else _upload(upload, names[_UPLOAD]),
        )


@dataclass(frozen=True, slots=True)
class HoldRepository:
    """The read model of applications: locks and grants."""

    database: Database

    @property
    def _collection(self) -> Collection:
        return self.database[HOLDS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        locked = IndexModel([("locked_document_ids", ASCENDING)], name="locked")
        held = IndexModel([("document_ids", ASCENDING)], name="held")
        applicant = IndexModel([("applicant_id", ASCENDING)], name="applicant")
        await prepare_collection(self.database, HOLDS, schema=_HOLD_SCHEMA, indexes=[locked, held, applicant])

    async def find(self, application_id: UUID, *, tx: Transaction) -> Hold | None:
        """What is known of an application."""
        record = await self._collection.find_one({"_id": application_id}, session=tx.session)
        return None if record is None else _hold(record)

    async def remove_all(self, tx: Transaction, applicant_id: UUID) -> None:
        """Forget every application of the person."""
        await self._collection.delete_many({"applicant_id": applicant_id}, session=tx.session)

    async def save(self, tx: Transaction, hold: Hold) -> None:
        """Store what is known now."""
        await self._collection.replace_one({"_id": hold.application_id}, _hold_record(hold), upsert=True, session=tx.session)

    async def holding(self, document_id: UUID) -> list[Hold]:
        """Applications that hold the document, locked or not."""
        records = await self._collection.find({"document_ids": document_id}).limit(MAX_HOLDS).to_list(MAX_HOLDS)
        return [_hold(record) for record in records]

    async def locking(self, document_ids: Many[UUID], *, owner_id: UUID, tx: Transaction | None = None) -> dict[UUID, list[UUID]]:
        """Which of the owner's documents are locked, and by which applications of the owner: others' count for nothing."""
        session = tx.session if tx else None
        found = {"locked_document_ids": {"$in": list(document_ids)}, "applicant_id": owner_id}
        limit = MAX_HOLDS * max(1, len(document_ids))
        records = await self._collection.find(found, {"locked_document_ids": 1}, session=session).limit(limit).to_list(limit)
        locks: dict[UUID, list[UUID]] = {}
        for record in records:
            for document_id in set(record["locked_document_ids"]) & set(document_ids):
                locks.setdefault(document_id, []).append(record["_id"])
        return locks


def _of_types(types: frozenset[DocumentType]) -> Record:
    """One type keeps the order of its index; all of them need no condition."""
    match sorted(types):
        case [only]:
            return {"document_type": only.value}
        case some if len(some) < len(ALL_TYPES):
            return {"document_type": {"$in": [one.value for one in some]}}
    return {}


def _file_record(file: FileVersion) -> Record:
    twin = file.twin
    return {
        "number": file.number,
        "upload_id": file.upload_id,
        "object_key": file.object_key,
        "media_type": file.media_type.value,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "uploaded_by": file.uploaded_by,
        "received_at": file.received_at,
        "state": file.state.value,
        "findings": [{"code": finding.code.value, "facts": dict(finding.facts)} for finding in file.findings],
        "checked_at": file.checked_at,
        "twin": None
        if twin is None
        else {"document_id": twin.document_id, "document_type": twin.document_type.value, "file_version": twin.file_version},
    }


def _file(record: Record, file_name: str) -> FileVersion:
    twin = record["twin"]
    return FileVersion(
        number=record["number"],
        upload_id=record["upload_id"],
        object_key=record["object_key"],
        file_name=file_name,
        media_type=MediaType(record["media_type"]),
        size_bytes=record["size_bytes"],
        sha256=record["sha256"],
        uploaded_by=record["uploaded_by"],
        received_at=record["received_at"],
        state=State(record["state"]),
        findings=tuple(Finding(FindingCode(finding["code"]), finding["facts"]) for finding in record["findings"]),
        checked_at=record["checked_at"],
        twin=None if twin is None else Twin(twin["document_id"], DocumentType(twin["document_type"]), twin["file_version"]),
    )


def _upload_record(upload: Upload) -> Record:
    return {
        "id": upload.id,
        "object_key": upload.object_key,
        "media_type": upload.media_type.value,
        "uploaded_by": upload.uploaded_by,
        "started_at": upload.started_at,
    }


def _upload(record: Record, file_name: str) -> Upload:
    return Upload(
        id=record["id"],
        object_key=record["object_key"],
        file_name=file_name,
        media_type=MediaType(record["media_type"]),
        uploaded_by=record["uploaded_by"],
        started_at=record["started_at"],
    )


def _hold_record(hold: Hold) -> Record:
    told = {
        "document_ids": hold.document_ids.version,
        "unlocked_document_ids": hold.unlocked_document_ids.version,
        "is_over": hold.is_over.version,
        "reviewer_id": hold.reviewer_id.version,
        "is_at_registrar": hold.is_at_registrar.version,
    }
    return {
        "_id": hold.application_id,
        "applicant_id": hold.applicant_id,
        "document_ids": list(hold.document_ids.value),
        "unlocked_document_ids": list(hold.unlocked_document_ids.value),
        "locked_document_ids": list(hold.locked_document_ids),
        "is_over": hold.is_over.value,
        "reviewer_id": hold.reviewer_id.value,
        "is_at_registrar": hold.is_at_registrar.value,
        "told": told,
        "schema_version": SCHEMA_VERSION,
    }


def _hold(record: Record) -> Hold:
    told: Mapping[str, int] = record["told"]

    def known(name: str, value: T) -> Told[T]:
        return Told(value, told[name])

    return Hold(
        application_id=record["_id"],
        applicant_id=record["applicant_id"],
        document_ids=known("document_ids", tuple(record["document_ids"])),
        unlocked_document_ids=known("unlocked_document_ids", tuple(record["unlocked_document_ids"])),
        is_over=known("is_over", bool(record["is_over"])),
        reviewer_id=known("reviewer_id", record["reviewer_id"]),
        is_at_registrar=known("is_at_registrar", bool(record["is_at_registrar"])),
    )
