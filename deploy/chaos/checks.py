"""The checker: reads the stores and the broker from outside, once the system had time to come to rest."""

import asyncio
import time
from collections import Counter
from typing import Any
from uuid import UUID

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from deploy.chaos.ledger import Ledger, Verdict
from deploy.local.servers import manage
from deploy.local.settings import SERVICES
from deploy.local.stack import Stack

REST_SECONDS = 120
_FINAL_DOCUMENT_STATES = ["accepted", "rejected"]
Database = AsyncDatabase[dict[str, Any]]


class Checker:
    """Counts per case: what existed before a case does not matter to it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._clients = {
            service: AsyncMongoClient[dict[str, Any]](stack.mongo[service].url, uuidRepresentation="standard") for service in SERVICES
        }

    async def close(self) -> None:
        """Let go of the stores."""
        for client in self._clients.values():
            await client.close()

    def database(self, service: str) -> Database:
        """A service's store."""
        return self._clients[service][service]

    async def dead_letters(self) -> int:
        """Open ones, of all services."""
        return sum([await self.database(service)["dead_letters"].count_documents({"state": "open"}) for service in SERVICES])

    async def judge(self, case: str, ledger: Ledger, *, dead_before: int, expected_dead: int = 0) -> Verdict:
        """Wait for rest, then compare promises with facts."""
        remaining = await self._come_to_rest()
        lost, doubled = await self._compare(ledger)
        notes = [*(f"refused: {count}x {what}" for what, count in Counter(ledger.refused).items()), *remaining]
        return Verdict(
            case,
            accepted=ledger.accepted,
            lost=lost,
            doubled=doubled,
            stuck=len(remaining) + ledger.given_up + len(ledger.refused),
            dead_letters=await self.dead_letters() - dead_before,
            expected_dead_letters=expected_dead,
            notes="; ".join(notes),
            repeated=ledger.repeated,
        )

    async def _come_to_rest(self) -> list[str]:
        """What still moves or waits after the limit, named; empty when all is quiet."""
        limit = time.monotonic() + REST_SECONDS
        while remaining := await self._unfinished():
            if time.monotonic() > limit:
                return remaining
            await asyncio.sleep(0.5)
        return []

    async def _unfinished(self) -> list[str]:
        found = []
        for service in SERVICES:
            waiting = await self.database(service)["outbox"].count_documents({"state": {"$ne": "published"}})
            if waiting:
                found.append(f"{service}: {waiting} outbox rows")
        checking = await self.database("documents")["documents"].count_documents({"files.state": {"$nin": _FINAL_DOCUMENT_STATES}})
        if checking:
            found.append(f"{checking} documents without a verdict")
        queued = await asyncio.to_thread(self._queued)
        if queued:
            found.append(f"{queued} messages in queues")
        return found

    def _queued(self) -> int:
        lines = manage(
            self._stack.broker.manage_command, "list_queues", "--quiet", "--no-table-headers", "name", "messages", "type"
        ).splitlines()
        rows = [line.split("\t") for line in lines if line.strip()]
        return sum(int(messages) for _, messages, kind in rows if kind == "quorum")

    async def _compare(self, ledger: Ledger) -> tuple[int, int]:
        notices = self.database("notifications")["notices"]
        lost = doubled = 0
        promised = [
            ("support", "ticket", ledger.tickets, "ticket-opened"),
            ("applications", "application", ledger.applications, "application-received"),
            ("applications", "application", ledger.withdrawn, "application-withdrawn"),
            ("documents", "document", ledger.documents, "document-accepted"),
        ]
        for service, noun, ids, kind in promised:
            collection = self.database(service)[f"{noun}s"]
            doubled += len(ids) - len(set(ids))
            for record_id in set(ids):
                if await collection.count_documents({"_id": UUID(record_id)}) != 1:
                    lost += 1
                told = await notices.count_documents({"subject": f"{noun}:{record_id}", "kind": kind})
                lost += told == 0
                doubled += max(0, told - 1)
        return lost, doubled + await self._unasked(ledger)

    async def _unasked(self, ledger: Ledger) -> int:
        """Tickets, documents and applications that exist although nobody was told so: a repetition made a second one."""
        known = {UUID(record_id) for record_id in (*ledger.tickets, *ledger.documents, *ledger.applications)}
        found = 0
        for service, name in (("support", "tickets"), ("documents", "documents"), ("applications", "applications")):
            collection = self.database(service)[name]
            wanted: dict[str, Any] = {"_id": {"$nin": [*known, *self._seen]}}
            if name == "tickets":
                wanted["kind"] = "request"
            async for document in collection.find(wanted, {"_id": 1, "state": 1}):
                self._seen.add(document["_id"])
                found += 1
        self._seen |= known
        return found

    async def remember_everything(self) -> None:
        """What exists now was there before the case."""
        self._seen: set[UUID] = set()
        for service, name in (("support", "tickets"), ("documents", "documents"), ("applications", "applications")):
            async for document in self.database(service)[name].find({}, {"_id": 1}):
                self._seen.add(document["_id"])
