"""What a service tells for the export of a person's own data, and rows enough that a limit would show."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from contracts.exports import DataExportPiece
from contracts.identity import DataExportRequested
from tests.support.components import Component
from tests.support.waiting import eventually


async def multiply(service: Component, name: str, found: dict[str, Any], times: int, **changes: Callable[[int], Any]) -> None:
    """Add copies of the one row there is, each with an id of its own and with these fields counted from 1."""
    rows = service.database[name]
    row = await rows.find_one(found)
    assert row is not None
    changes = {"_id": lambda _: uuid4()} | changes
    await rows.insert_many([row | {field: change(number) for field, change in changes.items()} for number in range(1, times + 1)])


async def exported(service: Component, part: type[DataExportPiece], person_id: UUID) -> list[dict[str, Any]]:
    """The records of the service's part, asked for and complete."""
    asked = DataExportRequested(occurred_at=datetime.now(UTC), person_id=person_id, export_id=uuid4())
    await service.publish(asked)

    async def complete() -> list[DataExportPiece] | None:
        found = [piece for piece in service.tap.all(part) if piece.export_id == asked.export_id]
        return found if found and len(found) == found[0].count else None

    told = await eventually(complete, timeout=30)
    assert {piece.person_id for piece in told} == {person_id}
    return [record for piece in sorted(told, key=lambda piece: piece.number) for record in json.loads(piece.content)]
