"""Proving that nothing in the access log was changed, removed, reordered or added."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from chassis.transaction import Begin, atomic
from services.identity.domain.access_chain import Anchor, Block, Head
from services.identity.domain.access_proof import Break, BreakKind, Prover, StoredRow, Thing, Witness, stray
from services.identity.repository.access_chain import AccessChainRepository

_ROWS_AT_ONCE = 1500
_AHEAD = 3
"""Portions of rows asked for or waiting while one is proved: the store does not wait for us."""
_AT_STORE = 2
"""Portions the store looks for at once: more would all come at the same moment, and all keep us waiting until then."""
_SPARE = 200
_MOST_ROWS = 40_000
"""Read at once when somebody inserted very many rows at the places of others."""
_STRAYS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been looked at, and what was found since the last one."""

    rows: int
    blocks: int
    all_blocks: int
    day: date | None
    breaks: Sequence[Break]


@dataclass(frozen=True, slots=True)
class _Ending:
    """What the store says of the end of the log when all rows were found."""

    last: int
    head: Head
    strays: Sequence[StoredRow]
    is_all: bool
    """Whether there are as many rows as have a place or wait for one, so that none is at no place unless one of these is missing."""


@dataclass(slots=True)
class _Ahead:
    """Rows on their way from the store, and what comes after them."""

    portions: deque[tuple[list[Block], asyncio.Task[list[bytes]]]] = field(default_factory=deque)
    at_store: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_STORE))
    ending: asyncio.Task[_Ending] | None = None

    def end(self, ending: Coroutine[None, None, _Ending]) -> None:
        """Let it run while the last rows are proved."""
        self.ending = asyncio.create_task(ending)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        for task in (self.ending, *(found for _, found in self.portions)):
            if task is not None:
                task.cancel()


