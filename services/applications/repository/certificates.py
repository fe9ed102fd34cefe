"""Certificates in MongoDB; the holder's name and what registrars wrote are encrypted."""

from collections.abc import AsyncIterator
from collections.abc import Collection as Several
from dataclasses import fields
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from services.applications.domain.certificates import Certificate
from services.applications.domain.errors.certificate import CertificateNotFound, StaleCertificate
from services.applications.domain.grounds import Change
from services.applications.repository.base import SealedRepository
from services.applications.repository.holding import hold
from services.applications.repository.migrations import fill_in, old_rows_index
from services.applications.repository.places import Query, place, walk

COLLECTION = "certificates"
SCHEMA_VERSION = 4
"""2 knows standing and status lists, 3 places, 4 the digest of the file by itself; rows before are issued and never changed."""
_PERSONAL = ("holder_name", "holder_short_name", "standing_changes")
_CLEAR = tuple(member.name for member in fields(Certificate) if member.name not in {*_PERSONAL, "id"})
_INDEXES = (
    IndexModel([("number", ASCENDING)], name="number", unique=True),
    IndexModel([("application_id", ASCENDING)], name="one_per_application", unique=True),
    IndexModel([("holder_id", ASCENDING), ("holder_place", ASCENDING)], name="own"),
    old_rows_index(SCHEMA_VERSION),
    IndexModel([("list_id", ASCENDING), ("standing", ASCENDING)], name="by_list"),
    IndexModel([("file_sha256", ASCENDING)], name="file"),
)
_WHOLE: TypeAdapter[Certificate] = TypeAdapter(Certificate)


