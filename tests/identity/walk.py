"""The ways a client walks through identity."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from contracts.documents import DocumentAccepted
from contracts.identity import OneTimeCodeIssued, ProfileVerified
from tests.identity import people
from tests.support import Component, eventually

CONSENTS = [{"document": "terms", "version": "1"}, {"document": "personal-data", "version": "1"}]
Json = dict[str, Any]


def scan_told(owner_id: UUID, document_type: str, **changes: Any) -> Json:
    """What every event of documents about a scan says."""
    names = {"document_id": uuid4(), "owner_id": owner_id, "document_type": document_type, "file_version": 1, "version": 2}
    return names | {"occurred_at": datetime.now(UTC)} | changes


def scan_accepted(owner_id: UUID, document_type: str, **changes: Any) -> DocumentAccepted:
    """Documents accepted a scan."""
    file = {"size_bytes": 40_000, "media_type": "image/jpeg", "sha256": "0" * 64, "received_at": datetime.now(UTC)}
    return DocumentAccepted(**scan_told(owner_id, document_type, **changes), **file)


@dataclass
class Walk:
    """One invented person before a running identity."""

    identity: Component
    phone: str = field(default_factory=people.phone)
    email: str = field(default_factory=people.email)
    snils: str = field(default_factory=people.snils)
    inn: str | None = field(default_factory=people.inn)
    profile: Json = field(default_factory=people.profile)
    registration_id: str = ""
    token: str = ""
    upload_token: str = ""

    @property
    def path(self) -> str:
        return f"/registrations/{self.registration_id}"

    @property
    def licence_number(self) -> str:
        return str(self.profile["licence"]["number"])

    async def code(self, address: str) -> str:
        """The next code that goes to the address."""
        issued = await self.identity.tap.next(OneTimeCodeIssued, where=lambda event: event.address == address)
        return issued.code

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        own = {"Registration-Token": self.token} if self.token else {}
        return await self.identity.client.request(method, path, json=body, headers=own | headers)

    async def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """The answer's body; anything but success fails the test."""
        answer = await self.send(method, path, body, **headers)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def begin(self) -> "Walk":
        begun = await self.ask("POST", "/registrations", {"phone": self.phone})
        self.registration_id = begun["registration_id"]
        confirmed = await self.ask("POST", f"{self.path}/phone-confirmation", {"code": await self.code(self.phone)})
        self.token, self.upload_token = confirmed["registration_token"], confirmed["upload_token"]
        return self

    async def fill(self, *, scans: bool = True) -> "Walk":
        await self.ask("PUT", f"{self.path}/passport", people.passport())
        await self.ask("PUT", f"{self.path}/snils", {"snils": self.snils, "inn": self.inn})
        await self.ask("PUT", f"{self.path}/profile", self.profile)
        await self.ask("PUT", f"{self.path}/email", {"email": self.email})
        await self.ask("POST", f"{self.path}/email-confirmation", {"code": await self.code(self.email)})
        await self.ask("PUT", f"{self.path}/password", {"password": people.PASSWORD})
        await self.ask("PUT", f"{self.path}/consents", {"consents": CONSENTS})
        if scans:
            await self.bring_scans()
        return self

    @property
    def owner_id(self) -> UUID:
        """Whose account it will be: the subject of the limited token, with which documents takes the scans."""
        body = self.upload_token.split(".")[1]
        return UUID(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"])

    async def bring_scans(self) -> None:
        """What documents tells when both scans are good; documents does not run here."""
        for document_type in ("passport", "snils"):
            await self.identity.publish(scan_accepted(self.owner_id, document_type))
        await eventually(self._has_scans)

    async def _has_scans(self) -> bool:
        return all(scan["state"] == "accepted" for scan in (await self.ask("GET", self.path))["scans"])

    async def complete(self) -> UUID:
        return UUID((await self.ask("POST", f"{self.path}/completion"))["practitioner_id"])

    async def register(self) -> UUID:
        return await (await (await self.begin()).fill()).complete()

    async def set_password(self, email: str) -> None:
        """What a member of staff does first: set a password with a code from the mail."""
        begun = await self.ask("POST", "/password-resets", {"identifier": email})
        body = {"code": await self.code(email), "password": people.PASSWORD}
        answer = await self.send("PUT", f"/password-resets/{begun['reset_id']}", body)
        assert answer.status_code == 204, answer.text

    async def be_verified(self) -> UUID:
        """Register, and wait until the registries have confirmed the profile."""
        person_id = await self.register()
        await self.identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == person_id)
        return person_id

    async def start_sign_in(self, identifier: str, password: str = people.PASSWORD) -> Json:
        return await self.ask("POST", "/sign-ins", {"identifier": identifier, "password": password})

    async def sign_in(self, identifier: str | None = None) -> Json:
        started = await self.start_sign_in(identifier or self.licence_number)
        return await self.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": await self.code(self.phone)})
