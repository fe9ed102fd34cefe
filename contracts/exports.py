"""What every service answers a request for a person's own data with."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from contracts.base import Count, Event
from contracts.sealed import Sealed


class DataExportPiece(Event):
    """Base: a piece of one service's part, a JSON array of records, small enough to be sealed. `number` counts from 1 to `count`."""

    about: ClassVar[str | None] = "person_id"
    export_id: UUID
    person_id: UUID
    number: Count
    count: Count
    content: Sealed[str]

    @classmethod
    def all_of(cls, contents: Sequence[str], *, export_id: UUID, person_id: UUID, at: datetime) -> Iterator[Self]:
        """One service's whole part: a piece for each content, numbered in their order."""
        for number, content in enumerate(contents, 1):
            yield cls(occurred_at=at, export_id=export_id, person_id=person_id, number=number, count=len(contents), content=content)