class CertificateRepository(SealedRepository):
    """Certificates by number, by application and by file."""

    name = COLLECTION

    async def prepare(self) -> None:
        """Make the collection and its indexes; give places to what was stored before there were any."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES)
        await fill_in(self._collection, SCHEMA_VERSION, _places)

    async def add(self, tx: Transaction, certificate: Certificate) -> None:
        """Store a new one."""
        await self._collection.insert_one(await self._to_document(certificate), session=tx.session)

    async def save(self, tx: Transaction, certificate: Certificate, *, read: Certificate) -> None:
        """Replace the version that was read. Raises `StaleCertificate` if somebody else wrote it since."""
        found = {"_id": read.id, "version": read.version}
        result = await self._collection.replace_one(found, await self._to_document(certificate), session=tx.session)
        if result.matched_count == 0:
            raise StaleCertificate("Сертификат изменился, пока вы его открывали. Откройте его ещё раз.")

    async def find_of_application(self, application_id: UUID, *, tx: Transaction | None = None) -> Certificate | None:
        """The certificate an application ended in."""
        return await self._find(of_application(application_id), tx)

    async def get_issued(self, number: str, *, tx: Transaction | None = None) -> Certificate:
        """An issued one by its number. Raises `CertificateNotFound`."""
        found = await self._find(by_number(number), tx)
        if found is None or not found.is_issued:
            raise CertificateNotFound("Сертификата с таким номером нет. Проверьте номер.")
        return found

    async def find(self, certificate_id: UUID, *, tx: Transaction | None = None) -> Certificate | None:
        """By its id, issued or not."""
        return await self._find(Query({"_id": certificate_id}), tx)

    async def hold(self, tx: Transaction, certificate_id: UUID) -> None:
        """Until the end of the transaction nobody else decides by this certificate."""
        await hold(self._collection, certificate_id, tx)

    async def earlier_than(self, certificate: Certificate) -> AsyncIterator[UUID]:
        """Ids of the holder's certificates of the same specialty that were issued before it."""
        own, specialty_code, issued_at = held_by(certificate.holder_id), certificate.specialty_code, certificate.issued_at
        async for row in walk(self._collection, own):
            if row["specialty_code"] == specialty_code and row["issued_at"] < issued_at:
                yield row["_id"]

    async def export(self, holder_id: UUID) -> AsyncIterator[Document]:
        """Everything that is known of a person's certificates, the last first, as plain values."""
        async for row in walk(self._collection, held_by(holder_id), without="schema_version"):
            yield _WHOLE.dump_python(await self._from_document(row), mode="json")

    async def find_by_file(self, sha256: str) -> Certificate | None:
        """The certificate whose PDF has this digest."""
        return await self._find(by_file(sha256), None)

    async def by_numbers(self, numbers: Several[str]) -> dict[str, Certificate]:
        """The issued ones among some numbers."""
        if not numbers:
            return {}
        rows = await self._collection.find(numbered(numbers).found()).to_list()
        found = [await self._from_document(row) for row in rows]
        return {one.number: one for one in found if one.is_issued}

    async def list_own(self, holder_id: UUID, page: PageRequest) -> tuple[list[Certificate], str | None]:
        """One page of a person's certificates, the newest first, and the cursor of the next."""
        rows, following = await self._page(held_by(holder_id), page, suits=lambda row: row["file"] is not None, without="schema_version")
        return [await self._from_document(row) for row in rows], following

    async def get_own(self, number: str, holder_id: UUID, *, tx: Transaction | None = None) -> Certificate:
        """An issued one of this holder by its number. Raises `CertificateNotFound`."""
        found = await self.get_issued(number, tx=tx)
        if found.holder_id != holder_id:
            raise CertificateNotFound("Сертификата с таким номером нет. Проверьте номер.")
        return found

    async def list_indexes(self, list_id: str, standing: Change) -> tuple[int, ...] | None:
        """Places of a status list whose certificates were last so changed; None when there is no such list."""
        rows = self._collection.find(of_list(list_id, standing).found(), {"list_index": True})
        indexes = tuple(sorted([row["list_index"] async for row in rows]))
        if not indexes and await self._collection.find_one(of_list(list_id).found(), {"_id": True}) is None:
            return None
        return indexes

    async def _to_document(self, certificate: Certificate) -> Document:
        personal = await self._cipher.encrypt({"personal": _WHOLE.dump_python(certificate, mode="json", include=set(_PERSONAL))})
        clear = _WHOLE.dump_python(certificate, include=set(_CLEAR))
        return {
            "_id": certificate.id,
            "schema_version": SCHEMA_VERSION,
            **{name: _plain(value) for name, value in clear.items()},
            "holder_place": place(certificate.issued_at, key=certificate.id),
            "standing": certificate.standing_changes[-1].kind.value if certificate.standing_changes else None,
            "file_sha256": certificate.file.sha256 if certificate.file else None,
            "personal": personal["personal"],
        }

    async def _find(self, query: Query, tx: Transaction | None) -> Certificate | None:
        document = await self._collection.find_one(query.found(), session=tx.session if tx else None)
        return None if document is None else await self._from_document(document)

    async def _from_document(self, document: Document) -> Certificate:
        personal = await self._opened(document)
        return _WHOLE.validate_python({"id": document["_id"], **{name: document.get(name) for name in _CLEAR}, **personal})

    async def _opened(self, document: Document) -> dict[str, Any]:
        if isinstance(document["personal"], dict):  # schema 1 encrypted each name by itself
            return await self._cipher.decrypt(document["personal"])
        opened: dict[str, Any] = (await self._cipher.decrypt({"personal": document["personal"]}))["personal"]
        return opened


async def _places(row: Document) -> Document:
    return {"holder_place": place(row["issued_at"], key=row["_id"]), "file_sha256": row["file"]["sha256"] if row["file"] else None}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def by_file(sha256: str) -> Query:
    """The certificate of a PDF."""
    return Query({"file_sha256": sha256})


def by_number(number: str) -> Query:
    """The certificate of a number."""
    return Query({"number": number})


def numbered(numbers: Several[str]) -> Query:
    """The certificates of some numbers."""
    return Query({"number": {"$in": sorted(numbers)}})


def held_by(holder_id: UUID) -> Query:
    """A person's certificates, the newest first."""
    return Query({"holder_id": holder_id}, "holder_place", DESCENDING)


def of_application(application_id: UUID) -> Query:
    """The certificate an application ended in."""
    return Query({"application_id": application_id})


def of_list(list_id: str, standing: Change | None = None) -> Query:
    """The certificates with a place in a status list; of those last so changed."""
    return Query({"list_id": list_id} if standing is None else {"list_id": list_id, "standing": standing.value})
