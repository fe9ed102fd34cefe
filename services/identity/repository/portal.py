"""Trips to providers under way, and the lasting links."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, Collection, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.portal import NoSuchPortalLink, PortalLink, PortalSignIn
from services.identity.repository.encoding import StaleRecord, document_of, present
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(PortalSignIn)
_READ_LINK = TypeAdapter(PortalLink)
_PERSONAL = ("verifier", "answer")
_KEPT = timedelta(days=1)


class PortalSignInRepository:
    """Collection `portal_sign_ins`; what proves a trip to the provider is encrypted. Forgotten after a day."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["portal_sign_ins"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        await prepare_collection(self._database, "portal_sign_ins", indexes=[kept])

    async def get(self, tx: Transaction, sign_in_id: UUID) -> PortalSignIn | None:
        """None for an unknown id."""
        document = await self._collection.find_one({"_id": sign_in_id}, session=tx.session)
        if document is None:
            return None
        personal = await self._cipher.decrypt(document.pop("personal"))
        return _READ.validate_python({**document, **personal, "id": document["_id"]})

    async def add(self, tx: Transaction, sign_in: PortalSignIn) -> PortalSignIn:
        """A new one, as stored."""
        await self._collection.insert_one(await self._document(sign_in), session=tx.session)
        return replace(sign_in, version=sign_in.version + 1)

    async def save(self, tx: Transaction, sign_in: PortalSignIn) -> PortalSignIn:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, sign_in, await self._document(sign_in))

    async def _document(self, sign_in: PortalSignIn) -> Document:
        document = document_of(sign_in, without=frozenset(_PERSONAL))
        document["personal"] = await self._cipher.encrypt(present({name: getattr(sign_in, name) for name in _PERSONAL}))
        return document


class PortalLinkRepository:
    """Collection `portal_links`. The database sees to it that an outside account has one owner and an owner one per provider."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["portal_links"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        by_subject = IndexModel([("provider", ASCENDING), ("subject_digest", ASCENDING)], name="one_owner", unique=True)
        by_person = IndexModel([("person_id", ASCENDING), ("provider", ASCENDING)], name="one_per_provider", unique=True)
        await prepare_collection(self._database, "portal_links", indexes=[by_subject, by_person])

    async def of_subject(self, tx: Transaction, provider: str, subject_digest: bytes) -> PortalLink | None:
        """Who owns this account of the provider here."""
        return await self._one(tx, {"provider": provider, "subject_digest": subject_digest})

    async def of_person(self, tx: Transaction, person_id: UUID, provider: str) -> PortalLink | None:
        """The person's account at the provider."""
        return await self._one(tx, {"person_id": person_id, "provider": provider})

    async def all_of(self, tx: Transaction, person_id: UUID, *, limit: int) -> list[PortalLink]:
        """The person's links, the oldest first."""
        cursor = self._collection.find({"person_id": person_id}, session=tx.session)
        documents = await cursor.sort([("linked_at", ASCENDING)]).limit(limit).to_list(limit)
        return [_link(document) for document in documents]

    async def add(self, tx: Transaction, link: PortalLink) -> PortalLink:
        """A new one, as stored. Raises `StaleRecord` if another was made at the same moment."""
        try:
            await self._collection.insert_one(document_of(link), session=tx.session)
        except DuplicateKeyError:
            raise StaleRecord from None
        return replace(link, version=link.version + 1)

    async def save(self, tx: Transaction, link: PortalLink) -> PortalLink:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, link, document_of(link))

    async def remove(self, tx: Transaction, link_id: UUID, *, person_id: UUID) -> None:
        """Raises `NoSuchPortalLink` unless it is the person's."""
        result = await self._collection.delete_one({"_id": link_id, "person_id": person_id}, session=tx.session)
        if result.deleted_count == 0:
            raise NoSuchPortalLink("Связь с порталом не найдена.")

    async def _one(self, tx: Transaction, found: Document) -> PortalLink | None:
        document = await self._collection.find_one(found, session=tx.session)
        return None if document is None else _link(document)


def _link(document: Document) -> PortalLink:
    return _READ_LINK.validate_python({**document, "id": document["_id"]})
