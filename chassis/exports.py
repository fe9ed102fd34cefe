"""A person's own data as pieces small enough for a sealed field."""

import json
from collections.abc import Iterable
from typing import Any

PIECE_BYTES = 256 * 1024
"""Half of what a sealed field may hold; one record larger than that is cut short by nobody and would be refused when sealed."""


def pieces(records: Iterable[Any]) -> list[str]:
    """JSON arrays that together hold the records in their order; at least one, so that an empty part is told too."""
    found: list[list[str]] = [[]]
    size = 0
    for record in records:
        text = json.dumps(record, ensure_ascii=False, default=str)
        length = len(text.encode())
        if found[-1] and size + length > PIECE_BYTES:
            found.append([])
            size = 0
        found[-1].append(text)
        size += length
    return [f"[{','.join(texts)}]" for texts in found]
