"""Numbers that are never given twice. Taken outside of transactions: a gap is harmless, a wait for each other is not."""

import secrets
from datetime import datetime

from chassis.mongo import Database, DuplicateKeyError, next_in_row, prepare_collection
from services.applications.domain.certificates.status_list import FILLED, LENGTH
from services.applications.domain.numbers import APPEAL_PREFIX, APPLICATION_PREFIX, CERTIFICATE_PREFIX, written

COUNTERS = "number_counters"
RESERVED = "certificate_numbers"
PLACES = "status_list_places"
_SERIALS = 10**8


class NumberRepository:
    """Counts applications per year; draws certificate numbers that cannot be guessed from another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Make the collections."""
        await prepare_collection(self._database, COUNTERS)
        await prepare_collection(self._database, RESERVED)
        await prepare_collection(self._database, PLACES)

    async def next_application_number(self, year: int) -> str:
        """The next number of the year."""
        return written(APPLICATION_PREFIX, year, await next_in_row(self._database[COUNTERS], f"{APPLICATION_PREFIX}-{year}"))

    async def next_appeal_number(self, year: int) -> str:
        """The next number of the year."""
        return written(APPEAL_PREFIX, year, await next_in_row(self._database[COUNTERS], f"{APPEAL_PREFIX}-{year}"))

    async def draw_certificate_number(self, year: int, at: datetime) -> str:
        """A number nobody holds; it is reserved at once."""
        while True:
            number = written(CERTIFICATE_PREFIX, year, secrets.randbelow(_SERIALS))
            try:
                await self._database[RESERVED].insert_one({"_id": number, "reserved_at": at})
            except DuplicateKeyError:
                continue
            return number

    async def draw_place(self, at: datetime) -> tuple[str, int]:
        """A list that is not full and a place nobody has in it; who got the next place cannot be told from it."""
        given = await next_in_row(self._database[COUNTERS], PLACES)
        list_id = str((given - 1) // FILLED + 1)
        while True:
            index = secrets.randbelow(LENGTH)
            try:
                await self._database[PLACES].insert_one({"_id": f"{list_id}/{index}", "given_at": at})
            except DuplicateKeyError:
                continue
            return list_id, index
