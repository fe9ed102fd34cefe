"""What came of a refusal: the first application, its corrections and the appeals, as one row in the order of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.applications.domain.appeals import APPEAL_WORDS, AppealRow
from services.applications.domain.history import Row
from services.applications.domain.states import WORDS


@dataclass(frozen=True, slots=True)
class Link:
    """One of the row. `follows_id` is what it corrects or disputes; None for the first."""

    kind: Literal["application", "correction", "appeal"]
    id: UUID
    number: str | None
    status: str
    begun_at: datetime
    ended_at: datetime | None
    follows_id: UUID | None


def family(application_id: UUID, rows: Iterable[Row]) -> list[Row]:
    """The application with everything it corrects and everything that corrects it, among a person's own; empty if it is not there."""
    known = {row.id: row for row in rows}
    if application_id not in known:
        return []
    first = application_id
    seen = {first}
    while (previous := known[first].previous_application_id) in known and previous not in seen:
        first = previous
        seen.add(first)
    related = {first}
    for row in sorted(known.values(), key=lambda one: one.created_at):
        if row.previous_application_id in related:
            related.add(row.id)
    return [row for row in known.values() if row.id in related]


def lineage(applications: Iterable[Row], appeals: Iterable[AppealRow]) -> list[Link]:
    """The row of a family and its appeals."""
    links = [_of_application(row) for row in applications] + [_of_appeal(row) for row in appeals]
    return sorted(links, key=lambda link: link.begun_at)


def _of_application(row: Row) -> Link:
    previous = row.previous_application_id
    kind: Literal["application", "correction"] = "application" if previous is None else "correction"
    return Link(kind, row.id, row.number, WORDS[row.state], row.created_at, row.ended_at, previous)


def _of_appeal(row: AppealRow) -> Link:
    return Link("appeal", row.id, row.number, APPEAL_WORDS[row.state], row.filed_at, row.decided_at, row.application_id)
