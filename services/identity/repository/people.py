"""People with an account, found by id or by what they sign in with."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from chassis.encryption import FieldCipher, Operand, fits
from chassis.errors import FieldError
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, DuplicateKeyError, IndexModel, prepare_collection
from chassis.transaction import Transaction
from contracts.roles import Role
from services.identity.domain.people import NoSuchPerson, Person, Status, licence_key
from services.identity.domain.registration import AlreadyRegistered
from services.identity.repository.encoding import StaleRecord, document_of, plain, present, session_of
from services.identity.repository.overwriting import overwrite

_PERSONAL = ("phone", "email", "surname", "given_name", "patronymic", "passport", "numbers", "profile", "consents")
_UNIQUE = ("phone", "email", "snils", "inn")
_LICENCES = ("licence_number", "licence")
_LOOKUP = frozenset({*_UNIQUE, *_LICENCES})
_WITH_ACCESS: Mapping[str, Any] = {"closed_at": None, "deactivated_at": None}
_CREDENTIALS = {"password_hash": 1, "roles": 1, "personal.phone": 1}
_READ = TypeAdapter(Person)
_CLEAR = 1
"""How many accounts a clear identifier has."""
_ERASED = "erased"
"""The status of a row that is left of somebody erased: no person any more, its id is merely never given again."""
_SCHEMA = {
    "bsonType": "object",
    "required": ["version", "schema_version", "personal", "roles", "status", "password_hash", "created_at"],
    "properties": {
        "version": {"bsonType": ["int", "long"], "minimum": 1},
        "roles": {"bsonType": "array", "minItems": 1},
        "status": {"enum": [*map(str, Status), _ERASED]},
        "personal": {"bsonType": "object"},
    },
}
_TAKEN: Mapping[str, str] = {
    "phone": "С этим номером телефона уже зарегистрированы. Войдите в кабинет.",
    "email": "С этим адресом электронной почты уже зарегистрированы. Войдите в кабинет или укажите другой адрес.",
    "snils": "С этим СНИЛС уже зарегистрированы. Войдите в кабинет или обратитесь в поддержку.",
    "inn": "С этим ИНН уже зарегистрированы. Войдите в кабинет или обратитесь в поддержку.",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What sign-in needs of an account before anything is proved; no personal data is opened for it."""

    person_id: UUID
    password_hash: str = field(repr=False)
    roles: frozenset[Role]
    sealed_phone: Any = field(default=None, repr=False)


def _credentials(document: Document) -> Credentials:
    roles = frozenset(Role(role) for role in document["roles"])
    return Credentials(
        person_id=document["_id"], password_hash=document["password_hash"], roles=roles, sealed_phone=document["personal"]["phone"]
    )


async def _together(tx: Transaction | None, *reads: Coroutine[Any, Any, list[Document]]) -> list[list[Document]]:
    """The reads at once, or one after another within a transaction, which takes one at a time."""
    return await asyncio.gather(*reads) if tx is None else [await read for read in reads]


def already_registered(taken: str) -> AlreadyRegistered:
    """The named conflict of one field."""
    errors = [FieldError(f"/{taken}", f"{taken}-already-registered", _TAKEN[taken])]
    return AlreadyRegistered(_TAKEN[taken], errors=errors, field=taken)


