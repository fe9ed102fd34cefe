"""Appeals in MongoDB: what people wrote is encrypted, what queries need is in clear."""

from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from services.applications.domain.appeals import Appeal, AppealRow, AppealState
from services.applications.domain.errors.appeals import AppealExists, AppealNotFound, StaleAppeal
from services.applications.repository.base import SealedRepository
from services.applications.repository.places import Part, Query, place, read, walk

COLLECTION = "appeals"
SCHEMA_VERSION = 1
_PORTION = 200
"""Read at once where all are read."""
_PERSONAL = ("refusal", "points", "statement", "attachments", "history", "decision")
_CLEAR = tuple(member.name for member in fields(Appeal) if member.name not in {*_PERSONAL, "id"})
_ROW = tuple(member.name for member in fields(AppealRow) if member.name not in {"id", "claimed_by"})
_WHOLE: TypeAdapter[Appeal] = TypeAdapter(Appeal)
_ROWS: TypeAdapter[AppealRow] = TypeAdapter(AppealRow)
_INDEXES = (
    IndexModel([("application_id", ASCENDING), ("refused_at", ASCENDING)], name="one_per_refusal", unique=True),
    IndexModel([("number", ASCENDING)], name="number", unique=True),
    IndexModel([("applicant_id", ASCENDING), ("filed_place", ASCENDING)], name="own_filed"),
    IndexModel([("application_number", ASCENDING), ("filed_place", ASCENDING)], name="of_application"),
    IndexModel([("state", ASCENDING), ("due_place", ASCENDING)], name="by_state"),
    IndexModel([("queue", ASCENDING), ("queue_place", ASCENDING)], name="queued", partialFilterExpression={"queue": {"$gt": ""}}),
    IndexModel([("claimed_by", ASCENDING), ("due_place", ASCENDING)], name="held_by"),
)
_SCHEMA: Document = {
    "bsonType": "object",
    "required": ["_id", "version", "schema_version", "application_id", "applicant_id", "state", "due_at", "personal"],
    "properties": {
        "version": {"bsonType": ["int", "long"], "minimum": 1},
        "state": {"enum": [state.value for state in AppealState]},
        "personal": {"bsonType": "binData"},
    },
}


