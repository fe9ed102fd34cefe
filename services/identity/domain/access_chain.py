"""The order of the access log: rows are sealed into blocks, the blocks of a day form a chain, a day ends with an anchor.

A row belongs to the day it was sealed on, and days never go back: a clock that is moved changes what rows say, not the chain.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

GENESIS = bytes(32)
ID_BYTES = 16
MAC_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Rows in their order: ids and digests one after another. `previous` is the digest of the block before, or of the last anchor."""

    number: int
    day: date
    first: int
    ids: bytes
    macs: bytes
    previous: bytes
    digest: bytes = b""

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.macs) // MAC_BYTES

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + self.count - 1

    def row(self, index: int) -> tuple[bytes, bytes]:
        """Id and digest of the row at an index from 0."""
        return self.ids[index * ID_BYTES : (index + 1) * ID_BYTES], self.macs[index * MAC_BYTES : (index + 1) * MAC_BYTES]

    def computed(self, secret: bytes) -> bytes:
        """The digest it should have."""
        return _digest(secret, "block", self.number, self.day, self.first, self.previous, self.ids, self.macs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The end of a day: how much there was, and where its chain ended. `previous` is the anchor before."""

    day: date
    blocks: int
    rows: int
    last_number: int
    last_place: int
    last_digest: bytes
    previous: bytes
    digest: bytes = b""

    def computed(self, secret: bytes) -> bytes:
        """The digest it should have."""
        counts = (self.blocks, self.rows, self.last_number, self.last_place)
        return _digest(secret, "anchor", self.day, *counts, self.last_digest, self.previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends now. `previous` is what the next block continues: the last block, or the anchor of its day."""

    day: date = date.min
    number: int = 0
    place: int = 0
    day_blocks: int = 0
    day_rows: int = 0
    previous: bytes = GENESIS
    anchor: bytes = GENESIS
    is_anchored: bool = True
    digest: bytes = b""

    def computed(self, secret: bytes) -> bytes:
        """The digest it should have."""
        counts = (self.number, self.place, self.day_blocks, self.day_rows, int(self.is_anchored))
        return _digest(secret, "head", self.day, *counts, self.previous, self.anchor)

    def is_day_over(self, today: date) -> bool:
        """Whether its day waits for the anchor."""
        return not self.is_anchored and today > self.day

    def sealed(self, rows: Sequence[tuple[bytes, bytes]], today: date, secret: bytes) -> "tuple[Block, Head]":
        """The rows (id, digest) as the next block, and the head after it. The day must not be over."""
        day = max(today, self.day + timedelta(days=1) if self.is_anchored and self.number else self.day)
        is_first = self.is_anchored
        block = Block(
            number=self.number + 1,
            day=day,
            first=self.place + 1,
            ids=b"".join(row_id for row_id, _ in rows),
            macs=b"".join(mac for _, mac in rows),
            previous=self.previous,
        )
        block = replace(block, digest=block.computed(secret))
        head = replace(
            self,
            day=day,
            number=block.number,
            place=block.last,
            day_blocks=1 if is_first else self.day_blocks + 1,
            day_rows=block.count if is_first else self.day_rows + block.count,
            previous=block.digest,
            is_anchored=False,
        )
        return block, replace(head, digest=head.computed(secret))

    def anchored(self, secret: bytes) -> "tuple[Anchor, Head]":
        """The anchor of its day, and the head after it."""
        anchor = Anchor(
            day=self.day,
            blocks=self.day_blocks,
            rows=self.day_rows,
            last_number=self.number,
            last_place=self.place,
            last_digest=self.previous,
            previous=self.anchor,
        )
        anchor = replace(anchor, digest=anchor.computed(secret))
        head = replace(self, previous=anchor.digest, anchor=anchor.digest, is_anchored=True)
        return anchor, replace(head, digest=head.computed(secret))


def _digest(secret: bytes, kind: str, *values: object) -> bytes:
    """Keyed; every value with its length, so that nothing can move from one into the next."""
    parts = [kind.encode(), *(value if isinstance(value, bytes) else str(value).encode() for value in values)]
    return hmac.digest(secret, b"".join(len(part).to_bytes(4, "big") + part for part in parts), hashlib.sha256)
