"""Places: each list is equalities and one range on one column, so that every page begins inside an index on every store.

A place is a sortable value and the id, as one string: the column is unique, and a cursor is the place of the last row seen.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.mongo import ASCENDING, Collection, Document

_ROUNDS = 5
"""Portions read for one page at most; a page of which much was left out may be shorter than asked for."""
_WALKED = 100
_APART = " "
"""Sorts before whatever a value is made of, so that a value sorts before those that begin with it."""


def place(*parts: datetime | str, key: UUID) -> str:
    """Where a row stands in a list that is sorted by `parts`."""
    return _APART.join([*(moment(part) if isinstance(part, datetime) else part for part in parts), key.hex])


def moment(at: datetime) -> str:
    """A moment that sorts as text, and before every place that begins with it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: columns that equal something and at most one with bounds, by which the answer is sorted."""

    equal: Mapping[str, Any]
    column: str = ""
    direction: int = ASCENDING
    since: str | None = None
    before: str | None = None

    def found(self, after: str | None = None) -> Document:
        """The filter; `after` is the place of the last row seen."""
        lower: Document = {} if self.since is None else {"$gte": self.since}
        upper: Document = {} if self.before is None else {"$lt": self.before}
        if after is not None and self.direction == ASCENDING:
            lower = lower if self.since is not None and self.since > after else {"$gt": after}
        elif after is not None:
            upper = upper if self.before is not None and self.before < after else {"$lt": after}
        bounds = lower | upper
        return {**self.equal, self.column: bounds} if bounds else dict(self.equal)

    @property
    def sorting(self) -> str:
        """The order in a word, for cursors."""
        return self.column if self.direction == ASCENDING else f"-{self.column}"

    @property
    def order(self) -> list[tuple[str, int]]:
        """What to sort by."""
        return [(self.column, self.direction)]


@dataclass(slots=True)
class Part:
    """Rows of a list, and the place to go on from; None at the end."""

    rows: list[Document] = field(default_factory=list)
    following: str | None = None


async def read(
    collection: Collection,
    queries: Sequence[Query],
    *,
    after: str | None,
    limit: int,
    suits: Callable[[Document], bool] = lambda _: True,
    without: str = "personal",
) -> Part:
    """The next rows that suit, of one query or of several over the same column as if they were one.

    What no index can tell is left out here and made up for, within `_ROUNDS` portions.
    """
    part = Part(following=after)
    for _ in range(_ROUNDS):
        portion = await _portion(collection, queries, after=part.following, count=limit + 1, without=without)
        for row in portion:
            if suits(row):
                if len(part.rows) == limit:
                    return part
                part.rows.append(row)
            part.following = row[queries[0].column]
        if len(portion) <= limit:
            part.following = None
            return part
    return part


async def walk(
    collection: Collection, query: Query, *, suits: Callable[[Document], bool] = lambda _: True, without: str = "personal"
) -> AsyncIterator[Document]:
    """Every row, read portion by portion: no cursor is kept open by what is done with each, and that may change the row."""
    after: str | None = None
    while True:
        part = await read(collection, [query], after=after, limit=_WALKED, suits=suits, without=without)
        for row in part.rows:
            yield row
        if part.following is None:
            return
        after = part.following


async def _portion(collection: Collection, queries: Sequence[Query], *, after: str | None, count: int, without: str) -> list[Document]:
    rows: list[Document] = []
    for query in queries:
        cursor = collection.find(query.found(after), {without: False}).sort(query.order).limit(count)
        rows += await cursor.to_list(count)
    column, direction = queries[0].order[0]
    return sorted(rows, key=lambda row: row[column], reverse=direction != ASCENDING)[:count]
