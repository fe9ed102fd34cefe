"""Applications in MongoDB: what people wrote is encrypted, what queries need is in clear."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.paging import PageRequest, encode_cursor
from chassis.transaction import Transaction
from services.applications.domain.application import Application, Desk
from services.applications.domain.errors.application import ApplicationNotFound, OpenApplicationExists, StaleApplication
from services.applications.domain.history import HistoryFilter, Row, Sort
from services.applications.domain.rules import Kind
from services.applications.domain.states import State

COLLECTION = "applications"
SCHEMA_VERSION = 1
_PORTION = 200
"""Read at once where all are read."""
_ONE_OPEN = "Такое заявление уже есть: по одному виду и специальности ведётся одно заявление."
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sorts applications that have not ended after all that have."""
_PERSONAL = ("form", "history", "requests", "recommendations", "reasons", "correction_comment")
"""Kept as one encrypted value: they are only ever read together, and opening one costs as much as opening all."""
_CLEAR = tuple(member.name for member in fields(Application) if member.name not in {*_PERSONAL, "id"})
_ROW = tuple(member.name for member in fields(Row) if member.name not in {"id", "claimed_by"})
_WHOLE: TypeAdapter[Application] = TypeAdapter(Application)
_ROWS: TypeAdapter[Row] = TypeAdapter(Row)

