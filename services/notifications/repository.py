"""Notifications' documents: recipients (contacts encrypted), notices, deliveries (content encrypted), acts; their filters and indexes."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pymongo.errors import PyMongoError

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Database, Document, IndexModel, ReturnDocument, prepare_collection, watch_inserts
from chassis.transaction import Transaction, upserted
from contracts.roles import Role
from services.notifications.domain import (
    FINAL,
    KINDS,
    Attempt,
    Channel,
    Contacts,
    Delivery,
    DeliveryState,
    Notice,
    NoticeNotFound,
    Recipient,
    StaleRecord,
)

_SCHEMA_VERSION = 1


class RecipientRepository:
    """Who can be told: built from contact events; keeps each person's notice counter and preferences."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._collection = database["recipients"]
        self._cipher = cipher

    async def prepare(self) -> None:
        """Make the collection and its index."""
        schema = {"bsonType": "object", "required": ["sequence"], "properties": {"sequence": {"bsonType": ["int", "long"]}}}
        index = IndexModel([("roles", ASCENDING), ("_id", ASCENDING)], name="role")
        await prepare_collection(self._database, "recipients", indexes=[index], schema=schema)

    async def next_notice(self, tx: Transaction, recipient_id: UUID) -> Recipient:
        """The person with the next number of their notices taken; a person not heard of before is made."""
        stored = await self._collection.find_one_and_update(
            {"_id": recipient_id},
            {"$inc": {"sequence": 1}, "$setOnInsert": {"contacts_version": 0, "schema_version": _SCHEMA_VERSION}},
            projection={"personal": 0},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=tx.session,
        )
        return _to_recipient(upserted(stored))

    async def change_contacts(self, tx: Transaction, recipient_id: UUID, contacts: Contacts, roles: frozenset[Role], version: int) -> bool:
        """Keep the contacts if they are newer than what is held; whether they were."""
        held = await self._collection.find_one({"_id": recipient_id}, {"contacts_version": 1}, session=tx.session)
        if held is not None and held.get("contacts_version", 0) >= version:
            return False
        personal = await self._cipher.encrypt({"email": contacts.email, "phone": contacts.phone, "salutation": contacts.salutation})
        fresh = {"contacts_version": version, "roles": sorted(roles), "personal": personal}
        await self._collection.update_one(
            {"_id": recipient_id},
            {"$set": fresh, "$setOnInsert": {"sequence": 0, "schema_version": _SCHEMA_VERSION}},
            upsert=True,
            session=tx.session,
        )
        return True

    async def contacts(self, recipient_id: UUID) -> Contacts | None:
        """How to reach the person; None while nobody told us."""
        found = await self._collection.find_one({"_id": recipient_id}, {"personal": 1})
        if found is None or "personal" not in found:
            return None
        return Contacts(**await self._cipher.decrypt(found["personal"]))

    async def with_role(self, tx: Transaction, role: Role, *, limit: int) -> list[UUID]:
        """People who hold the role."""
        found = self._collection.find({"roles": role.value}, {"_id": 1}, session=tx.session).sort("_id", ASCENDING)
        return [document["_id"] for document in await found.limit(limit).to_list(limit)]

    async def find(self, recipient_id: UUID) -> Recipient:
        """The person, with defaults if never heard of."""
        found = await self._collection.find_one({"_id": recipient_id}, {"personal": 0})
        return _to_recipient(found) if found else Recipient(id=recipient_id)

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        """Know nobody of this id."""
        await self._collection.delete_one({"_id": recipient_id}, session=tx.session)

    async def save_preferences(self, tx: Transaction, recipient_id: UUID, preferences: Mapping[str, tuple[Channel, ...]]) -> None:
        """Replace the person's preferences."""
        wished = [{"kind": kind, "channels": [channel.value for channel in channels]} for kind, channels in sorted(preferences.items())]
        await self._collection.update_one(
            {"_id": recipient_id},
            {"$set": {"preferences": wished}, "$setOnInsert": {"sequence": 0, "contacts_version": 0, "schema_version": _SCHEMA_VERSION}},
            upsert=True,
            session=tx.session,
        )