class PersonRepository:
    """Collection `people`. Phone, e-mail, SNILS and INN belong to one account each; the database sees to it."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    @property
    def _collection(self) -> Collection:
        return self._database["people"]

    async def prepare(self) -> None:
        """Collection, validator and indexes."""
        unique = [IndexModel([(f"personal.{name}", ASCENDING)], name=f"unique_{name}", unique=True, sparse=True) for name in _UNIQUE]
        licences = [IndexModel([(f"personal.{name}", ASCENDING)], name=name) for name in _LICENCES]
        queue = IndexModel([("status", ASCENDING), ("verification.requested_at", ASCENDING), ("_id", ASCENDING)], name="queue")
        staff = IndexModel([("status", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="staff")
        await prepare_collection(self._database, "people", indexes=[*unique, *licences, queue, staff], schema=_SCHEMA)

    async def get(self, tx: Transaction, person_id: UUID) -> Person:
        """Raises `NoSuchPerson`."""
        document = await self._collection.find_one({"_id": person_id, "status": {"$ne": _ERASED}}, session=tx.session)
        if document is None:
            raise NoSuchPerson("Учётная запись не найдена.")
        return await self._read(document)

    async def has_account(self, tx: Transaction, person_id: UUID) -> bool:
        """Whether there is an account of this id, in whatever state."""
        return await self._collection.find_one({"_id": person_id}, {"_id": 1}, session=tx.session) is not None

    async def erase(self, tx: Transaction, person: Person, *, at: datetime) -> None:
        """Leave nothing but id, roles and moments. Raises `StaleRecord` if someone else wrote the person since it was read."""
        left = {"_id": person.id, "version": person.version + 1, "schema_version": 1, "status": _ERASED, "roles": plain(person.roles)}
        bare = {"password_hash": "", "personal": {}, "created_at": person.created_at, "erased_at": at}
        found = {"_id": person.id, "version": person.version}
        result = await self._collection.replace_one(found, left | bare, session=tx.session)
        if result.matched_count == 0:
            raise StaleRecord

    async def is_taken(self, tx: Transaction, name: str, value: str) -> bool:
        """Whether an account has this phone, e-mail, SNILS or INN."""
        found = {f"personal.{name}": await self._cipher.lookup(value)}
        return await self._collection.find_one(found, {"_id": 1}, session=tx.session) is not None

    async def by_snils(self, tx: Transaction, snils: str) -> Person | None:
        """Whose insurance number it is."""
        document = await self._collection.find_one({"personal.snils": await self._cipher.lookup(snils)}, session=tx.session)
        return None if document is None else await self._read(document)

    async def credentials(self, tx: Transaction | None, candidates: Mapping[str, str]) -> Credentials | None:
        """The account that the candidates (field to value) fit best. None if there is none, or if it is not clear which.

        Anybody may write anything as a licence number, so a phone, e-mail, SNILS or INN comes first, in this order: the first two are
        proved by codes. Of several accounts with one licence the verified one counts. The work is the same whatever is found.
        """
        sought = await self._cipher.lookups(candidates)
        unique, licences = ({name: sought[name] for name in names if name in sought} for names in (_UNIQUE, _LICENCES))
        by_unique, verified, anybody = await _together(
            tx, self._fitting(tx, unique), self._fitting(tx, licences, status=str(Status.VERIFIED)), self._fitting(tx, licences)
        )
        owners = [found for name in _UNIQUE for found in by_unique if name in sought and fits(sought[name], found["personal"].get(name))]
        best = owners[:1] or verified or anybody
        return _credentials(best[0]) if len(best) == 1 else None

    async def credentials_of(self, tx: Transaction | None, person_id: UUID) -> Credentials | None:
        """Of an account known by its id. None for one without access."""
        document = await self._collection.find_one({"_id": person_id, **_WITH_ACCESS}, _CREDENTIALS, session=session_of(tx))
        return None if document is None else _credentials(document)

    async def open_phone(self, credentials: Credentials | None) -> str:
        """The phone of an account. Nobody's is as much work and of no use."""
        if credentials is not None:
            return str((await self._cipher.decrypt({"phone": credentials.sealed_phone}))["phone"])
        return await self._cipher.decrypt_nothing()

    async def hold(self, tx: Transaction, person_id: UUID) -> Credentials | None:
        """What `credentials_of` gives, of an account that nobody else changes until the transaction ends.

        It is written to, so that a session that opens and a change that takes access away conflict and one of them runs again: a mere
        read would let both pass.
        """
        found = {"_id": person_id, **_WITH_ACCESS}
        document = await self._collection.find_one_and_update(found, {"$inc": {"times_held": 1}}, _CREDENTIALS, session=tx.session)
        return None if document is None else _credentials(document)

    async def _fitting(self, tx: Transaction | None, sought: Mapping[str, Operand], **conditions: str) -> list[Document]:
        """Up to one account more than is clear. A read for each field by its index: the embedded store looks through all for `$or`."""
        shown = _CREDENTIALS | {f"personal.{name}": 1 for name in sought}
        found = await _together(tx, *(self._with(tx, {f"personal.{name}": value, **conditions}, shown) for name, value in sought.items()))
        return list({document["_id"]: document for documents in found for document in documents}.values())

    async def _with(self, tx: Transaction | None, found: Document, shown: Document) -> list[Document]:
        return await self._collection.find({**found, **_WITH_ACCESS}, shown, session=session_of(tx)).limit(_CLEAR + 1).to_list(_CLEAR + 1)

    async def has_staff(self, tx: Transaction, role: str) -> bool:
        """Whether anybody holds the role."""
        return await self._collection.find_one({"status": str(Status.STAFF), "roles": role}, {"_id": 1}, session=tx.session) is not None

    async def staff_member(self, tx: Transaction, staff_id: UUID) -> Person:
        """Somebody who works here or did. Raises `NoSuchPerson`, also for a practitioner."""
        document = await self._collection.find_one({"_id": staff_id, "status": str(Status.STAFF)}, session=tx.session)
        if document is None:
            raise NoSuchPerson("Сотрудник не найден.")
        return await self._read(document)

    async def staff(
        self, tx: Transaction, *, role: Role | None, is_active: bool | None, limit: int, after: tuple[datetime, UUID] | None
    ) -> list[Person]:
        """Those who work here, the newest account first; of one role and with or without access if that is asked for."""
        found: Document = {"status": str(Status.STAFF)}
        if role is not None:
            found["roles"] = str(role)
        if is_active is not None:
            found["deactivated_at"] = None if is_active else {"$ne": None}
        if after is not None:
            made_at, person_id = after
            found["$or"] = [{"created_at": {"$lt": made_at}}, {"created_at": made_at, "_id": {"$lt": person_id}}]
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        documents = await self._collection.find(found, session=tx.session).sort(order).limit(limit).to_list(limit)
        return [await self._read(document) for document in documents]

    async def hold_other_administrators(self, tx: Transaction, person_id: UUID) -> int:
        """How many administrators with access there are besides this one.

        They are written to, so that of two transactions that take access from each other's remaining administrator one runs again.
        """
        others = {"status": str(Status.STAFF), "roles": str(Role.ADMINISTRATOR), "deactivated_at": None, "_id": {"$ne": person_id}}
        result = await self._collection.update_many(others, {"$inc": {"times_held": 1}}, session=tx.session)
        return int(result.matched_count)

    async def escalated(self, tx: Transaction, *, limit: int, after: tuple[Any, ...] | None) -> list[Person]:
        """Practitioners whose verification waits for an administrator, the longest wait first."""
        found: Document = {"status": str(Status.ESCALATED)}
        if after is not None:
            since, person_id = after
            found["$or"] = [
                {"verification.requested_at": {"$gt": since}},
                {"verification.requested_at": since, "_id": {"$gt": person_id}},
            ]
        order = [("verification.requested_at", ASCENDING), ("_id", ASCENDING)]
        documents = await self._collection.find(found, session=tx.session).sort(order).limit(limit).to_list(limit)
        return [await self._read(document) for document in documents]

    async def add(self, tx: Transaction, person: Person) -> Person:
        """A new account, as stored. Raises `AlreadyRegistered` naming the field somebody else has."""
        try:
            await self._collection.insert_one(await self._document(person), session=tx.session)
        except DuplicateKeyError as error:
            raise _taken(error) from None
        return replace(person, version=person.version + 1)

    async def save(self, tx: Transaction, person: Person) -> Person:
        """The account as stored. Raises `StaleRecord` if someone else wrote it since it was read, `AlreadyRegistered` as `add` does."""
        try:
            return await overwrite(self._collection, tx, person, await self._document(person))
        except DuplicateKeyError as error:
            raise _taken(error) from None

    async def _document(self, person: Person) -> Document:
        document = document_of(person, without=frozenset(_PERSONAL))
        personal = present({name: plain(getattr(person, name)) for name in _PERSONAL} | lookups(person))
        document["personal"] = await self._cipher.encrypt(personal, lookup=_LOOKUP & personal.keys())
        return document

    async def _read(self, document: Document) -> Person:
        personal = await self._cipher.decrypt(document.pop("personal"))
        return _READ.validate_python(
            {**document, **{name: personal.get(name) or _EMPTY[name] for name in _PERSONAL}, "id": document["_id"]}
        )


def _taken(error: DuplicateKeyError) -> Exception:
    """The named conflict, where the error names an index of ours."""
    taken = next((name for name in _UNIQUE if f"unique_{name}" in str(error) or f"personal.{name}" in str(error)), None)
    return error if taken is None else already_registered(taken)


_EMPTY: Mapping[str, Any] = {name: () if name == "consents" else None for name in _PERSONAL}


def lookups(person: Person) -> dict[str, str | None]:
    """What the account is found by, besides phone and e-mail."""
    found: dict[str, str | None] = {}
    if person.numbers is not None:
        found |= {"snils": person.numbers.snils, "inn": person.numbers.inn}
    if person.profile is not None:
        licence = person.profile.licence
        found |= {"licence_number": licence_key(licence.number), "licence": licence_key(licence.series + licence.number)}
    return found
