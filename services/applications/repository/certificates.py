"""Certificates in MongoDB; the holder's name is encrypted."""

from dataclasses import asdict
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.applications.domain.certificate import Certificate
from services.applications.domain.errors.certificate import CertificateNotFound

COLLECTION = "certificates"
_PERSONAL = ("holder_name", "holder_short_name")
_INDEXES = (
    IndexModel([("number", ASCENDING)], name="number", unique=True),
    IndexModel([("application_id", ASCENDING)], name="one_per_application", unique=True),
)
_WHOLE: TypeAdapter[Certificate] = TypeAdapter(Certificate)


class CertificateRepository:
    """Certificates by number and by application."""

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
        await self._collection.insert_one(await self._to_document(certificate, version=1), session=tx.session)

    async def save_anonymised(self, tx: Transaction, certificate: Certificate) -> None:
        """Replace what was stored of its holder."""
        await self._collection.replace_one({"_id": certificate.id}, await self._to_document(certificate, version=3), session=tx.session)

    async def find_of_application(self, application_id: UUID, *, tx: Transaction | None = None) -> Certificate | None:
        """The certificate an application ended in."""
        return await self._find({"application_id": application_id}, tx)

    async def set_file(self, tx: Transaction, certificate: Certificate) -> None:
        """The PDF is stored: from now on the certificate can be verified."""
        file = asdict(certificate.file) if certificate.file else None
        await self._collection.update_one({"_id": certificate.id}, {"$set": {"file": file, "version": 2}}, session=tx.session)

    async def get_issued(self, number: str) -> Certificate:
        """An issued one by its number. Raises `CertificateNotFound`."""
        found = await self._find({"number": number}, None)
        if found is None or not found.is_issued:
            raise CertificateNotFound("Сертификата с таким номером нет. Проверьте номер.")
        return found

    async def _to_document(self, certificate: Certificate, *, version: int) -> Document:
        clear = {name: value for name, value in asdict(certificate).items() if name not in {*_PERSONAL, "id"}}
        personal = await self._cipher.encrypt({name: getattr(certificate, name) for name in _PERSONAL})
        return {
            "_id": certificate.id,
            "version": version,
            "schema_version": 1,
            **clear,
            "kind": certificate.kind.value,
            "personal": personal,
        }

    async def _find(self, wanted: dict[str, object], tx: Transaction | None) -> Certificate | None:
        document = await self._collection.find_one(wanted, session=tx.session if tx else None)
        if document is None:
            return None
        personal = await self._cipher.decrypt(document.pop("personal"))
        clear = {name: value for name, value in document.items() if name not in {"_id", "version", "schema_version"}}
        return _WHOLE.validate_python({"id": document["_id"], **clear, **personal})
