"""Rows of applications for exports: one cursor however many there are, and nothing encrypted is read."""

from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from chassis.mongo import Database, portions, timeout
from services.applications.domain.history import HistoryFilter, Row
from services.applications.repository.applications.queries import COLLECTION, own
from services.applications.repository.applications.store import to_row
from services.applications.repository.base import Repository
from services.applications.repository.places import Query, moment

_PORTION = 500
"""Read at once: what an export holds in memory."""
_SHOWN = {"claimed_by": True, **{member.name: True for member in fields(Row) if member.name not in {"id", "claimed_by"}}}


class ExportRepository(Repository):
    """Portions of rows; a cursor is given back when nobody reads on."""

    name = COLLECTION

    def __init__(self, database: Database, *, portion_seconds: float) -> None:
        super().__init__(database)
        self._portion_seconds = portion_seconds

    async def chosen(self, applicant_id: UUID, application_ids: list[UUID]) -> list[Row]:
        """The person's applications among these, newest first."""
        found = {"_id": {"$in": application_ids}, "applicant_id": applicant_id}
        documents = await self._collection.find(found, _SHOWN).to_list(len(application_ids))
        return sorted((to_row(document) for document in documents), key=lambda row: row.created_at, reverse=True)

    async def count_handed_in(self, since: datetime, before: datetime, *, limit: int) -> int:
        """How many were handed in within the window, counted no further than the limit."""
        with timeout(self._portion_seconds):  # so many may take longer than what one asks for usually
            return await self._collection.count_documents(handed_in(since, before).found(), limit=limit)

    def of_person(self, applicant_id: UUID, given: HistoryFilter) -> AsyncIterator[list[Row]]:
        """A person's applications in the order of their list."""
        return self._portions(own(applicant_id, given), lambda row: given.includes(row.created_at))

    def handed_in(self, since: datetime, before: datetime, suits: Callable[[Row], bool]) -> AsyncIterator[list[Row]]:
        """Everybody's, in the order in which they were handed in."""
        return self._portions(handed_in(since, before), suits)

    async def _portions(self, query: Query, suits: Callable[[Row], bool]) -> AsyncIterator[list[Row]]:
        cursor = self._collection.find(query.found(), _SHOWN).sort(query.order).batch_size(_PORTION)
        async for documents in portions(cursor, _PORTION, seconds=self._portion_seconds):
            yield [row for row in map(to_row, documents) if suits(row)]


def handed_in(since: datetime, before: datetime) -> Query:
    """What was handed in within a window, the later end excluded."""
    return Query({}, "handed_in_place", since=moment(since), before=moment(before))
