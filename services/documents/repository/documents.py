"""Documents with their files: the only file that knows these Mongo documents, filters and indexes."""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from contracts.documents import DocumentType
from services.documents.domain.documents import Document, FileVersion, State, Twin, Upload, document_of
from services.documents.domain.errors import DocumentNotFound, StaleDocument
from services.documents.domain.findings import FindingCode
from services.documents.domain.rules import ALL_TYPES, MediaType
from services.documents.domain.sweeps import KeptFile
from services.documents.repository.findings import finding_of, finding_record

DOCUMENTS = "documents"
SCHEMA_VERSION = 1

_UPLOAD = "upload"

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

    async def discard(self, tx: Transaction, document: Document) -> None:
        """Forget a document with its files; `StaleDocument` if someone else wrote it since."""
        result = await self._collection.delete_one({"_id": document.id, "version": document.version}, session=tx.session)
        if result.deleted_count == 0:
            raise StaleDocument.of()

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

    async def kept_files(self, after: UUID | None, limit: int) -> tuple[Sequence[KeptFile], UUID | None]:
        """The files of so many documents behind the given one, in the order of ids, and the last document; None when there are no more."""
        found: Record = {} if after is None else {"_id": {"$gt": after}}
        wanted = {f"files.{name}": 1 for name in ("number", "object_key", "size_bytes", "sha256", "findings.code")}
        records = await self._collection.find(found, wanted).sort([("_id", ASCENDING)]).limit(limit).to_list(limit)
        files = [_kept_file(record["_id"], file) for record in records for file in record.get("files", ())]
        return files, records[-1]["_id"] if len(records) == limit else None

    async def known_keys(self, object_keys: Many[str]) -> set[str]:
        """Those of the objects that are a file's or an upload's under way.

        Uploads are looked for first: one that becomes a file meanwhile is found as that.
        """
        keys = list(object_keys)
        document_ids = {document_id for key in keys if (document_id := document_of(key)) is not None}
        uploads = self._collection.find({"_id": {"$in": list(document_ids)}, "upload": {"$ne": None}}, {"upload.object_key": 1})
        known = {record["upload"]["object_key"] async for record in uploads}
        files = self._collection.find({"files.object_key": {"$in": keys}}, {"files.object_key": 1})
        known |= {file["object_key"] async for record in files for file in record["files"]}
        return known & set(keys)

    async def ids_with_object(self, object_key: str) -> Sequence[UUID]:
        """The documents that have a file in this object: an owner keeps the same bytes once."""
        records = self._collection.find({"files.object_key": object_key}, {"_id": 1})
        return [record["_id"] async for record in records]

    async def estimated_count(self) -> int:
        """About how many documents there are."""
        return int(await self._collection.estimated_document_count())

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


def _kept_file(document_id: UUID, file: Record) -> KeptFile:
    codes = {finding["code"] for finding in file.get("findings", ())}
    return KeptFile(
        document_id=document_id,
        file_version=file["number"],
        object_key=file["object_key"],
        size_bytes=file["size_bytes"],
        sha256=file["sha256"],
        is_infected=FindingCode.FILE_INFECTED.value in codes,
    )


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
        "findings": [finding_record(finding) for finding in file.findings],
        "warnings": [finding_record(finding) for finding in file.warnings],
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
        findings=tuple(finding_of(finding) for finding in record["findings"]),
        warnings=tuple(finding_of(finding) for finding in record.get("warnings", ())),
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
