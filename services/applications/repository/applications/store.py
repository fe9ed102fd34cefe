"""Applications in MongoDB: what people wrote is encrypted, what queries need is in clear."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import fits
from chassis.mongo import Document, DuplicateKeyError, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from services.applications.domain.application import WORKPLACE, Application, Desk
from services.applications.domain.disclosure import disclosed
from services.applications.domain.errors.application import ApplicationNotFound, OpenApplicationExists, StaleApplication
from services.applications.domain.facts import StaffMember
from services.applications.domain.history import HistoryFilter, Row, Sort
from services.applications.domain.identifiers import digits_of
from services.applications.domain.rules import Kind
from services.applications.domain.states import GROUPS, MOVES, Move, State
from services.applications.repository.applications.queries import (
    COLLECTION,
    FORMER_INDEXES,
    INDEXES,
    REGISTRY,
    SCHEMA_VERSION,
    WORKPLACES,
    held,
    numbered,
    own,
    places,
    queued,
    the_open,
    under_review,
    with_document,
)
from services.applications.repository.base import SealedRepository
from services.applications.repository.marks import marks_of
from services.applications.repository.migrations import fill_in
from services.applications.repository.places import Part, read, walk

_PORTION = 200
"""Read at once where all are read."""
_ONE_OPEN = "Такое заявление уже есть: по одному виду и специальности ведётся одно заявление."
_NOT_FOUND = "Такого заявления нет."
_PERSONAL = ("form", "history", "requests", "recommendations", "checklists", "proposals", "reasons", "refusals", "correction_comment")
"""Kept as one encrypted value: they are only ever read together, and opening one costs as much as opening all."""
_CLEAR = tuple(member.name for member in fields(Application) if member.name not in {*_PERSONAL, "id"})
_ROW = tuple(member.name for member in fields(Row) if member.name not in {"id", "claimed_by"})
_WHOLE: TypeAdapter[Application] = TypeAdapter(Application)
_ROWS: TypeAdapter[Row] = TypeAdapter(Row)

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


class ApplicationRepository(SealedRepository):
    """Who asks is part of every query: a stranger's application is not found."""

    name = COLLECTION

    async def prepare(self) -> None:
        """Make the collection and its indexes; give to what was stored before what it has now."""
        await prepare_collection(self._database, COLLECTION, indexes=INDEXES, schema=_SCHEMA)
        for name in FORMER_INDEXES & set(await self._collection.index_information()):
            await self._collection.drop_index(name)
        await fill_in(self._collection, SCHEMA_VERSION, self._columns)

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
        rows = self._collection.find(own(applicant_id).found(), {"number": True}, session=tx.session)
        drafts = [row["_id"] async for row in rows if row["number"] is None]
        await self._collection.delete_many({"_id": {"$in": drafts}}, session=tx.session)

    async def handed_in(self, applicant_id: UUID) -> AsyncIterator[UUID]:
        """Ids of what the person handed in, in the order it was begun."""
        query = own(applicant_id, HistoryFilter(sort=Sort.START))
        async for row in walk(self._collection, query, suits=lambda row: row["number"] is not None):
            yield row["_id"]

    async def export(self, applicant_id: UUID) -> AsyncIterator[Document]:
        """Everything the person ever began that they may know, the last first, as plain values; one cursor, however much there is."""
        query = own(applicant_id)
        async for document in self._collection.find(query.found()).sort(query.order).batch_size(_PORTION):
            yield _WHOLE.dump_python(disclosed(await self._from_document(document)), mode="json")

    async def get_own(self, application_id: UUID, applicant_id: UUID, *, tx: Transaction | None = None) -> Application:
        """The applicant's own. Raises `ApplicationNotFound`."""
        return await self._get(application_id, tx, applicant_id=applicant_id)

    async def get_held(self, application_id: UUID, reviewer_id: UUID, *, tx: Transaction | None = None) -> Application:
        """One the reviewer holds. Raises `ApplicationNotFound`."""
        return await self._get(application_id, tx, claimed_by=reviewer_id)

    async def held_by(self, reviewer_id: UUID) -> AsyncIterator[UUID]:
        """Ids of what the reviewer holds and is to act on, soonest due first."""
        async for row in walk(self._collection, held(reviewer_id)):
            yield row["_id"]

    async def get_for_review(self, application_id: UUID, specialty_codes: frozenset[str], *, tx: Transaction) -> Application:
        """A submitted one of the reviewer's specialties. Raises `ApplicationNotFound`."""
        return await self._get(application_id, tx, specialty_code={"$in": sorted(specialty_codes)}, number={"$ne": None})

    async def count_held(self, reviewer_id: UUID, *, tx: Transaction | None = None) -> int:
        """How many applications wait for an act of the reviewer."""
        return await self._collection.count_documents(held(reviewer_id).found(), session=tx.session if tx else None)

    async def get_in_review(self, application_id: UUID, *, tx: Transaction | None = None) -> Application:
        """One that reviewers have to judge, claimed or not. Raises `ApplicationNotFound`."""
        desks = {"$in": [Desk.REVIEWER.value, Desk.SECOND_REVIEWER.value]}
        return await self._get(application_id, tx, desk=desks)

    async def get_for_registrar(self, application_id: UUID, *, tx: Transaction | None = None) -> Application:
        """One that waits for a registrar or was approved by one. Raises `ApplicationNotFound`."""
        document = await self._collection.find_one({"_id": application_id}, session=tx.session if tx else None)
        approved = {State.APPROVED.value, State.CERTIFIED.value}
        if document is None or not (document["desk"] == Desk.REGISTRAR.value or document["state"] in approved):
            raise ApplicationNotFound(_NOT_FOUND)
        return await self._from_document(document)

    async def get_seen_by_registrars(self, application_id: UUID, *, tx: Transaction) -> Application:
        """One that stands in a list of registrars, or once came to their desk. Raises `ApplicationNotFound`."""
        document = await self._collection.find_one({"_id": application_id}, session=tx.session)
        listed = {State.UNDER_REVIEW.value, State.APPROVED.value, State.CERTIFIED.value}
        if document is None or not (document["state"] in listed or document.get("approval_due_at")):
            raise ApplicationNotFound(_NOT_FOUND)
        return await self._from_document(document)

    async def get_any(self, application_id: UUID, *, tx: Transaction | None = None) -> Application:
        """For the system's own work and for moves that check who acts themselves. Raises `ApplicationNotFound`."""
        return await self._get(application_id, tx)

    async def find_open(self, applicant_id: UUID, kind: Kind, specialty_code: str) -> Row | None:
        """The open application of that kind and specialty."""
        query = the_open(applicant_id, kind, specialty_code)
        document = await self._collection.find_one(query.found(), {"personal": False})
        return None if document is None else to_row(document)

    async def last_decided(self, tx: Transaction, applicant_id: UUID, kind: Kind, specialty_code: str) -> Row | None:
        """Of that kind and specialty the refusal that stands or the certificate that was issued, whichever came last."""
        found = [await self._last_ended(tx, applicant_id, kind, specialty_code, state) for state in (State.REJECTED, State.CERTIFIED)]
        return max((to_row(one) for one in found if one), key=lambda row: row.ended_at or row.created_at, default=None)

    async def _last_ended(self, tx: Transaction, applicant_id: UUID, kind: Kind, specialty_code: str, state: State) -> Document | None:
        query, wanted = own(applicant_id, HistoryFilter(GROUPS[state], sort=Sort.END_NEWEST)), (kind.value, specialty_code, state.value)
        async for row in self._collection.find(query.found(), {"personal": False}, session=tx.session).sort(query.order):
            if (row["kind"], row["specialty_code"], row["state"]) == wanted:
                return row
        return None

    async def get_numbered(self, number: str, *, applicant_id: UUID | None, tx: Transaction | None = None) -> Application:
        """The application of a number; only the person's own where one is named. Raises `ApplicationNotFound`."""
        document = await self._collection.find_one(numbered(number).found(), session=tx.session if tx else None)
        if document is None or applicant_id not in {None, document["applicant_id"]}:
            raise ApplicationNotFound(_NOT_FOUND)
        return await self._from_document(document)

    async def all_rows(self, applicant_id: UUID) -> AsyncIterator[Row]:
        """Everything the person ever began, the first first."""
        async for document in walk(self._collection, own(applicant_id, HistoryFilter(sort=Sort.START))):
            yield to_row(document)

    async def submitted_with_document(self, tx: Transaction, document_id: UUID) -> list[Application]:
        """Applications in the automatic stage that hold the document."""
        return await self._with_document(tx, document_id, State.SUBMITTED)

    async def asked_with_document(self, tx: Transaction, document_id: UUID) -> list[Application]:
        """Applications that wait for their applicant and hold the document."""
        return await self._with_document(tx, document_id, State.INFORMATION_REQUESTED)

    async def _with_document(self, tx: Transaction, document_id: UUID, state: State) -> list[Application]:
        documents = self._collection.find(with_document(document_id, state).found(), session=tx.session).limit(100)
        return [await self._from_document(document) async for document in documents]

    async def list_own(self, applicant_id: UUID, given: HistoryFilter, page: PageRequest) -> tuple[list[Row], str | None]:
        """One page of a person's applications and the cursor of the next."""
        return _shown(await self._page(own(applicant_id, given), page, suits=lambda row: given.includes(row["created_at"])))

    async def list_whole(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Application]:
        """The person's applications among these, in the order of the ids."""
        found = {"_id": {"$in": application_ids}, "applicant_id": applicant_id}
        documents = await self._collection.find(found).limit(len(application_ids)).to_list()
        order = {key: place for place, key in enumerate(application_ids)}
        return [await self._from_document(one) for one in sorted(documents, key=lambda one: order[one["_id"]])]

    async def list_queue(self, reviewer: StaffMember, page: PageRequest) -> tuple[list[Row], str | None]:
        """What the reviewer holds, then what they may claim, each soonest due first."""

        async def claimable(after: str | None, limit: int) -> Part:
            return await self._claimable(reviewer, after=after, limit=limit)

        return _shown(await self._held_then_free(held(reviewer.id), claimable, page))

    async def list_unasked(self, reviewer: StaffMember, *, limit: int) -> list[Row]:
        """What the reviewer may claim and did not leave before, soonest due first, this many at most."""
        part = await self._claimable(reviewer, after=None, limit=limit, is_unasked=True)
        return [to_row(row) for row in part.rows]

    async def _claimable(self, reviewer: StaffMember, *, after: str | None, limit: int, is_unasked: bool = False) -> Part:
        if not reviewer.specialty_codes:
            return Part()
        working_there = await self._cipher.lookup(reviewer.workplace_ogrn) if reviewer.workplace_ogrn else None

        def may_judge(row: Document) -> bool:
            if is_unasked and reviewer.id in row.get("left_by", ()):
                return False
            is_colleague = working_there is not None and any(fits(working_there, one) for one in _workplaces_in(row))
            return row["applicant_id"] != reviewer.id and reviewer.id not in row["spoken_by"] and not is_colleague

        queues = [queued(code) for code in sorted(reviewer.specialty_codes)]
        return await read(self._collection, queues, after=after, limit=limit, suits=may_judge)

    async def list_in_review(self, page: PageRequest) -> tuple[list[Row], str | None]:
        """What reviewers have to judge, claimed or not, soonest due first."""
        desks = {Desk.REVIEWER.value, Desk.SECOND_REVIEWER.value}
        return _shown(await self._page(under_review(), page, suits=lambda row: row["desk"] in desks))

    async def list_registry(self, page: PageRequest) -> tuple[list[Row], str | None]:
        """What waits for a registrar, soonest due first."""
        return _shown(await self._page(queued(REGISTRY), page))

    async def _get(self, application_id: UUID, tx: Transaction | None, **further: Any) -> Application:
        document = await self._collection.find_one({"_id": application_id, **further}, session=tx.session if tx else None)
        if document is None:
            raise ApplicationNotFound(_NOT_FOUND)
        return await self._from_document(document)

    async def _to_document(self, application: Application) -> Document:
        personal = _WHOLE.dump_python(application, mode="json", include=set(_PERSONAL))
        ogrn = digits_of(application.form.text_at(WORKPLACE))
        later = [{"ogrn": one} for one in sorted(application.workplaces - {ogrn})]
        encrypted, *workplaces = await self._cipher.encrypt_all([{"personal": personal, "ogrn": ogrn or None}, *later], lookup=["ogrn"])
        document: Document = {
            "_id": application.id,
            "schema_version": SCHEMA_VERSION,
            **{name: _plain(value) for name, value in _WHOLE.dump_python(application, include=set(_CLEAR)).items()},
            "desk": application.desk.value,
            "group": application.group.value,
            "is_open": application.blocks_another,
            "document_ids": list(application.document_ids),
            "claimed_by": application.claim.reviewer_id if application.claim else None,
            "spoken_by": sorted(application.spoken_by),
            "reason_codes": [remark.code for remark in application.reasons],
            **marks_of(application),
            "workplace": encrypted["ogrn"] if ogrn else None,
            "later_workplaces": workplaces,  # a list of documents: a list of ciphertexts is one value while keys change
            "personal": encrypted["personal"],
        }
        return document | places(document)

    async def workplaces(self, rows: Sequence[Document]) -> dict[UUID, frozenset[str]]:
        """Where the applicant of each row works, all opened at once; rows hold `WORKPLACES`."""
        sealed = [(row["_id"], one) for row in rows for one in _workplaces_in(row)]
        opened = await self._cipher.decrypt_all([{"ogrn": one} for _, one in sealed])
        found: dict[UUID, set[str]] = {row["_id"]: set() for row in rows}
        for (key, _), one in zip(sealed, opened, strict=True):
            found[key].add(one["ogrn"])
        return {key: frozenset(ogrns) for key, ogrns in found.items()}

    async def _columns(self, row: Document) -> Document:
        """What a stored row lacks; of those that proposals may have changed also what they say."""
        if State(row["state"]) not in MOVES[Move.PROPOSE].ways:
            return places(row)
        document = await self._to_document(await self.get_any(row["_id"]))
        return places(row) | {name: document[name] for name in WORKPLACES}

    async def _from_document(self, document: Document) -> Application:
        decrypted = await self._cipher.decrypt({"personal": document["personal"]})
        return _WHOLE.validate_python(
            {"id": document["_id"], **{name: document[name] for name in _CLEAR if name in document}, **decrypted["personal"]}
        )


def _workplaces_in(row: Document) -> list[Any]:
    """Each encrypted workplace of a row; what an older replica wrote knows the first alone."""
    first = row.get("workplace")
    return [*([] if first is None else [first]), *(one["ogrn"] for one in row.get("later_workplaces", ()))]


def _shown(page: tuple[list[Document], str | None]) -> tuple[list[Row], str | None]:
    rows, following = page
    return [to_row(row) for row in rows], following


def to_row(document: Document) -> Row:
    """What lists show of a stored application."""
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
