"""People who are signed in and set up what proves them."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pyotp
from joserfc import jws

from contracts.identity import OneTimeCodeIssued
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Json, Walk
from tests.support import Signer


def claims_of(tokens: Json) -> Json:
    return dict(json.loads(jws.extract_compact(tokens["access_token"].encode()).payload))


@dataclass
class Holder:
    """Somebody signed in, with or without an authenticator app."""

    walk: Walk
    person_id: UUID
    headers: dict[str, str]
    identifier: str
    app: pyotp.TOTP | None = None

    def shown(self, steps: int = 0) -> str:
        """What the app shows so many steps from now."""
        assert self.app is not None
        return self.app.at(self.walk.identity.clock.now() + steps * timedelta(seconds=30))

    def next_step(self) -> None:
        self.walk.identity.clock.move(timedelta(seconds=30))

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        return await self.walk.ask(method, path, body, **self.headers)

    async def send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return await self.walk.send(method, path, body, **self.headers)

    async def set_up(self) -> Json:
        made = await self.ask("POST", "/factors/totp")
        self.app = pyotp.TOTP(made["secret"])
        return await self.ask("POST", "/factors/totp/confirmation", {"code": self.shown()})

    async def start(self, password: str = people.PASSWORD) -> Json:
        return await self.walk.start_sign_in(self.identifier, password)

    async def finish(self, started: Json, code: str) -> httpx.Response:
        return await self.walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})

    def sms(self) -> list[OneTimeCodeIssued]:
        return [event for event in self.walk.identity.tap.all(OneTimeCodeIssued) if event.person_id == self.person_id]


async def a_practitioner(walk: Walk, signer: Signer) -> Holder:
    person_id = await walk.register()
    sid = claims_of(await walk.sign_in())["sid"]
    return Holder(walk, person_id, signer.headers(person_id, Role.PRACTITIONER, sid=sid), walk.licence_number)


async def a_reviewer(walk: Walk, signer: Signer) -> Holder:
    body = people.staff("reviewer")
    added = await walk.ask("POST", "/staff", body, **signer.headers(uuid4(), Role.ADMINISTRATOR))
    reviewer = Walk(walk.identity, phone=body["phone"])
    await reviewer.set_password(body["email"])
    sid = claims_of(await reviewer.sign_in(body["email"]))["sid"]
    person_id = UUID(added["staff_id"])
    return Holder(reviewer, person_id, signer.headers(person_id, Role.REVIEWER, sid=sid), body["email"])