class NoticeRepository:
    """What people were told; the recipient is part of every query of theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._collection = database["notices"]
        self._acts = database["acts"]

    async def prepare(self) -> None:
        """Make the collections, validators and indexes."""
        required = ["event_id", "recipient_id", "sequence", "kind", "link", "created_at", "version", "schema_version"]
        schema = {
            "bsonType": "object",
            "required": required,
            "properties": {"kind": {"bsonType": "string"}, "title": {"bsonType": "string"}},
        }
        indexes = [
            IndexModel([("event_id", ASCENDING), ("recipient_id", ASCENDING)], unique=True, name="once"),
            IndexModel([("recipient_id", ASCENDING), ("sequence", DESCENDING)], name="newest"),
            IndexModel([("recipient_id", ASCENDING), ("read_at", ASCENDING), ("sequence", DESCENDING)], name="unread"),
            IndexModel([("recipient_id", ASCENDING), ("subject", ASCENDING), ("kind", ASCENDING)], name="subject"),
        ]
        await prepare_collection(self._database, "notices", indexes=indexes, schema=schema)
        await prepare_collection(self._database, "acts")

    async def add(self, tx: Transaction, notice: Notice) -> None:
        """Insert a new notice."""
        await self._collection.insert_one(_from_notice(notice), session=tx.session)

    async def save(self, tx: Transaction, notice: Notice) -> None:
        """Replace the stored notice; `StaleRecord` if somebody else wrote it since it was read."""
        found = {"_id": notice.id, "version": notice.version - 1}
        result = await self._collection.replace_one(found, _from_notice(notice), session=tx.session)
        if result.matched_count == 0:
            raise StaleRecord("Уведомление изменилось. Повторите попытку.")

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        """Remove everything the person was told."""
        await self._collection.delete_many({"recipient_id": recipient_id}, session=tx.session)

    async def get(self, notice_id: UUID, *, recipient_id: UUID | None = None, tx: Transaction | None = None) -> Notice:
        """The notice, of this person if one is named; `NoticeNotFound` otherwise."""
        wanted: Document = {"_id": notice_id} | ({"recipient_id": recipient_id} if recipient_id is not None else {})
        found = await self._collection.find_one(wanted, session=tx.session if tx else None)
        if found is None:
            raise NoticeNotFound("Такого уведомления нет.")
        return _to_notice(found)

    async def newest(self, recipient_id: UUID, *, before: int | None, is_unread: bool | None, limit: int) -> list[Notice]:
        """The person's notices, newest first, below the sequence `before`."""
        wanted: Document = {"recipient_id": recipient_id}
        if before is not None:
            wanted["sequence"] = {"$lt": before}
        if is_unread is not None:
            wanted["read_at"] = None if is_unread else {"$ne": None}
        found = self._collection.find(wanted).sort("sequence", DESCENDING).limit(limit)
        return [_to_notice(document) for document in await found.to_list(limit)]

    async def after(self, recipient_id: UUID, sequence: int, *, limit: int) -> list[Notice]:
        """The person's notices above the sequence, oldest first."""
        found = (
            self._collection.find({"recipient_id": recipient_id, "sequence": {"$gt": sequence}}).sort("sequence", ASCENDING).limit(limit)
        )
        return [_to_notice(document) for document in await found.to_list(limit)]

    async def awaiting(self, tx: Transaction, recipient_id: UUID, subject: str, *, before: datetime) -> list[Notice]:
        """Notices about the subject that wait for an act and tell of something that happened before the moment."""
        kinds = [kind.name for kind in KINDS.values() if kind.awaits_act]
        wanted = {
            "recipient_id": recipient_id, "subject": subject, "kind": {"$in": kinds}, "acted_at": None, "occurred_at": {"$lt": before},
        }  # fmt: skip
        return [_to_notice(document) for document in await self._collection.find(wanted, session=tx.session).limit(200).to_list(200)]

    async def has_later(self, tx: Transaction, recipient_id: UUID, kind: str, *, after: datetime) -> bool:
        """Whether the person was told something of the kind after the moment."""
        wanted = {"recipient_id": recipient_id, "kind": kind, "created_at": {"$gt": after}}
        return await self._collection.find_one(wanted, {"_id": 1}, session=tx.session) is not None

    async def last_act(self, tx: Transaction, subject: str) -> datetime | None:
        """When the person last acted on the subject. Writes too, so that an act recorded at the same time conflicts and is seen."""
        held = await self._acts.find_one_and_update(
            {"_id": subject}, {"$inc": {"looks": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=tx.session
        )
        return upserted(held).get("acted_at")

    async def record_act(self, tx: Transaction, subject: str, *, at: datetime) -> None:
        """Remember the latest act on the subject."""
        await self._acts.update_one({"_id": subject}, {"$max": {"acted_at": at}}, upsert=True, session=tx.session)

    async def inserted(self) -> AsyncIterator[Notice]:
        """Notices as any replica commits them; a hint that ends whenever the store's change stream does."""
        try:
            async for document in watch_inserts(self._collection):
                yield _to_notice(document)
        except PyMongoError:
            return


class DeliveryRepository:
    """The ledger: one record per event, recipient and outside channel."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._collection = database["deliveries"]
        self._cipher = cipher

    async def prepare(self) -> None:
        """Make the collection, its validator and indexes."""
        required = ["event_id", "recipient_id", "channel", "kind", "state", "attempts", "expires_at", "version", "schema_version"]
        schema = {"bsonType": "object", "required": required, "properties": {"state": {"enum": [state.value for state in DeliveryState]}}}
        indexes = [
            IndexModel([("event_id", ASCENDING), ("recipient_id", ASCENDING), ("channel", ASCENDING)], unique=True, name="once"),
            IndexModel([("recipient_id", ASCENDING), ("state", ASCENDING), ("created_at", ASCENDING)], name="recipient"),
            IndexModel([("state", ASCENDING), ("channel", ASCENDING), ("created_at", ASCENDING)], name="state"),
        ]
        await prepare_collection(self._database, "deliveries", indexes=indexes, schema=schema)

    async def add(self, tx: Transaction, deliveries: list[Delivery]) -> None:
        """Insert new deliveries."""
        if deliveries:
            documents = [await self._from_delivery(delivery) for delivery in deliveries]
            await self._collection.insert_many(documents, session=tx.session)

    async def save(self, tx: Transaction, delivery: Delivery) -> None:
        """Replace the stored delivery; `StaleRecord` if somebody else wrote it since it was read."""
        found = {"_id": delivery.id, "version": delivery.version - 1}
        result = await self._collection.replace_one(found, await self._from_delivery(delivery), session=tx.session)
        if result.matched_count == 0:
            raise StaleRecord("Отправка изменилась. Повторите попытку.")

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        """Remove the person's records with the addresses in them."""
        await self._collection.delete_many({"recipient_id": recipient_id}, session=tx.session)

    async def find(self, delivery_id: UUID, *, tx: Transaction | None = None) -> Delivery | None:
        """The delivery, with its content readable."""
        found = await self._collection.find_one({"_id": delivery_id}, session=tx.session if tx else None)
        return await self._to_delivery(found) if found else None

    async def waiting(self, tx: Transaction, recipient_id: UUID, *, limit: int) -> list[Delivery]:
        """The person's deliveries that wait for contacts, oldest first."""
        wanted = {"recipient_id": recipient_id, "state": DeliveryState.WAITING.value}
        found = self._collection.find(wanted, session=tx.session).sort("created_at", ASCENDING).limit(limit)
        return [await self._to_delivery(document) for document in await found.to_list(limit)]

    async def unsettled(self, tx: Transaction, notice_id: UUID, recipient_id: UUID) -> list[Delivery]:
        """Deliveries of a notice that have not ended."""
        open_states = [state.value for state in DeliveryState if state not in FINAL]
        wanted = {"recipient_id": recipient_id, "state": {"$in": open_states}, "notice_id": notice_id}
        return [await self._to_delivery(document) for document in await self._collection.find(wanted, session=tx.session).to_list(50)]

    async def _from_delivery(self, delivery: Delivery) -> Document:
        document: Document = {
            "_id": delivery.id,
            "event_id": delivery.event_id,
            "recipient_id": delivery.recipient_id,
            "channel": delivery.channel.value,
            "kind": delivery.kind,
            "notice_id": delivery.notice_id,
            "created_at": delivery.created_at,
            "expires_at": delivery.expires_at,
            "state": delivery.state.value,
            "attempts": [{"begun_at": a.begun_at, "ended_at": a.ended_at, "outcome": a.outcome} for a in delivery.attempts],
            "lease_until": delivery.lease_until,
            "version": delivery.version,
            "schema_version": _SCHEMA_VERSION,
        }
        if delivery.secrets:
            document["personal"] = await self._cipher.encrypt(dict(delivery.secrets))
        return document

    async def _to_delivery(self, document: Mapping[str, Any]) -> Delivery:
        return Delivery(
            id=document["_id"],
            event_id=document["event_id"],
            recipient_id=document["recipient_id"],
            channel=Channel(document["channel"]),
            kind=document["kind"],
            notice_id=document["notice_id"],
            created_at=document["created_at"],
            expires_at=document["expires_at"],
            state=DeliveryState(document["state"]),
            attempts=tuple(Attempt(a["begun_at"], a["ended_at"], a["outcome"]) for a in document["attempts"]),
            lease_until=document["lease_until"],
            secrets=await self._cipher.decrypt(document["personal"]) if "personal" in document else {},
            version=document["version"],
        )


def _to_recipient(document: Mapping[str, Any]) -> Recipient:
    return Recipient(
        id=document["_id"],
        sequence=document["sequence"],
        has_contacts=document.get("contacts_version", 0) > 0,
        roles=frozenset(Role(role) for role in document.get("roles", ())),
        preferences={wish["kind"]: tuple(Channel(name) for name in wish["channels"]) for wish in document.get("preferences", ())},
    )


def _from_notice(notice: Notice) -> Document:
    return {
        "_id": notice.id,
        "event_id": notice.event_id,
        "recipient_id": notice.recipient_id,
        "sequence": notice.sequence,
        "kind": notice.kind,
        "title": notice.title,
        "text": notice.text,
        "link": notice.link,
        "template": notice.template,
        "subject": notice.subject,
        "facts": dict(notice.facts),
        "created_at": notice.created_at,
        "occurred_at": notice.occurred_at,
        "notified_at": notice.notified_at,
        "read_at": notice.read_at,
        "acted_at": notice.acted_at,
        "repetitions": notice.repetitions,
        "version": notice.version,
        "schema_version": _SCHEMA_VERSION,
    }


def _to_notice(document: Mapping[str, Any]) -> Notice:
    fields = {name: value for name, value in document.items() if name not in {"_id", "schema_version"}}
    return Notice(id=document["_id"], **fields)