_ORDER: dict[Sort, tuple[str, int, type]] = {
    Sort.START: ("created_at", ASCENDING, datetime),
    Sort.START_NEWEST: ("created_at", DESCENDING, datetime),
    Sort.END: ("ends_at", ASCENDING, datetime),
    Sort.END_NEWEST: ("ends_at", DESCENDING, datetime),
    Sort.KIND: ("kind", ASCENDING, str),
    Sort.KIND_REVERSED: ("kind", DESCENDING, str),
}
_INDEXES = (
    IndexModel(
        [("applicant_id", ASCENDING), ("kind", ASCENDING), ("specialty_code", ASCENDING)],
        name="one_open",
        unique=True,
        partialFilterExpression={"is_open": True},
    ),
    IndexModel([("number", ASCENDING)], name="number", unique=True, partialFilterExpression={"number": {"$type": "string"}}),
    IndexModel([("applicant_id", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="own_by_start"),
    IndexModel([("applicant_id", ASCENDING), ("ends_at", DESCENDING), ("_id", DESCENDING)], name="own_by_end"),
    IndexModel([("applicant_id", ASCENDING), ("kind", ASCENDING), ("_id", ASCENDING)], name="own_by_kind"),
    IndexModel([("desk", ASCENDING), ("specialty_code", ASCENDING), ("review_due_at", ASCENDING), ("_id", ASCENDING)], name="review_queue"),
    IndexModel([("desk", ASCENDING), ("approval_due_at", ASCENDING), ("_id", ASCENDING)], name="registry_queue"),
    IndexModel([("claimed_by", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="held"),
    IndexModel([("document_ids", ASCENDING)], name="submitted_by_document", partialFilterExpression={"state": State.SUBMITTED.value}),
    IndexModel(
        [("document_ids", ASCENDING), ("state", ASCENDING)],
        name="asked_by_document",
        partialFilterExpression={"state": State.INFORMATION_REQUESTED.value},
    ),
)
_SCHEMA: Document = {
    "bsonType": "object",
    "required": ["_id", "version", "schema_version", "applicant_id", "kind", "specialty_code", "state", "desk", "is_open", "personal"],
    "properties": {
        "version": {"bsonType": ["int", "long"], "minimum": 1},
        "state": {"enum": [state.value for state in State]},
        "desk": {"enum": [desk.value for desk in Desk]},
        "is_open": {"bsonType": "bool"},
        "personal": {"bsonType": "binData"},
    },
}


class ApplicationRepository:
    """Who asks is part of every query: a stranger's application is not found."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database[COLLECTION]

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES, schema=_SCHEMA)

    async def add(self, tx: Transaction, application: Application) -> None:
        """Store a new one. Raises `OpenApplicationExists`, which also ends the transaction."""
        try:
            await self._collection.insert_one(await self._to_document(application), session=tx.session)
        except DuplicateKeyError:
            raise OpenApplicationExists(_ONE_OPEN) from None

    async def save(self, tx: Transaction, application: Application, *, read: Application) -> None:
        """Replace the version that was read.

        Raises `StaleApplication` if somebody else wrote it since, `OpenApplicationExists` if another took its place meanwhile.
        """
        found = {"_id": read.id, "version": read.version}
        try:
            result = await self._collection.replace_one(found, await self._to_document(application), session=tx.session)
        except DuplicateKeyError:
            raise OpenApplicationExists(_ONE_OPEN) from None
        if result.matched_count == 0:
            raise StaleApplication("Заявление изменилось, пока вы его правили. Откройте его ещё раз.")

    async def remove_drafts(self, tx: Transaction, applicant_id: UUID) -> None:
        """Forget what the person began and never handed in."""
        await self._collection.delete_many({"applicant_id": applicant_id, "number": None}, session=tx.session)

    async def handed_in(self, applicant_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
        """Ids of what the person handed in, in their order, beginning behind `after`."""
        found: Document = {"applicant_id": applicant_id, "number": {"$ne": None}} | ({"_id": {"$gt": after}} if after else {})
        rows = await self._collection.find(found, {"_id": True}).sort("_id", ASCENDING).limit(limit).to_list(limit)
        return [row["_id"] for row in rows]

    async def export(self, applicant_id: UUID) -> AsyncIterator[Document]:
        """Everything the person ever began, the last first, as plain values; one cursor, however much there is."""
        cursor = self._collection.find({"applicant_id": applicant_id}).sort([("created_at", DESCENDING), ("_id", DESCENDING)])
        async for document in cursor.batch_size(_PORTION):
            yield _WHOLE.dump_python(await self._from_document(document), mode="json")

    async def get_own(self, application_id: UUID, applicant_id: UUID, *, tx: Transaction | None = None) -> Application:
        """The applicant's own. Raises `ApplicationNotFound`."""
        return await self._get({"_id": application_id, "applicant_id": applicant_id}, tx)

    async def get_held(self, application_id: UUID, reviewer_id: UUID, *, tx: Transaction | None = None) -> Application:
        """One the reviewer holds. Raises `ApplicationNotFound`."""
        return await self._get({"_id": application_id, "claimed_by": reviewer_id}, tx)

    async def held_by(self, reviewer_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
        """Ids of what the reviewer holds and is to act on, in their order, beginning behind `after`."""
        found: Document = {"claimed_by": reviewer_id, "state": State.UNDER_REVIEW.value} | ({"_id": {"$gt": after}} if after else {})
        rows = await self._collection.find(found, {"_id": True}).sort("_id", ASCENDING).limit(limit).to_list(limit)
        return [row["_id"] for row in rows]

    async def get_for_review(self, application_id: UUID, specialty_codes: frozenset[str], *, tx: Transaction) -> Application:
        """A submitted one of the reviewer's specialties. Raises `ApplicationNotFound`."""
        return await self._get({"_id": application_id, "specialty_code": {"$in": sorted(specialty_codes)}, "number": {"$ne": None}}, tx)

    async def get_for_registrar(self, application_id: UUID, *, tx: Transaction | None = None) -> Application:
        """One that waits for a registrar or was approved by one. Raises `ApplicationNotFound`."""
        shown = [Desk.REGISTRAR.value], [State.APPROVED.value, State.CERTIFIED.value]
        return await self._get({"_id": application_id, "$or": [{"desk": {"$in": shown[0]}}, {"state": {"$in": shown[1]}}]}, tx)

    async def get_any(self, application_id: UUID, *, tx: Transaction | None = None) -> Application:
        """For the system's own work and for moves that check who acts themselves. Raises `ApplicationNotFound`."""
        return await self._get({"_id": application_id}, tx)

    async def find_open(self, applicant_id: UUID, kind: Kind, specialty_code: str) -> Row | None:
        """The open application of that kind and specialty."""
        found = {"applicant_id": applicant_id, "kind": kind.value, "specialty_code": specialty_code, "is_open": True}
        document = await self._collection.find_one(found, {"personal": False})
        return None if document is None else _to_row(document)

    async def submitted_with_document(self, tx: Transaction, document_id: UUID) -> list[Application]:
        """Applications in the automatic stage that hold the document."""
        found = {"document_ids": document_id, "state": State.SUBMITTED.value}
        documents = await self._collection.find(found, session=tx.session).limit(100).to_list(100)
        return [await self._from_document(document) for document in documents]

    async def asked_with_document(self, tx: Transaction, document_id: UUID) -> list[Application]:
        """Applications that wait for their applicant and hold the document."""
        found = {"document_ids": document_id, "state": State.INFORMATION_REQUESTED.value}
        documents = await self._collection.find(found, session=tx.session).limit(100).to_list(100)
        return [await self._from_document(document) for document in documents]

    async def list_own(self, applicant_id: UUID, given: HistoryFilter, page: PageRequest) -> tuple[list[Row], str | None]:
        """One page of a person's applications and the cursor of the next."""
        column, direction, column_type = _ORDER[given.sort]
        found: Document = {"applicant_id": applicant_id}
        started: Document = {}
        if given.started_from:
            started["$gte"] = given.started_from
        if given.started_before:
            started["$lt"] = given.started_before
        if started:
            found["created_at"] = started
        if given.group:
            found["group"] = given.group.value
        return await self._page(found, column, direction, column_type, page)

    async def list_rows(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Row]:
        """The person's applications among these, newest first."""
        found = {"_id": {"$in": application_ids}, "applicant_id": applicant_id}
        documents = await self._collection.find(found, {"personal": False}).to_list(len(application_ids))
        return sorted((_to_row(document) for document in documents), key=lambda row: row.created_at, reverse=True)

    async def list_whole(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Application]:
        """The person's applications among these, in the order of the ids."""
        found = {"_id": {"$in": application_ids}, "applicant_id": applicant_id}
        documents = await self._collection.find(found).limit(len(application_ids)).to_list()
        order = {key: place for place, key in enumerate(application_ids)}
        return [await self._from_document(one) for one in sorted(documents, key=lambda one: order[one["_id"]])]

    async def list_queue(
        self, reviewer_id: UUID, specialty_codes: frozenset[str], workplace_ogrn: str | None, page: PageRequest
    ) -> tuple[list[Row], str | None]:
        """What the reviewer holds or may claim, soonest due first."""
        found: Document = {
            "desk": {"$in": [Desk.REVIEWER.value, Desk.SECOND_REVIEWER.value]},
            "specialty_code": {"$in": sorted(specialty_codes)},
            "claimed_by": {"$in": [None, reviewer_id]},
            "spoken_by": {"$ne": reviewer_id},
            "applicant_id": {"$ne": reviewer_id},
        }
        if workplace_ogrn:
            found["workplace"] = {"$not": await self._cipher.lookup(workplace_ogrn)}
        return await self._page(found, "review_due_at", ASCENDING, datetime, page)

    async def list_registry(self, page: PageRequest) -> tuple[list[Row], str | None]:
        """What waits for a registrar, soonest due first."""
        return await self._page({"desk": Desk.REGISTRAR.value}, "approval_due_at", ASCENDING, datetime, page)

    async def _page(
        self, found: Document, column: str, direction: int, column_type: type, page: PageRequest
    ) -> tuple[list[Row], str | None]:
        after = page.after(column_type, UUID)
        if after is not None:  # the bound on the column lets the index begin at the page, the rest is the tie-break
            beyond, within = ("$gt", "$gte") if direction == ASCENDING else ("$lt", "$lte")
            rest = [{column: {beyond: after[0]}}, {column: after[0], "_id": {beyond: after[1]}}]
            found = {**found, column: {**found.get(column, {}), within: after[0]}, "$or": rest}
        cursor = self._collection.find(found, {"personal": False}).sort([(column, direction), ("_id", direction)])
        documents = await cursor.limit(page.limit + 1).to_list(page.limit + 1)
        rows = documents[: page.limit]
        following = encode_cursor(rows[-1][column], rows[-1]["_id"]) if len(documents) > page.limit else None
        return [_to_row(document) for document in rows], following

    async def _get(self, found: Document, tx: Transaction | None) -> Application:
        document = await self._collection.find_one(found, session=tx.session if tx else None)
        if document is None:
            raise ApplicationNotFound("Такого заявления нет.")
        return await self._from_document(document)

    async def _to_document(self, application: Application) -> Document:
        personal = _WHOLE.dump_python(application, mode="json", include=set(_PERSONAL))
        ogrn = application.form.text_at("/professional/workplace/ogrn")
        encrypted = await self._cipher.encrypt({"personal": personal, "workplace": ogrn or None}, lookup=["workplace"])
        document: Document = {
            "_id": application.id,
            "schema_version": SCHEMA_VERSION,
            **{name: _plain(value) for name, value in _WHOLE.dump_python(application, include=set(_CLEAR)).items()},
            "desk": application.desk.value,
            "group": application.group.value,
            "is_open": application.blocks_another,
            "ends_at": application.ended_at or _NEVER,
            "document_ids": list(application.document_ids),
            "claimed_by": application.claim.reviewer_id if application.claim else None,
            "spoken_by": [opinion.reviewer_id for opinion in application.recommendations],
            "reason_codes": [remark.code for remark in application.reasons],
            "workplace": encrypted["workplace"] if ogrn else None,
            "personal": encrypted["personal"],
        }
        return document

    async def _from_document(self, document: Document) -> Application:
        decrypted = await self._cipher.decrypt({"personal": document["personal"]})
        return _WHOLE.validate_python(
            {"id": document["_id"], **{name: document[name] for name in _CLEAR if name in document}, **decrypted["personal"]}
        )


def _to_row(document: Document) -> Row:
    shown = {name: document.get(name) for name in _ROW}
    return _ROWS.validate_python({"id": document["_id"], "claimed_by": document["claimed_by"], **shown})


def _plain(value: Any) -> Any:
    """BSON has no enums, no tuples and no days without an hour."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value
