"""Who verified certificates, by the hour. An asker is one of 256 by a keyed hash: rows are bounded, and nobody's address can be found."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.mongo import ASCENDING, DESCENDING, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.paging import PageRequest
from services.applications.domain.certificates.verification import Outcome, Verification, Way
from services.applications.repository.base import Repository
from services.applications.repository.places import Query, place, walk

COLLECTION = "verifications"
_ASKERS = 1
"""Bytes of the hash that are kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One verification that found a certificate."""

    certificate_id: UUID
    way: Way
    outcome: Outcome
    at: datetime
    address: str | None
    employer_id: UUID | None = None
    purpose: str | None = None
    """Of an employer."""


class VerificationRepository(Repository):
    """One row an hour for each certificate, way, outcome and asker; gone after `keep`."""

    name = COLLECTION

    def __init__(self, database: Database, *, key: bytes, keep: timedelta) -> None:
        super().__init__(database)
        self._key = key
        self._keep = keep

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        indexes = (
            IndexModel([("certificate_id", ASCENDING), ("place", ASCENDING)], name="of_certificate"),
            IndexModel([("first_at", ASCENDING)], name="kept", expireAfterSeconds=int(self._keep.total_seconds())),
        )
        await prepare_collection(self._database, COLLECTION, indexes=indexes)

    async def record(self, asked: Asked) -> None:
        """Count it."""
        named = str(asked.employer_id) if asked.employer_id else asked.address or ""
        asker = hmac.digest(self._key, named.encode(), hashlib.sha256)[:_ASKERS].hex()
        hour = asked.at.replace(minute=0, second=0, microsecond=0)
        employer = {} if asked.employer_id is None else {"employer_id": asked.employer_id, "purpose": asked.purpose}
        row = (asked.certificate_id, hour.isoformat(), asked.way, asked.outcome, asker, *employer.values())
        key = UUID(bytes=hashlib.sha256("\n".join(map(str, row)).encode()).digest()[:16])
        first: Document = {
            "certificate_id": asked.certificate_id,
            "way": asked.way.value,
            "outcome": asked.outcome.value,
            "asker": asker,
            **employer,
            "first_at": asked.at,
            "place": place(asked.at, key=key),
            "schema_version": 1,
        }
        counted: Document = {"$setOnInsert": first, "$max": {"last_at": asked.at}, "$inc": {"times": 1}}
        try:
            await self._collection.update_one({"_id": key}, counted, upsert=True)
        except DuplicateKeyError:  # somebody made the row at the same moment
            await self._collection.update_one({"_id": key}, counted, upsert=True)

    async def export(self, certificate_id: UUID) -> AsyncIterator[Document]:
        """Who verified a certificate, whoever came last first, as plain values."""
        async for row in walk(self._collection, of_certificate(certificate_id)):
            names = ("way", "outcome", "asker", "employer_id", "purpose", "first_at", "last_at", "times")
            yield {name: str(row[name]) for name in names if name in row}

    async def list_of(self, certificate_id: UUID, page: PageRequest) -> tuple[list[Verification], str | None]:
        """One page, whoever came last first, and the cursor of the next."""
        rows, following = await self._page(of_certificate(certificate_id), page)
        found = [
            Verification(
                id=row["_id"],
                certificate_id=row["certificate_id"],
                way=Way(row["way"]),
                outcome=Outcome(row["outcome"]),
                asker=row["asker"],
                first_at=row["first_at"],
                last_at=row["last_at"],
                times=row["times"],
                employer_id=row.get("employer_id"),
                purpose=row.get("purpose"),
            )
            for row in rows
        ]
        return found, following


def of_certificate(certificate_id: UUID) -> Query:
    """The verifications of a certificate by when each first asked in its hour, the last first."""
    return Query({"certificate_id": certificate_id}, "place", DESCENDING)
