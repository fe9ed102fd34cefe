"""What every service answers a request for a person's own data with."""

from uuid import UUID

from contracts.base import Count, Event
from contracts.sealed import Sealed


class DataExportPiece(Event):
    """Base: a piece of one service's part, a JSON array of records, small enough to be sealed. `number` counts from 1 to `count`."""

    export_id: UUID
    person_id: UUID
    number: Count
    count: Count
    content: Sealed[str]
