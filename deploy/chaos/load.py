"""People at work: tickets, files, applications, sessions. Whatever gets no answer is repeated under the same key."""

import asyncio
import math
import time
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

import httpx

from chassis.preconditions import etag
from deploy.chaos.ledger import Ledger
from deploy.demo.application import GOOD, KIND
from deploy.journey.files import File, supporting
from deploy.journey.gateway import Refused, Tokens
from deploy.journey.member import Member
from deploy.journey.people import SPECIALTY
from deploy.journey.practitioner import Practitioner
from deploy.journey.waiting import StillWaiting

GIVE_UP_SECONDS = 150
REFRESH_SECONDS = 45
PROVED_SECONDS = 240
"""A proof counts for ten minutes, and what follows takes some."""
_PAUSE_SECONDS = 0.3
_SERVER_ERROR = 500
_ERROR = 400
Json = dict[str, Any]


class GivenUp(Exception):
    """No answer within the limit."""


class NotTaken(Exception):
    """A refusal nobody expected; holds status and code."""


class Outdated(NotTaken):
    """What was to be changed is another version by now."""


class Worker(Protocol):
    """Somebody at work while things are killed."""

    async def join(self, ledger: Ledger) -> None:
        """Before a fault: what is promised from now on is written there."""
        ...

    async def work(self, stop: asyncio.Event) -> None:
        """Round after round until told to stop; the round at hand is finished."""
        ...

    async def check_session(self) -> None:
        """After a fault, whether the last token still works."""
        ...


AnyMember = TypeVar("AnyMember", bound=Member)


@dataclass(slots=True)
class Hand(Generic[AnyMember]):
    """Sends one member's requests until they are answered."""

    member: AnyMember
    ledger: Ledger
    _refreshed_at: float = field(init=False, default=0.0)
    _refreshing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _proved_at: float = field(init=False, default=-math.inf)
    _proving: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def attempt(self, act: Awaitable[Any]) -> None:
        """Do it, and note how it failed if it did."""
        try:
            await act
        except GivenUp:
            self.ledger.given_up += 1
        except NotTaken as refusal:
            self.ledger.refused.append(str(refusal))

    async def keep_signed_in(self) -> None:
        """Fresh tokens in good time; one refresh at a time, because a refresh token is taken once."""
        async with self._refreshing:
            if time.monotonic() - self._refreshed_at >= REFRESH_SECONDS:
                await self._refresh()
                self.ledger.refreshed += 1

    async def prove(self) -> None:
        """A second factor young enough for the next minutes; one proof at a time, because a code is taken once."""
        async with self._proving:
            if time.monotonic() - self._proved_at < PROVED_SECONDS:
                return
            try:
                await self.member.step_up()
            except (Refused, StillWaiting, httpx.HTTPError) as error:
                self.ledger.refused.append(f"step-up: {error}")
            else:
                self._proved_at = time.monotonic()

    async def check_session(self) -> None:
        """The last promise of each refresh is a token that works: use it once more."""
        try:
            await self._refresh()
        except GivenUp:
            self.ledger.given_up += 1
        except NotTaken:
            self.ledger.signed_out += 1

    async def _refresh(self) -> None:
        tokens = self.member.caller.tokens
        if tokens is None:
            raise NotTaken("nobody is signed in")
        fresh = await self.send("POST", "/api/identity/tokens", json={"refresh_token": tokens.refresh_token}, is_signed=False)
        self.member.caller.tokens = Tokens(fresh["access_token"], fresh["refresh_token"])
        self._refreshed_at = time.monotonic()

    async def change(self, method: str, read: str, path: str, **request: Any) -> None:
        """Change the version that is read before; it is read again when something came in between, as a file that was made late."""
        while True:
            shown = await self.send("GET", read)
            version = shown.get("application", shown)["version"]  # staff are shown the application among other things
            try:
                await self.send(method, path, headers={"If-Match": etag(version)}, **request)
            except Outdated:
                continue
            return

    async def send(self, method: str, path: str, *, headers: Json | None = None, is_signed: bool = True, **request: Any) -> Json:
        """One request until it is answered, always under the same key."""
        key = {"Idempotency-Key": str(uuid4())} if method != "GET" else {}
        limit = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < limit:
            tokens = self.member.caller.tokens
            signed = {"Authorization": f"Bearer {tokens.access_token}"} if is_signed and tokens else {}
            try:
                answer = await self.member.caller.http.request(method, path, headers=key | signed | (headers or {}), **request)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < _SERVER_ERROR:
                if answer.status_code >= _ERROR:
                    kind = Outdated if answer.status_code == httpx.codes.PRECONDITION_FAILED else NotTaken
                    raise kind(f"{method} {path.rpartition('/')[2]}: {answer.status_code} {answer.json().get('code')}")
                return dict(answer.json()) if answer.content else {}
            self.ledger.repeated += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        raise GivenUp


