"""Somebody signed in who adds passkeys, with tokens the service under test accepts."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from joserfc import jws

from contracts.roles import Role
from tests.identity.authenticator import HONEST, Answering, Authenticator
from tests.identity.walk import Json, Walk
from tests.support import Signer


def claims_of(tokens: Json) -> Json:
    return dict(json.loads(jws.extract_compact(tokens["access_token"].encode()).payload))


@dataclass
class Owner:
    """A practitioner with an open session."""

    walk: Walk
    signer: Signer
    person_id: UUID
    session_id: str
    roles: tuple[Role, ...] = (Role.PRACTITIONER,)
    claims: Json = field(default_factory=dict)

    @classmethod
    async def registered(cls, walk: Walk, signer: Signer) -> "Owner":
        person_id = await walk.register()
        return cls(walk, signer, person_id, str(claims_of(await walk.sign_in())["sid"]))

    @property
    def headers(self) -> dict[str, str]:
        now = int(self.walk.identity.clock.now().timestamp())
        times: Json = {"iat": now, "exp": now + 300, "factors": {"password": now, "sms": now}}
        return self.signer.headers(self.person_id, *self.roles, sid=self.session_id, **times | self.claims)

    async def send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        return await self.walk.send(method, path, body, **self.headers)

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        return await self.walk.ask(method, path, body, **self.headers)

    async def asked(self) -> Json:
        """A registration that waits for its answer."""
        return await self.ask("POST", "/factors/passkeys")

    async def attest(self, asked: Json, credential: Json, name: str = "Ноутбук") -> httpx.Response:
        body = {"credential": credential, "name": name}
        return await self.send("POST", f"/factors/passkeys/{asked['ceremony_id']}/attestation", body)

    async def add(self, device: Authenticator | None = None, name: str = "Ноутбук") -> Authenticator:
        """A passkey of this person on the device."""
        device = device or Authenticator()
        asked = await self.asked()
        answer = await self.attest(asked, device.create(asked["options"]), name)
        assert answer.status_code == 201, answer.text
        return device

    async def listed(self) -> list[Json]:
        return list((await self.ask("GET", "/factors/passkeys"))["items"])

    async def step_up(self, device: Authenticator, how: Answering = HONEST) -> httpx.Response:
        asked = await self.ask("POST", "/step-ups/passkey")
        return await self.send(
            "POST", f"/step-ups/passkey/{asked['ceremony_id']}/assertion", {"credential": device.get(asked["options"], how)}
        )


async def asked_to_sign_in(walk: Walk) -> Json:
    return await walk.ask("POST", "/passkey-sign-ins")


async def assertion(walk: Walk, asked: Json, credential: Any) -> httpx.Response:
    return await walk.send("POST", f"/passkey-sign-ins/{asked['ceremony_id']}/assertion", {"credential": credential})


async def sign_in(walk: Walk, device: Authenticator, how: Answering = HONEST) -> httpx.Response:
    asked = await asked_to_sign_in(walk)
    return await assertion(walk, asked, device.get(asked["options"], how))


def shown(answer: httpx.Response) -> tuple[int, Json]:
    """Status and body without what differs between any two answers."""
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}}
