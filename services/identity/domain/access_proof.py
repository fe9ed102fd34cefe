"""Proving the access log: blocks and rows are compared with what they were when sealed, and every break is named with its place."""

import hmac
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from services.identity.domain.access_chain import GENESIS, ID_BYTES, Anchor, Block, Head
from services.identity.domain.access_log import row_mac

_NAMED = 1000
"""Missing blocks named one by one; of more the first ones."""


class BreakKind(StrEnum):
    """What was done to the log."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    INSERTED = "inserted"


class Thing(StrEnum):
    """What was hit."""

    ROW = "row"
    BLOCK = "block"
    ANCHOR = "anchor"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Break:
    """One place at which the log is not what was written; None where it has none."""

    kind: BreakKind
    thing: Thing
    day: date | None = None
    block: int | None = None
    place: int | None = None
    row_id: UUID | None = None


class StoredRow(NamedTuple):
    """A row as it was found. `parts` is None when it no longer has the shape of a row."""

    place: object
    id: bytes
    parts: tuple[bytes, ...] | None
    mac: bytes


@dataclass(frozen=True, slots=True)
class Witness:
    """What somebody outside kept of the chain: the digest at a block, or of a whole day."""

    day: date
    number: int
    digest: bytes
    is_final: bool


@dataclass(slots=True)
class Prover:
    """Is given blocks in order with the rows found at their places, and yields breaks. Keeps no more than the last block."""

    secret: bytes
    head: Head
    anchors: Mapping[date, Anchor]
    witnesses: Mapping[int, Witness] = field(default_factory=dict)
    rows: int = 0
    blocks: int = 0
    _last: Block | None = None
    _was_sound: bool = True
    _begin: int = 1
    _is_day_sound: bool = True
    _day_blocks: int = 0
    _day_rows: int = 0

    def start_at(self, number: int, before: Block | None) -> None:
        """Begin with the first block of a day; `before` is the one in front of it, if it is still there."""
        self._begin, self._last = number, before

    def block(self, block: Block, found: Sequence[StoredRow]) -> Iterator[Break]:
        """The next block."""
        expected = self._begin if self._last is None else self._last.number + 1
        breaks = [Break(BreakKind.MISSING, Thing.BLOCK, block.day, number) for number in range(expected, block.number)[:_NAMED]]
        is_new_day = self._last is None or self._last.day != block.day
        if is_new_day and self._last is not None and self.blocks:
            yield from self._day_end(self._last, is_cut=bool(breaks))
        if is_new_day:
            self._day_blocks, self._day_rows, self._is_day_sound = 0, 0, not breaks
        is_sound = hmac.compare_digest(block.digest, block.computed(self.secret))
        if not is_sound or not self._is_as_kept(block) or (block.number == expected and self._was_sound and not self._continues(block)):
            breaks.append(Break(BreakKind.CHANGED, Thing.BLOCK, block.day, block.number))
        yield from breaks
        yield from self._rows_of(block, found)
        self._last, self._was_sound = block, is_sound
        self._is_day_sound = self._is_day_sound and not breaks
        self._day_blocks += 1
        self._day_rows += block.count
        self.blocks += 1

    def end(self) -> Iterator[Break]:
        """After the last block of all."""
        number = 0 if self._last is None else self._last.number
        head = self.head
        if not head.digest:
            if number:
                yield Break(BreakKind.MISSING, Thing.HEAD, None, number)
        elif not hmac.compare_digest(head.digest, head.computed(self.secret)):
            yield Break(BreakKind.CHANGED, Thing.HEAD, head.day, head.number)
        elif number < head.number:
            yield Break(BreakKind.TRUNCATED, Thing.BLOCK, head.day, number + 1)
        elif self._last is not None and head.is_anchored:
            yield from self._day_end(self._last, is_cut=False)
        elif self._last is not None and self._was_sound and (head.place, head.previous) != (self._last.last, self._last.digest):
            yield Break(BreakKind.CHANGED, Thing.HEAD, head.day, head.number)

    def day_end(self) -> Iterator[Break]:
        """After the last block of a day, when no later day is looked at."""
        if self._last is not None and self.blocks and (self._last.day != self.head.day or self.head.is_anchored):
            yield from self._day_end(self._last, is_cut=False)

    def chain_of_anchors(self) -> Iterator[Break]:
        """Every anchor by itself and as the next of the one before."""
        previous, was_sound = GENESIS, True
        for day in sorted(self.anchors):
            anchor = self.anchors[day]
            is_sound = hmac.compare_digest(anchor.digest, anchor.computed(self.secret))
            if not is_sound:
                yield Break(BreakKind.CHANGED, Thing.ANCHOR, day, anchor.last_number)
            elif was_sound and anchor.previous != previous:
                yield Break(BreakKind.MISSING, Thing.ANCHOR, day, anchor.last_number - anchor.blocks)
            previous, was_sound = anchor.digest, is_sound
        if was_sound and self.head.digest and previous != self.head.anchor:
            yield Break(BreakKind.TRUNCATED, Thing.ANCHOR, self.head.day, self.head.number)

    def compare(self, witnesses: Sequence[Witness]) -> Iterator[Break]:
        """What somebody kept, against the anchors and the end of the chain."""
        for witness in witnesses:
            if witness.is_final:
                anchor = self.anchors.get(witness.day)
                if anchor is None:
                    yield Break(BreakKind.TRUNCATED, Thing.ANCHOR, witness.day, witness.number)
                elif not hmac.compare_digest(anchor.digest, witness.digest):
                    yield Break(BreakKind.CHANGED, Thing.ANCHOR, witness.day, witness.number)
            elif witness.number > self.head.number:
                yield Break(BreakKind.TRUNCATED, Thing.BLOCK, witness.day, witness.number)

    def _continues(self, block: Block) -> bool:
        """Whether it follows on what came before, in numbers and digests."""
        if self._last is None:
            return self._begin > 1 or (block.previous == GENESIS and block.first == 1)
        if block.first != self._last.last + 1 or block.day < self._last.day:
            return False
        if block.day == self._last.day:
            return block.previous == self._last.digest
        anchor = self.anchors.get(self._last.day)
        return anchor is None or block.previous == anchor.digest or anchor.digest != anchor.computed(self.secret)

    def _is_as_kept(self, block: Block) -> bool:
        witness = self.witnesses.get(block.number)
        return witness is None or hmac.compare_digest(witness.digest, block.digest)

    def _day_end(self, last: Block, *, is_cut: bool) -> Iterator[Break]:
        """The anchor against the blocks; where blocks are broken already, the anchor only confirms it."""
        anchor = self.anchors.get(last.day)
        if anchor is None:
            yield Break(BreakKind.MISSING, Thing.ANCHOR, last.day, last.number)
        elif self._is_day_sound and self._was_sound and not is_cut:
            seen = (self._day_blocks, self._day_rows, last.number, last.last, last.digest)
            if seen != (anchor.blocks, anchor.rows, anchor.last_number, anchor.last_place, anchor.last_digest):
                yield Break(BreakKind.CHANGED, Thing.ANCHOR, last.day, anchor.last_number)

    def _rows_of(self, block: Block, found: Sequence[StoredRow]) -> Iterator[Break]:
        self.rows += block.count
        if len(found) == block.count and self._all_as_sealed(block, found):
            return
        at_place: dict[object, list[StoredRow]] = defaultdict(list)
        plain = [row._replace(id=bytes(row.id)) for row in found]  # the store's own type of bytes equals no other
        for row in plain:
            at_place[row.place if isinstance(row.place, int) else None].append(row)
        known = {block.row(index)[0] for index in range(block.count)}
        present = {row.id for row in plain}
        for index in range(block.count):
            rows = at_place.pop(block.first + index, [])
            yield from self._row(block, index, rows, is_present=block.row(index)[0] in present)
        for row in (row for rows in at_place.values() for row in rows if row.id not in known):
            yield _of_row(self._kind(row), block, row.place, row.id)

    def _all_as_sealed(self, block: Block, found: Sequence[StoredRow]) -> bool:
        """The way nearly every block goes: one comparison for all."""
        secret = self.secret
        if any(row.parts is None or row.place != place or not isinstance(row.place, int) for place, row in enumerate(found, block.first)):
            return False
        ids = b"".join([row.id for row in found])
        macs = b"".join([row_mac(row.parts, secret) for row in found if row.parts is not None])
        return ids == block.ids and macs == block.macs and macs == b"".join([row.mac for row in found])

    def _row(self, block: Block, index: int, rows: list[StoredRow], *, is_present: bool) -> Iterator[Break]:
        """What is found at one place. Another row that was written once is there instead of its own, or too many."""
        row_id, mac = block.row(index)
        place = block.first + index
        others = [row for row in rows if row.id != row_id]
        own = next((row for row in rows if row.id == row_id), None)
        if own is None:
            moved = next((row for row in others if self._kind(row) is BreakKind.REORDERED), None)
            yield _of_row(BreakKind.REORDERED if is_present or moved else BreakKind.MISSING, block, place, row_id)
            others = [row for row in others if row is not moved]
        elif not (hmac.compare_digest(self._mac(own), mac) and hmac.compare_digest(own.mac, mac)):
            yield _of_row(BreakKind.CHANGED, block, place, row_id)
        for row in others:
            yield _of_row(self._kind(row), block, place, row.id)

    def _mac(self, row: StoredRow) -> bytes:
        return b"" if row.parts is None else row_mac(row.parts, self.secret)

    def _kind(self, row: StoredRow) -> BreakKind:
        """What a row is that is not at its place: one of ours that was moved, or somebody else's."""
        return BreakKind.REORDERED if row.parts is not None and hmac.compare_digest(self._mac(row), row.mac) else BreakKind.INSERTED


def stray(row: StoredRow) -> Break:
    """A row at a place no row can have."""
    return _named(BreakKind.INSERTED, row.id, row.place)


def _of_row(kind: BreakKind, block: Block, place: object, row_id: bytes) -> Break:
    return _named(kind, row_id, place, block)


def _named(kind: BreakKind, row_id: bytes, place: object, block: Block | None = None) -> Break:
    identifier = UUID(bytes=bytes(row_id)) if len(row_id) == ID_BYTES else None
    number = place if isinstance(place, int) else None
    if block is None:
        return Break(kind, Thing.ROW, place=number, row_id=identifier)
    return Break(kind, Thing.ROW, block.day, block.number, number, identifier)
