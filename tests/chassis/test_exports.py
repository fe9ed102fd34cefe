import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from chassis.exports import PIECE_BYTES, PIECES_AT_ONCE, ExportAnswer, every, in_portions, pieces
from chassis.testing import FakeBegin
from chassis.transaction import AlreadyHandled
from contracts.identity import DataExportRequested
from contracts.support import SupportExported

NOW = datetime(2026, 4, 14, tzinfo=UTC)


async def those(*records: Any) -> AsyncIterator[Any]:
    for record in records:
        yield record


async def test_records_keep_their_order_over_pieces_of_bounded_size() -> None:
    records = [{"number": number, "text": "я" * 40_000} for number in range(20)]
    made = await pieces(those(*records))
    assert len(made) > 1
    assert all(len(piece.encode()) <= PIECE_BYTES + 1_000 for piece in made)
    assert [record for piece in made for record in json.loads(piece)] == records


async def test_nothing_is_told_as_one_empty_piece() -> None:
    assert await pieces(those()) == ["[]"]


async def test_all_records_are_brought_portion_by_portion() -> None:
    there = list(range(7))

    async def page(last: int | None) -> Sequence[int]:
        return [number for number in there if last is None or number > last][:3]

    assert [number async for number in every(page)] == there


async def test_a_part_goes_out_in_portions_and_is_handled_with_the_last() -> None:
    begin, asked = FakeBegin(), DataExportRequested(occurred_at=NOW, person_id=uuid4(), export_id=uuid4())
    contents = [f"[{number}]" for number in range(2 * PIECES_AT_ONCE + 1)]
    part = tuple(SupportExported.all_of(contents, export_id=asked.export_id, person_id=asked.person_id, at=NOW))
    assert [len(portion) for portion in in_portions(part)] == [PIECES_AT_ONCE, PIECES_AT_ONCE, 1]
    await ExportAnswer(begin).publish(asked, part)
    assert begin.events(SupportExported) == list(part)
    with pytest.raises(AlreadyHandled):
        await ExportAnswer(begin).publish(asked, part[:1])
    assert begin.events(SupportExported) == list(part)