@dataclass(frozen=True, slots=True)
class AuditUseCases:
    """The proof. Memory does not grow with the log."""

    begin: Begin
    chain: AccessChainRepository
    secret: bytes

    @atomic
    async def anchors(self) -> tuple[Head, dict[date, Anchor]]:
        """Where the chain ends, and the ends of its days."""
        async with self.begin() as tx:
            return await self.chain.head(tx), await self.chain.anchors(tx)

    async def verify(
        self, *, from_day: date | None = None, to_day: date | None = None, witnesses: Sequence[Witness] = ()
    ) -> AsyncIterator[Progress]:
        """Look at every block and row of these days, all without days; the last one comes when everything was looked at."""
        head, anchors, last = await self._beginning()
        first, last = await self._numbers(last, from_day, to_day)
        prover = Prover(self.secret, head, anchors, {witness.number: witness for witness in witnesses if not witness.is_final})
        found = [*prover.chain_of_anchors(), *prover.compare(witnesses)]
        is_sound = not found
        yield Progress(0, 0, last - first + 1, None, found)
        if first > 1:
            before = [block async for blocks in self.chain.blocks(first=first - 1, last=first - 1) for block in blocks]
            prover.start_at(first, before[0] if before else None)
        is_whole = from_day is None and to_day is None
        ahead = _Ahead()
        try:
            async for blocks, rows in self._found_ahead(ahead, first, last, is_whole=is_whole):
                found = list(_proven(prover, blocks, rows))
                is_sound = is_sound and not found
                yield Progress(prover.rows, prover.blocks, last - first + 1, blocks[-1].day, found)
            ending = list(prover.end() if is_whole else prover.day_end())
            if ahead.ending is not None:
                ending += await self._beyond(await ahead.ending, is_sound=is_sound)
        finally:
            ahead.cancel()
        yield Progress(prover.rows, prover.blocks, last - first + 1, head.day, ending)

    @atomic
    async def _beginning(self) -> tuple[Head, dict[date, Anchor], int]:
        """Where the chain ends, its anchors and the last block to look at, at one moment; later blocks are left for the next time."""
        async with self.begin() as tx:
            head, anchors = await self.chain.head(tx), await self.chain.anchors(tx)
            return head, anchors, head.number if head.digest else await self.chain.last_number(tx) or 0

    async def _numbers(self, last: int, from_day: date | None, to_day: date | None) -> tuple[int, int]:
        """The first and last block to look at."""
        first = 1
        if from_day is not None:
            first = await self.chain.first_number(from_day) or last + 1
        if to_day is not None:
            after = await self.chain.first_number(to_day + timedelta(days=1))
            last = last if after is None else min(last, after - 1)
        return first, last

    async def _found_ahead(
        self, ahead: _Ahead, first: int, last: int, *, is_whole: bool
    ) -> AsyncIterator[tuple[list[Block], list[StoredRow]]]:
        """Blocks with what is found at their places. The store looks for the next while we open and prove these.

        That is done one thing at a time, because two threads of ours would only wait for each other.
        """
        async for blocks in self.chain.blocks(first=first, last=last):
            for some in _portions(blocks):
                ahead.portions.append((some, asyncio.create_task(self._found(ahead, some))))
                if len(ahead.portions) > _AHEAD:
                    yield await self._next(ahead)
        if is_whole:
            ahead.end(self._ending([found for _, found in ahead.portions]))
        while ahead.portions:
            yield await self._next(ahead)

    async def _next(self, ahead: _Ahead) -> tuple[list[Block], list[StoredRow]]:
        blocks, found = ahead.portions[0]
        rows = await self.chain.opened(await found)
        ahead.portions.popleft()
        return blocks, rows

    async def _found(self, ahead: _Ahead, blocks: Sequence[Block]) -> list[bytes]:
        first, last = blocks[0].first, blocks[-1].last
        limit = last - first + 1 + _SPARE
        async with ahead.at_store:
            while len(found := await self.chain.found(first=first, last=last, limit=limit)) == limit < _MOST_ROWS:
                limit = min(2 * limit, _MOST_ROWS)
        return found

    async def _ending(self, finding: Sequence[asyncio.Task[list[bytes]]]) -> _Ending:
        """Read when all rows were found, while we prove the last of them.

        The count says something only if no new row came while the store counted.
        """
        if finding:
            await asyncio.wait(finding)
        known = await self._known()
        rows = await self.chain.count()
        last, head, strays = await self._end()
        return _Ending(last, head, strays, is_all=rows == known + len(strays) and known == await self._known())

    @atomic
    async def _end(self) -> tuple[int, Head, list[StoredRow]]:
        """The last block, where the chain ends, and the rows behind that, at one moment: the chain moves on meanwhile."""
        async with self.begin() as tx:
            last, head = await self.chain.last_number(tx) or 0, await self.chain.head(tx)
            return last, head, await self.chain.beyond(tx, above=head.place, limit=_STRAYS)

    async def _beyond(self, ending: _Ending, *, is_sound: bool) -> list[Break]:
        """Blocks and rows behind the end of the chain, and rows at no place at all.

        Rows at no place are looked for in all of the collection, which is left out if the log is sound and these are all rows.
        """
        head, strays = ending.head, ending.strays
        if head.digest != head.computed(self.secret):
            return []  # it says nothing about what comes behind it
        if not is_sound or not ending.is_all:
            strays = [*strays, *await self.chain.nowhere(limit=_STRAYS)]
        found = [Break(BreakKind.INSERTED, Thing.BLOCK, None, ending.last)] if ending.last > head.number else []
        return [*found, *(stray(row) for row in strays)]

    @atomic
    async def _known(self) -> int:
        """How many rows have a place or wait for one, at one moment."""
        async with self.begin() as tx:
            return (await self.chain.head(tx)).place + await self.chain.waiting(tx)


def _portions(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Neighbours whose rows are read at once: their places follow on each other."""
    some: list[Block] = []
    count = 0
    for block in blocks:
        if some and (count + block.count > _ROWS_AT_ONCE or block.first != some[-1].last + 1):
            yield some
            some, count = [], 0
        some.append(block)
        count += block.count
    if some:
        yield some


def _proven(prover: Prover, blocks: Sequence[Block], rows: Sequence[StoredRow]) -> Iterator[Break]:
    """Every block with the rows at its places."""
    start = 0
    for number, block in enumerate(blocks):
        end = start
        is_last = number == len(blocks) - 1
        while end < len(rows) and (is_last or _place(rows[end]) <= block.last):
            end += 1
        yield from prover.block(block, rows[start:end])
        start = end


def _place(row: StoredRow) -> float:
    return row.place if isinstance(row.place, int | float) else 0
