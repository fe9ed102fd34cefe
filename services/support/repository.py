"""Support's documents: tickets (texts encrypted), their counter, and what is known of applications and agents; filters and indexes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Database, Document, IndexModel, next_in_row, prepare_collection
from chassis.transaction import Transaction
from contracts.roles import Role
from services.support.domain import (
    KnownApplication,
    Message,
    Side,
    StaleTicket,
    Ticket,
    TicketKind,
    TicketNotFound,
    TicketState,
    Topic,
    Urgency,
)

_SCHEMA_VERSION = 1
_WITHOUT_TEXT = {"personal": 0}

DeskPosition = tuple[bool, datetime, UUID]
"""Where a desk page ended: urgent or not, due, ticket."""
OwnPosition = tuple[datetime, UUID]
"""Where a page of a person's own tickets ended: opened, ticket."""


class TicketRepository:
    """Tickets; for a requester the requester is part of every query. Lists hold no texts."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._collection = database["tickets"]
        self._counters = database["ticket_counters"]
        self._cipher = cipher

    async def prepare(self) -> None:
        """Make the collections, the validator and the indexes."""
        required = ["number", "kind", "topic", "requester_id", "state", "is_closed", "is_urgent", "due_at", "version", "schema_version"]
        schema = {"bsonType": "object", "required": required, "properties": {"state": {"enum": [state.value for state in TicketState]}}}
        desk = [("is_closed", ASCENDING), ("is_urgent", DESCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)]
        indexes = [
            IndexModel([("number", ASCENDING)], unique=True, name="number"),
            IndexModel([("requester_id", ASCENDING), ("kind", ASCENDING), ("opened_at", DESCENDING), ("_id", DESCENDING)], name="own"),
            IndexModel(desk, name="desk"),
            IndexModel([("owner_id", ASCENDING), *desk], name="agent"),
            IndexModel([("state", ASCENDING), *desk], name="state"),
            IndexModel([("application_id", ASCENDING), ("is_closed", ASCENDING)], name="application"),
        ]
        await prepare_collection(self._database, "tickets", indexes=indexes, schema=schema)
        await prepare_collection(self._database, "ticket_counters")

    async def next_serial(self, year: int) -> int:
        """The next number of the year. Outside the transaction, so that two requests never wait for each other; gaps are fine."""
        return await next_in_row(self._counters, year)

    async def add(self, tx: Transaction, ticket: Ticket) -> None:
        """Insert a new ticket."""
        await self._collection.insert_one(await self._from_ticket(ticket), session=tx.session)

    async def save(self, tx: Transaction, ticket: Ticket) -> None:
        """Replace the stored ticket; `StaleTicket` if somebody else wrote it since it was read."""
        found = {"_id": ticket.id, "version": ticket.version - 1}
        result = await self._collection.replace_one(found, await self._from_ticket(ticket), session=tx.session)
        if result.matched_count == 0:
            raise StaleTicket("Обращение только что изменилось. Обновите страницу и повторите.")

    async def get(self, ticket_id: UUID, *, requester_id: UUID | None = None, tx: Transaction | None = None) -> Ticket:
        """The ticket with its texts; of this requester's own requests if one is named. `TicketNotFound` otherwise."""
        wanted: Document = {"_id": ticket_id}
        if requester_id is not None:
            wanted |= {"requester_id": requester_id, "kind": TicketKind.REQUEST.value}
        found = await self._collection.find_one(wanted, session=tx.session if tx else None)
        if found is None:
            raise TicketNotFound("Такого обращения нет.")
        return await self._to_ticket(found)

    async def own(self, requester_id: UUID, *, after: OwnPosition | None, limit: int) -> list[Ticket]:
        """The person's requests, newest first, without texts."""
        wanted: Document = {"requester_id": requester_id, "kind": TicketKind.REQUEST.value}
        if after is not None:
            opened_at, last_id = after
            wanted["$or"] = [{"opened_at": {"$lt": opened_at}}, {"opened_at": opened_at, "_id": {"$lt": last_id}}]
        found = self._collection.find(wanted, _WITHOUT_TEXT).sort([("opened_at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [_to_summary(document) for document in await found.to_list(limit)]

    async def desk(self, *, state: TicketState | None, owner_id: UUID | None, after: DeskPosition | None, limit: int) -> list[Ticket]:
        """The agents' queue without texts: urgent first, then by term. Closed ones only if that state is asked for."""
        wanted: Document = {"is_closed": state is TicketState.CLOSED}
        if state is not None:
            wanted["state"] = state.value
        if owner_id is not None:
            wanted["owner_id"] = owner_id
        if after is not None:
            is_urgent, due_at, last_id = after
            wanted["$or"] = [
                {"is_urgent": {"$lt": is_urgent}},
                {"is_urgent": is_urgent, "due_at": {"$gt": due_at}},
                {"is_urgent": is_urgent, "due_at": due_at, "_id": {"$gt": last_id}},
            ]
        order = [("is_urgent", DESCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)]
        found = self._collection.find(wanted, _WITHOUT_TEXT).sort(order).limit(limit)
        return [_to_summary(document) for document in await found.to_list(limit)]

    async def has_since(self, tx: Transaction, requester_id: UUID, since: datetime) -> bool:
        """Whether the person asked for help after the moment."""
        wanted = {"requester_id": requester_id, "kind": TicketKind.REQUEST.value, "opened_at": {"$gt": since}}
        return await self._collection.find_one(wanted, {"_id": 1}, session=tx.session) is not None

    async def ids_of(self, requester_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
        """Tickets of the person, of whatever kind, in the order of their ids."""
        wanted: Document = {"requester_id": requester_id} | ({} if after is None else {"_id": {"$gt": after}})
        found = self._collection.find(wanted, {"_id": 1}).sort("_id", ASCENDING).limit(limit)
        return [document["_id"] for document in await found.to_list(limit)]

    async def open_about(self, tx: Transaction, application_id: UUID, *, limit: int) -> list[Ticket]:
        """Open tickets about the application, with texts."""
        found = self._collection.find({"application_id": application_id, "is_closed": False}, session=tx.session).limit(limit)
        return [await self._to_ticket(document) for document in await found.to_list(limit)]

    async def held_by(self, tx: Transaction, owner_id: UUID, *, limit: int) -> list[Ticket]:
        """The agent's open tickets, with texts."""
        found = self._collection.find({"owner_id": owner_id, "is_closed": False}, session=tx.session).limit(limit)
        return [await self._to_ticket(document) for document in await found.to_list(limit)]

    async def undelivered(self, tx: Transaction, recipient_id: UUID) -> Ticket | None:
        """The newest open ticket about notices that do not reach the person, if there is one."""
        wanted = {"requester_id": recipient_id, "kind": TicketKind.UNDELIVERED_NOTICE.value, "is_closed": False}
        found = await self._collection.find_one(wanted, sort=[("opened_at", DESCENDING), ("_id", DESCENDING)], session=tx.session)
        return await self._to_ticket(found) if found else None

    async def _from_ticket(self, ticket: Ticket) -> Document:
        return {
            "_id": ticket.id,
            "number": ticket.number,
            "kind": ticket.kind.value,
            "topic": ticket.topic.value,
            "requester_id": ticket.requester_id,
            "application_id": ticket.application_id,
            "application_number": ticket.application_number,
            "opened_at": ticket.opened_at,
            "due_at": ticket.due_at,
            "messages": [{"id": m.id, "side": m.side.value, "author_id": m.author_id, "at": m.at} for m in ticket.messages],
            "personal": await self._cipher.encrypt({"texts": [message.text for message in ticket.messages]}),
            "urgency": sorted(reason.value for reason in ticket.urgency),
            "is_urgent": ticket.is_urgent,
            "state": ticket.state.value,
            "is_closed": ticket.is_closed,
            "owner_id": ticket.owner_id,
            "answered_at": ticket.answered_at,
            "closed_at": ticket.closed_at,
            "overdue_at": ticket.overdue_at,
            "version": ticket.version,
            "schema_version": _SCHEMA_VERSION,
        }

    async def _to_ticket(self, document: Mapping[str, Any]) -> Ticket:
        texts = (await self._cipher.decrypt(document["personal"]))["texts"]
        return _to_summary(document, texts)


class ApplicationRepository:
    """Whose applications exist and which are overdue: a read model of applications' events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._collection = database["applications"]

    async def prepare(self) -> None:
        """Make the collection and its index."""
        index = IndexModel([("applicant_id", ASCENDING), ("number", ASCENDING)], name="number")
        await prepare_collection(self._database, "applications", indexes=[index])

    async def remember(self, tx: Transaction, application: KnownApplication) -> None:
        """Keep the application; once overdue it stays so, whichever event comes first."""
        known: Document = {"number": application.number, "applicant_id": application.applicant_id, "schema_version": _SCHEMA_VERSION}
        if application.is_overdue:
            known["is_overdue"] = True
        await self._collection.update_one({"_id": application.id}, {"$set": known}, upsert=True, session=tx.session)

    async def forget(self, tx: Transaction, applicant_id: UUID) -> None:
        """Know nothing of the person's applications any more."""
        await self._collection.delete_many({"applicant_id": applicant_id}, session=tx.session)

    async def find(self, tx: Transaction, number: str, *, applicant_id: UUID) -> KnownApplication | None:
        """The person's own application of that number."""
        found = await self._collection.find_one({"applicant_id": applicant_id, "number": number}, session=tx.session)
        if found is None:
            return None
        return KnownApplication(found["_id"], found["number"], found["applicant_id"], found.get("is_overdue", False))


class AgentRepository:
    """Who works at the desk: a read model of identity's events."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._collection = database["agents"]

    async def prepare(self) -> None:
        """Make the collection."""
        await prepare_collection(self._database, "agents")

    async def remember(self, tx: Transaction, agent_id: UUID, roles: frozenset[Role], version: int) -> None:
        """Keep the person's roles if they are newer than what is held."""
        held = await self._collection.find_one({"_id": agent_id}, {"version": 1}, session=tx.session)
        if held is None or held["version"] < version:
            fresh = {"_id": agent_id, "roles": sorted(roles), "version": version, "schema_version": _SCHEMA_VERSION}
            await self._collection.replace_one({"_id": agent_id}, fresh, upsert=True, session=tx.session)

    async def is_agent(self, tx: Transaction, agent_id: UUID) -> bool:
        """Whether the person is a support agent."""
        wanted = {"_id": agent_id, "roles": Role.SUPPORT_AGENT.value}
        return await self._collection.find_one(wanted, {"_id": 1}, session=tx.session) is not None


def _to_summary(document: Mapping[str, Any], texts: list[str] | None = None) -> Ticket:
    messages = () if texts is None else tuple(
        Message(id=held["id"], side=Side(held["side"]), author_id=held["author_id"], at=held["at"], text=text)
        for held, text in zip(document["messages"], texts, strict=True)
    )  # fmt: skip
    return Ticket(
        id=document["_id"],
        number=document["number"],
        kind=TicketKind(document["kind"]),
        topic=Topic(document["topic"]),
        requester_id=document["requester_id"],
        application_id=document["application_id"],
        application_number=document["application_number"],
        opened_at=document["opened_at"],
        due_at=document["due_at"],
        messages=messages,
        urgency=frozenset(Urgency(reason) for reason in document["urgency"]),
        state=TicketState(document["state"]),
        owner_id=document["owner_id"],
        answered_at=document["answered_at"],
        closed_at=document["closed_at"],
        overdue_at=document["overdue_at"],
        version=document["version"],
    )
