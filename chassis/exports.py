"""A person's own data as pieces small enough for a sealed field: all of it, however much there is."""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chassis.transaction import Begin, atomic
from contracts.base import Event

PIECE_BYTES = 256 * 1024
"""Half of what a sealed field may hold; one record larger than that is cut short by nobody and would be refused when sealed."""
PIECES_AT_ONCE = 8
"""In one transaction."""
PORTION = 200
"""Records read at once."""
T = TypeVar("T")


async def every(page: Callable[[T | None], Awaitable[Sequence[T]]]) -> AsyncIterator[T]:
    """All records, portion by portion. `page` brings those behind the given one, the first ones for None; none ends it."""
    last: T | None = None
    while found := await page(last):
        for record in found:
            yield record
        last = found[-1]


async def pieces(records: AsyncIterable[Any]) -> list[str]:
    """JSON arrays that together hold the records in their order; at least one, so that an empty part is told too.

    Between two records everybody else has a turn: opening one takes milliseconds of the processor.
    """
    found: list[list[str]] = [[]]
    size = 0
    async for record in records:
        await asyncio.sleep(0)
        text = json.dumps(record, ensure_ascii=False, default=str)
        length = len(text.encode())
        if found[-1] and size + length > PIECE_BYTES:
            found.append([])
            size = 0
        found[-1].append(text)
        size += length
    return [f"[{','.join(texts)}]" for texts in found]


def in_portions(items: Sequence[T]) -> list[Sequence[T]]:
    """So many as go into one transaction; at least one portion."""
    return [items[first : first + PIECES_AT_ONCE] for first in range(0, len(items), PIECES_AT_ONCE)] or [()]


@dataclass(frozen=True, slots=True)
class ExportAnswer:
    """A service's part on its way. No transaction grows with what is known of a person."""

    begin: Begin

    async def publish(self, asked: Event, part: Sequence[Event]) -> None:
        """All pieces, the last with the note that the request is handled; a crash before it tells them again, which changes nothing."""
        *portions, last = in_portions(part)
        for portion in portions:
            await self._publish(portion, None)
        await self._publish(last, asked)

    @atomic
    async def _publish(self, portion: Sequence[Event], handling: Event | None) -> None:
        async with self.begin(handling=handling, is_last=handling is not None) as tx:
            for piece in portion:
                await tx.publish(piece)