@dataclass(slots=True)
class Client(Hand[Practitioner]):
    """One practitioner who goes on working whatever happens."""

    document_ids: dict[str, str] = field(default_factory=dict)
    think_seconds: float = 0.0
    """Between one act and the next."""

    async def join(self, ledger: Ledger) -> None:
        """See `Worker`; with a second factor young enough to submit with for the next minutes."""
        self.ledger = ledger
        try:
            await self.member.step_up()
        except (Refused, StillWaiting, httpx.HTTPError) as error:
            self.ledger.refused.append(f"step-up: {error}")

    async def work(self, stop: asyncio.Event) -> None:
        """See `Worker`."""
        while not stop.is_set():
            for act in (self.keep_signed_in, self._ask, self._upload, self._apply):
                await self.attempt(act())
                await self._think(stop)
                if stop.is_set():
                    break

    async def bring(self, files: Iterator[File]) -> dict[str, File]:
        """Upload what the iterator, which others may share, still gives. What was taken, by the ids the answers named."""
        taken: dict[str, File] = {}
        for file in files:
            await self.attempt(self.keep_signed_in())
            await self.attempt(self._bring(file, taken))
        return taken

    async def _bring(self, file: File, taken: dict[str, File]) -> None:
        taken[await self._upload(file)] = file

    async def _think(self, stop: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.think_seconds):
                await stop.wait()

    async def _ask(self) -> None:
        body = {"topic": "technical-failure", "text": "Страница не открывается."}
        self.ledger.tickets.append((await self.send("POST", "/api/support/tickets", json=body))["ticket_id"])

    async def _upload(self, file: File | None = None) -> str:
        file = file or supporting(self.member.person)
        headers = {"Content-Type": file.media_type, "Content-Disposition": "attachment; filename=scan.pdf"}
        answer = await self.send("POST", "/api/documents/types/supporting/files", content=file.content, headers=headers)
        self.ledger.documents.append(answer["document_id"])
        return str(answer["document_id"])

    async def _apply(self) -> None:
        path = "/api/applications/applications"
        draft = await self.send("POST", path, json={"kind": KIND, "specialty_code": SPECIALTY})
        path = f"{path}/{draft['id']}"
        consent = {"personal_data": True, "accuracy": True}
        await self.change("PATCH", path, path, json={"documents": self.document_ids, "consent": consent})
        await self.change("PUT", path, f"{path}/confirmation")
        await self.send("POST", f"{path}/submission")
        self.ledger.applications.append(draft["id"])
        await self.send("POST", f"{path}/withdrawal", json={"reason": "Передумал."})
        self.ledger.withdrawn.append(draft["id"])


async def ready_client(practitioner: Practitioner, ledger: Ledger, *, think_seconds: float = 0.0) -> Client:
    """Registered, signed in, verified, with the documents an application needs."""
    await practitioner.register()
    await practitioner.sign_in()
    await practitioner.verified()
    document_ids = {}
    for document_type, make in GOOD.items():
        sent = await practitioner.upload(document_type, make(practitioner.person))
        await practitioner.checked(sent["document_id"])
        document_ids[document_type] = sent["document_id"]
    return Client(practitioner, ledger, document_ids, think_seconds)
