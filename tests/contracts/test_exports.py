"""A person's own data as numbered pieces of one part."""

from datetime import UTC, datetime
from uuid import uuid4

from contracts.support import SupportExported


def test_a_part_is_numbered_pieces_of_one_export_and_moment() -> None:
    export_id, person_id, at = uuid4(), uuid4(), datetime(2026, 4, 14, tzinfo=UTC)
    made = list(SupportExported.all_of(["[1]", "[2]", "[3]"], export_id=export_id, person_id=person_id, at=at))
    assert {type(piece) for piece in made} == {SupportExported}
    assert [(piece.number, piece.count, piece.content) for piece in made] == [(1, 3, "[1]"), (2, 3, "[2]"), (3, 3, "[3]")]
    assert {(piece.export_id, piece.person_id, piece.occurred_at) for piece in made} == {(export_id, person_id, at)}
    assert len({piece.event_id for piece in made}) == len(made)