class AppealRepository(SealedRepository):
    """Who asks is part of every query: a stranger's appeal is not found."""

    name = COLLECTION

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES, schema=_SCHEMA)

    async def add(self, tx: Transaction, appeal: Appeal) -> None:
        """Store a new one. Raises `AppealExists`, which also ends the transaction."""
        try:
            await self._collection.insert_one(await self._to_document(appeal), session=tx.session)
        except DuplicateKeyError:
            raise AppealExists("На этот отказ уже подана жалоба.") from None

    async def save(self, tx: Transaction, appeal: Appeal, *, read: Appeal) -> None:
        """Replace the version that was read. Raises `StaleAppeal` if somebody else wrote it since."""
        found = {"_id": read.id, "version": read.version}
        result = await self._collection.replace_one(found, await self._to_document(appeal), session=tx.session)
        if result.matched_count == 0:
            raise StaleAppeal("Жалоба изменилась, пока вы её рассматривали. Откройте её ещё раз.")

    async def get_own(self, appeal_id: UUID, applicant_id: UUID, *, tx: Transaction | None = None) -> Appeal:
        """The applicant's own. Raises `AppealNotFound`."""
        return await self._get(appeal_id, tx, applicant_id=applicant_id)

    async def get_held(self, appeal_id: UUID, reviewer_id: UUID, *, tx: Transaction | None = None) -> Appeal:
        """One the reviewer holds. Raises `AppealNotFound`."""
        return await self._get(appeal_id, tx, claimed_by=reviewer_id)

    async def get_any(self, appeal_id: UUID, *, tx: Transaction | None = None) -> Appeal:
        """For the system's own work, for staff whose readings are logged, and for moves that check who acts. Raises `AppealNotFound`."""
        return await self._get(appeal_id, tx)

    async def list_own(self, applicant_id: UUID, page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """One page of a person's appeals, the newest first."""
        return _shown(await self._page(own(applicant_id), page))

    async def list_of_application(self, application_number: str, page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """One page of the appeals of an application, the newest first."""
        return _shown(await self._page(of_application(application_number), page))

    async def list_in_state(self, state: AppealState, page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """One page of the appeals in a state, soonest due first."""
        return _shown(await self._page(in_state(state), page))

    async def list_queue(self, reviewer_id: UUID, specialty_codes: frozenset[str], page: PageRequest) -> tuple[list[AppealRow], str | None]:
        """What the reviewer holds, then what they may claim, each soonest due first."""

        async def claimable(after: str | None, limit: int) -> Part:
            return await self._claimable(reviewer_id, specialty_codes, after=after, limit=limit)

        return _shown(await self._held_then_free(held(reviewer_id), claimable, page))

    async def claimable(self, reviewer_id: UUID, specialty_codes: frozenset[str], *, limit: int) -> list[UUID]:
        """Ids of what the reviewer may claim, soonest due first."""
        part = await self._claimable(reviewer_id, specialty_codes, after=None, limit=limit)
        return [row["_id"] for row in part.rows]

    async def ids_of(self, applicant_id: UUID) -> AsyncIterator[UUID]:
        """Ids of all the person's appeals."""
        async for row in walk(self._collection, own(applicant_id)):
            yield row["_id"]

    async def export(self, applicant_id: UUID) -> AsyncIterator[Document]:
        """Every appeal of the person, the last first, as plain values but for who works on it; one cursor, however many there are."""
        query = own(applicant_id)
        async for document in self._collection.find(query.found()).sort(query.order).batch_size(_PORTION):
            yield _WHOLE.dump_python(await self._from_document(document), mode="json", exclude={"barred_ids", "claim"})

    async def whole_of_application(self, application_number: str) -> list[Appeal]:
        """The appeals of an application, the last first; one per refusal, so there are few."""
        query = of_application(application_number)
        documents = self._collection.find(query.found()).sort(query.order).limit(_PORTION)
        return [await self._from_document(document) async for document in documents]

    async def of_applications(self, applicant_id: UUID, application_ids: set[UUID]) -> list[AppealRow]:
        """The person's appeals about these applications, the newest first."""
        return [_to_row(row) async for row in walk(self._collection, own(applicant_id)) if row["application_id"] in application_ids]

    async def _claimable(self, reviewer_id: UUID, specialty_codes: frozenset[str], *, after: str | None, limit: int) -> Part:
        if not specialty_codes:
            return Part()

        def may_judge(row: Document) -> bool:
            return row["applicant_id"] != reviewer_id and reviewer_id not in row["barred_ids"]

        queues = [queued(code) for code in sorted(specialty_codes)]
        return await read(self._collection, queues, after=after, limit=limit, suits=may_judge)

    async def _get(self, appeal_id: UUID, tx: Transaction | None, **further: Any) -> Appeal:
        document = await self._collection.find_one({"_id": appeal_id, **further}, session=tx.session if tx else None)
        if document is None:
            raise AppealNotFound("Такой жалобы нет.")
        return await self._from_document(document)

    async def _to_document(self, appeal: Appeal) -> Document:
        personal = _WHOLE.dump_python(appeal, mode="json", include=set(_PERSONAL))
        encrypted = await self._cipher.encrypt({"personal": personal})
        clear = _WHOLE.dump_python(appeal, include=set(_CLEAR))
        due_place = place(appeal.due_at, key=appeal.id)
        is_free = appeal.state is AppealState.REGISTERED
        return {
            "_id": appeal.id,
            "schema_version": SCHEMA_VERSION,
            **clear,
            "kind": appeal.kind.value,
            "state": appeal.state.value,
            "filed_by": {"id": appeal.filed_by.id, "role": str(appeal.filed_by.role)},
            "barred_ids": list(appeal.barred_ids),
            "claimed_by": appeal.claim.reviewer_id if appeal.claim else None,
            "filed_place": place(appeal.filed_at, key=appeal.id),
            "due_place": due_place,
            "queue": appeal.specialty_code if is_free else "",
            "queue_place": due_place if is_free else "",
            "personal": encrypted["personal"],
        }

    async def _from_document(self, document: Document) -> Appeal:
        decrypted = await self._cipher.decrypt({"personal": document["personal"]})
        clear = {name: document[name] for name in _CLEAR if name in document}
        return _WHOLE.validate_python({"id": document["_id"], **clear, **decrypted["personal"]})


def own(applicant_id: UUID) -> Query:
    """A person's appeals, the newest first."""
    return Query({"applicant_id": applicant_id}, "filed_place", DESCENDING)


def of_application(application_number: str) -> Query:
    """The appeals of an application, the newest first."""
    return Query({"application_number": application_number}, "filed_place", DESCENDING)


def in_state(state: AppealState) -> Query:
    """The appeals in a state, soonest due first."""
    return Query({"state": state.value}, "due_place")


def held(reviewer_id: UUID) -> Query:
    """What a reviewer holds, soonest due first."""
    return Query({"claimed_by": reviewer_id}, "due_place")


def queued(specialty_code: str) -> Query:
    """What nobody of the specialty has claimed, soonest due first."""
    return Query({"queue": specialty_code}, "queue_place")


def _shown(page: tuple[list[Document], str | None]) -> tuple[list[AppealRow], str | None]:
    rows, following = page
    return [_to_row(row) for row in rows], following


def _to_row(document: Document) -> AppealRow:
    shown = {name: document.get(name) for name in _ROW}
    return _ROWS.validate_python({"id": document["_id"], "claimed_by": document["claimed_by"], **shown})
