"""Certificates in MongoDB; the holder's name and what registrars wrote are encrypted."""

from dataclasses import fields
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.applications.domain.certificates import Certificate
from services.applications.domain.errors.certificate import CertificateNotFound, StaleCertificate
from services.applications.repository.places import Query

COLLECTION = "certificates"
SCHEMA_VERSION = 2
"""2 knows standing and status lists; what was stored before has neither and reads as issued and never changed."""
_PERSONAL = ("holder_name", "holder_short_name", "standing_changes")
_CLEAR = tuple(member.name for member in fields(Certificate) if member.name not in {*_PERSONAL, "id"})
_INDEXES = (
    IndexModel([("number", ASCENDING)], name="number", unique=True),
    IndexModel([("application_id", ASCENDING)], name="one_per_application", unique=True),
    IndexModel([("file.sha256", ASCENDING)], name="by_file", partialFilterExpression={"file.sha256": {"$type": "string"}}),
)
_WHOLE: TypeAdapter[Certificate] = TypeAdapter(Certificate)


class CertificateRepository:
    """Certificates by number, by application and by file."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database[COLLECTION]

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES)

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

    async def _to_document(self, certificate: Certificate) -> Document:
        personal = await self._cipher.encrypt({"personal": _WHOLE.dump_python(certificate, mode="json", include=set(_PERSONAL))})
        clear = _WHOLE.dump_python(certificate, include=set(_CLEAR))
        return {
            "_id": certificate.id,
            "schema_version": SCHEMA_VERSION,
            **{name: _plain(value) for name, value in clear.items()},
            "personal": personal["personal"],
        }

    async def _find(self, query: Query, tx: Transaction | None) -> Certificate | None:
        document = await self._collection.find_one(query.found(), session=tx.session if tx else None)
        if document is None:
            return None
        personal = await self._opened(document)
        return _WHOLE.validate_python({"id": document["_id"], **{name: document.get(name) for name in _CLEAR}, **personal})

    async def _opened(self, document: Document) -> dict[str, Any]:
        if isinstance(document["personal"], dict):  # schema 1 encrypted each name by itself
            return await self._cipher.decrypt(document["personal"])
        opened: dict[str, Any] = (await self._cipher.decrypt({"personal": document["personal"]}))["personal"]
        return opened


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def by_number(number: str) -> Query:
    """The certificate of a number."""
    return Query({"number": number})


def of_application(application_id: UUID) -> Query:
    """The certificate an application ended in."""
    return Query({"application_id": application_id})
