"""The checker: reads the stores and the broker from outside, once the system had time to come to rest."""

import asyncio
import time
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from chassis.settings import load_settings
from deploy.chaos.broker import Archive, Queues
from deploy.chaos.ledger import Ledger, Verdict
from deploy.cli.surroundings import entered
from deploy.journey.outside import Outside
from deploy.local.settings import SERVICES
from deploy.local.stack import Stack
from services.applications.main import command_line
from services.applications.settings import Settings

STALLED_SECONDS = 60
"""What does not move for so long is stuck; a backlog that is being worked off is not."""
REST_SECONDS = 600
"""And the longest backlog that is waited for."""
_SAMPLE_SECONDS = 1.0
"""Looking costs the stores under test something, too."""
_QUIET_SECONDS = 3.0
_QUIET_SAMPLES = 3
_TOLD_OF_CERTIFIED = (
    "application-received", "electronic-document-issued", "review-begun", "information-requested", "application-approved",
    "certificate-issued",
)  # fmt: skip
"""What the applicant is told on the whole way, each once."""
_FINAL_DOCUMENT_STATES = ["accepted", "rejected"]
Database = AsyncDatabase[dict[str, Any]]


class Checker:
    """Counts per case: what existed before a case does not matter to it."""

    def __init__(self, stack: Stack, outside: Outside) -> None:
        self._outside = outside
        self._environment = stack.environments["applications"]
        self._queues = Queues(stack.broker)
        self._archive = Archive(stack.broker)
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

    async def judge(self, case: str, ledger: Ledger, *, dead_before: int, expected_dead: int = 0, note: str = "") -> Verdict:
        """Wait for rest, then compare promises with facts."""
        remaining = await self._come_to_rest()
        remaining += await self._stalled()
        lost, doubled = await self._compare(ledger)
        mails = await self._mails()
        repeated_mails = repeated(mails) - self._repeated_before
        notes = [note] if note else []
        notes += [f"refused: {count}x {what}" for what, count in Counter(ledger.refused).items()]
        notes += remaining
        if repeated_mails:
            notes.append(f"{repeated_mails} mails repeated at the provider")
        return Verdict(
            case,
            accepted=ledger.accepted,
            lost=lost + ledger.signed_out,
            doubled=doubled + mailed_twice(mails, ledger),
            disordered=await self._archive.inversions(),
            stuck=len(remaining) + ledger.given_up + len(ledger.refused),
            dead_letters=await self.dead_letters() - dead_before,
            expected_dead_letters=expected_dead,
            notes="; ".join(notes),
            repeated=ledger.repeated,
            certified=len(ledger.certified),
        )

    async def _come_to_rest(self) -> list[str]:
        """What is stuck, named; empty when all is quiet.

        A message that is being handled is in no queue's count, so quiet means: nothing waits and nothing was handled, in several
        samples over some seconds.
        """
        limit = time.monotonic() + REST_SECONDS
        same_since, same_samples, seen_before = time.monotonic(), 0, None
        while True:
            remaining, handled = await self._unfinished(), await self._handled()
            same_samples += 1
            if (remaining, handled) != seen_before:
                same_since, same_samples, seen_before = time.monotonic(), 0, (remaining, handled)
            same_seconds = time.monotonic() - same_since
            if not remaining and same_samples >= _QUIET_SAMPLES and same_seconds >= _QUIET_SECONDS:
                return []
            if same_seconds > STALLED_SECONDS or time.monotonic() > limit:
                return remaining or ["messages are still being handled"]
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _handled(self) -> int:
        return sum([await self.database(service)["inbox"].estimated_document_count() for service in SERVICES])

    async def _unfinished(self) -> list[str]:
        found = []
        for service in SERVICES:
            waiting = await self.database(service)["outbox"].count_documents({"state": {"$ne": "published"}})
            if waiting:
                found.append(f"{service}: {waiting} outbox rows")
        checking = await self.database("documents")["documents"].count_documents({"files.state": {"$nin": _FINAL_DOCUMENT_STATES}})
        if checking:
            found.append(f"{checking} documents without a verdict")
        sending = await self.database("notifications")["deliveries"].count_documents({"state": "sending"})
        if sending:
            found.append(f"{sending} deliveries at the provider")
        if queued := await self._queues.waiting():
            found.append(f"{queued} messages in queues")
        return found

    async def _compare(self, ledger: Ledger) -> tuple[int, int]:
        notices = self.database("notifications")["notices"]
        lost = doubled = 0
        promised = [
            ("support", "ticket", ledger.tickets, "ticket-opened"),
            ("applications", "application", ledger.applications, "application-received"),
            ("applications", "application", ledger.withdrawn, "application-withdrawn"),
            ("documents", "document", ledger.documents, "document-accepted"),
        ]
        promised += [("applications", "application", ledger.certified, kind) for kind in _TOLD_OF_CERTIFIED]
        for service, noun, ids, kind in promised:
            different = set(ids)
            doubled += len(ids) - len(different)
            kept = {"_id": {"$in": [UUID(record_id) for record_id in different]}}
            lost += len(different) - await self.database(service)[f"{noun}s"].count_documents(kept)
            subjects = [f"{noun}:{record_id}" for record_id in different]
            found = notices.find({"subject": {"$in": subjects}, "kind": kind}, {"subject": 1})
            told = Counter([notice["subject"] async for notice in found])
            lost += len(different) - len(told)
            doubled += told.total() - len(told)
        certificates = await self._certificates(ledger)
        lost += sum(certificates[record_id] == 0 for record_id in ledger.certified)
        doubled += sum(max(0, certificates[record_id] - 1) for record_id in ledger.certified)
        return lost, doubled + await self._unasked(ledger)

    async def _certificates(self, ledger: Ledger) -> Counter[str]:
        """How many certificates each walked application has."""
        wanted = {"application_id": {"$in": [UUID(record_id) for record_id in ledger.certified]}}
        found = self.database("applications")["certificates"].find(wanted, {"application_id": 1})
        return Counter([str(certificate["application_id"]) async for certificate in found])

    async def _stalled(self) -> list[str]:
        """What the product's own watchdog finds; at rest nothing is on its way, so it has no grace."""
        with entered(self._environment):
            settings = load_settings(Settings)
        async with command_line(settings) as usecases:
            return [f"application {one.number} stalled: {one.what}" for one in await usecases.watch.note()]

    async def _mails(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = (await self._outside.http.get("/mail/messages")).raise_for_status().json()
        return mails

    async def _unasked(self, ledger: Ledger) -> int:
        """Tickets, documents and applications that exist although nobody was told so: a repetition made a second one."""
        known = {UUID(record_id) for record_id in (*ledger.tickets, *ledger.documents, *ledger.applications, *ledger.certified)}
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
        self._repeated_before = repeated(await self._mails())
        self._seen: set[UUID] = set()
        for service, name in (("support", "tickets"), ("documents", "documents"), ("applications", "applications")):
            async for document in self.database(service)[name].find({}, {"_id": 1}):
                self._seen.add(document["_id"])


def repeated(mails: list[dict[str, Any]]) -> int:
    """Mails with a Message-ID that came before; the SMS provider folds repetitions by itself.

    Providers are promised a message at least once, and the same name of a message at every attempt.
    """
    return len(mails) - len({mail["message_id"] for mail in mails})


def mailed_twice(mails: list[dict[str, Any]], ledger: Ledger) -> int:
    """Different messages that tell the same of the same record: an effect was doubled, whatever the stores say."""
    ids = {*ledger.tickets, *ledger.documents, *ledger.applications, *ledger.certified}
    told: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for mail in mails:
        named = {part for link in mail["links"] for part in link.split("/")} & ids
        for record_id in named:
            told[mail["subject"], record_id, mail["recipients"][0]].add(mail["message_id"])
    return sum(len(messages) - 1 for messages in told.values())
