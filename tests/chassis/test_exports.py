import json

from chassis.exports import PIECE_BYTES, pieces


def test_records_keep_their_order_over_pieces_of_bounded_size() -> None:
    records = [{"number": number, "text": "я" * 40_000} for number in range(20)]
    made = pieces(records)
    assert len(made) > 1
    assert all(len(piece.encode()) <= PIECE_BYTES + 1_000 for piece in made)
    assert [record for piece in made for record in json.loads(piece)] == records


def test_nothing_is_told_as_one_empty_piece() -> None:
    assert pieces([]) == ["[]"]
