"""What repositories share: a collection of their own, its pages, and the cipher of what is personal."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from chassis.encryption import FieldCipher
from chassis.mongo import Collection, Database, Document
from chassis.paging import PageRequest, check_cursor, encode_cursor
from services.applications.repository.places import Part, Query, read

Claimable = Callable[[str | None, int], Awaitable[Part]]
"""What is free behind a place, this many at most."""


class Repository:
    """Of one collection, which `name` names."""

    name: ClassVar[str]

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database[self.name]

    async def _page(
        self, query: Query, page: PageRequest, *, suits: Callable[[Document], bool] = lambda _: True, without: str = "personal"
    ) -> tuple[list[Document], str | None]:
        """One page of a list, and the cursor of the next: it names the order it belongs to, as places of different orders look alike."""
        order, place = page.after(str, str) or (query.sorting, None)
        check_cursor(is_of_this_list=order == query.sorting)
        part = await read(self._collection, [query], after=place, limit=page.limit, suits=suits, without=without)
        return part.rows, None if part.following is None else encode_cursor(query.sorting, part.following)

    async def _held_then_free(self, held: Query, claimable: Claimable, page: PageRequest) -> tuple[list[Document], str | None]:
        """One page of what somebody holds and, behind it, of what they may claim."""
        is_free, place_after = page.after(bool, str) or (False, None)
        rows: list[Document] = []
        if not is_free:
            holding = await read(self._collection, [held], after=place_after, limit=page.limit)
            rows, place_after = holding.rows, None
            if holding.following:
                return rows, encode_cursor(False, holding.following)
            if len(rows) == page.limit:
                return rows, encode_cursor(True, "")
        free = await claimable(place_after, page.limit - len(rows))
        return [*rows, *free.rows], None if free.following is None else encode_cursor(True, free.following)


class SealedRepository(Repository):
    """With columns that only the service can read."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        super().__init__(database)
        self._cipher = cipher
