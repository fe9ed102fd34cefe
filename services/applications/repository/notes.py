"""Notes of the staff; their words are encrypted and go when the application's applicant is erased."""

from typing import Any
from uuid import UUID

from chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from contracts.roles import Role
from services.applications.domain.notes import Note
from services.applications.repository.base import SealedRepository
from services.applications.repository.places import Query, place

COLLECTION = "notes"
_INDEXES = (IndexModel([("application_id", ASCENDING), ("place", ASCENDING)], name="of_application"),)


class NoteRepository(SealedRepository):
    """Who may read and write is asked of the application before."""

    name = COLLECTION

    async def prepare(self) -> None:
        """Make the collection and its index."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES)

    async def add(self, tx: Transaction, note: Note) -> None:
        """Store a new one."""
        sealed = await self._cipher.encrypt({"text": note.text})
        document: Document = {
            "_id": note.id,
            "schema_version": 1,
            "application_id": note.application_id,
            "author_id": note.author_id,
            "author_role": note.author_role.value,
            "at": note.at,
            "place": place(note.at, key=note.id),
            "text": sealed["text"],
        }
        await self._collection.insert_one(document, session=tx.session)

    async def list_newest(self, application_id: UUID, page: PageRequest) -> tuple[list[Note], str | None]:
        """One page of an application's notes, the newest first."""
        rows, following = await self._page(about(application_id), page)
        return [await self._note(row) for row in rows], following

    async def remove(self, tx: Transaction, application_id: UUID) -> None:
        """Forget all of an application."""
        await self._collection.delete_many(about(application_id).found(), session=tx.session)

    async def _note(self, row: Document) -> Note:
        opened: dict[str, Any] = await self._cipher.decrypt({"text": row["text"]})
        return Note(row["_id"], row["application_id"], row["author_id"], Role(row["author_role"]), row["at"], opened["text"])


def about(application_id: UUID) -> Query:
    """Notes on an application, the newest first."""
    return Query({"application_id": application_id}, "place", DESCENDING)
