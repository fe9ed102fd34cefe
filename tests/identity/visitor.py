"""Somebody with a browser: signed in with the tokens identity gave, whose claims are signed anew by the key the tests trust."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pyotp

from contracts.identity import OneTimeCodeIssued
from contracts.roles import Role
from tests.identity import people
from tests.identity.holders import claims_of
from tests.identity.walk import Json, Walk
from tests.support import Component, Signer

_LONGEST_PAUSE = timedelta(minutes=9)
"""Nobody who comes back after it is idle."""


@dataclass
class Visitor:
    """One person before a running identity, as the answers to them say who they are."""

    walk: Walk
    signer: Signer
    tokens: Json = field(default_factory=dict)
    app: pyotp.TOTP | None = None

    @classmethod
    async def registered(cls, identity: Component, signer: Signer, **walk: Any) -> "Visitor":
        """A practitioner who has just signed in."""
        visitor = cls(Walk(identity, **walk), signer)
        await visitor.walk.register()
        return await visitor.sign_in()

    async def sign_in(self, identifier: str | None = None, password: str = people.PASSWORD) -> "Visitor":
        since = self.now()
        started = await self.walk.start_sign_in(identifier or self.walk.email, password)
        self.tokens = await self.walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": await self.code(since)})
        return self

    def now(self) -> datetime:
        return self.walk.identity.clock.now()

    async def code(self, since: datetime, address: str | None = None) -> str:
        """The code that went out since then; to the telephone, or to the address."""
        to = address or self.walk.phone
        issued = await self.walk.identity.tap.next(
            OneTimeCodeIssued, where=lambda event: event.address == to and event.occurred_at >= since
        )
        return issued.code

    @classmethod
    async def member(cls, identity: Component, signer: Signer, *roles: str) -> "Visitor":
        """Somebody who works here: added by an administrator, signed in by SMS and then with an authenticator app."""
        walk, body = Walk(identity), people.staff(*roles)
        now = int(identity.clock.now().timestamp())
        administrator = signer.headers(uuid4(), Role.ADMINISTRATOR, iat=now, exp=now + 60, factors={"password": now, "totp": now})
        await walk.ask("POST", "/staff", body, **administrator)
        walk.phone, walk.email = body["phone"], body["email"]
        await walk.set_password(walk.email)
        visitor = await cls(walk, signer).sign_in(walk.email)
        await visitor.set_up_app()
        return visitor

    async def set_up_app(self) -> None:
        self.app = pyotp.TOTP((await self.ask("POST", "/factors/totp"))["secret"])
        self.tokens = await self.ask("POST", "/factors/totp/confirmation", {"code": self.shown()})

    def shown(self) -> str:
        """What the app shows now."""
        assert self.app is not None
        return self.app.at(self.now())

    async def finish(self, code: str, identifier: str | None = None, **more: Any) -> Json:
        """What a sign-in with the password and this code gives."""
        started = await self.walk.start_sign_in(identifier or self.walk.email)
        return await self.walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code} | more)

    @property
    def claims(self) -> Json:
        return claims_of(self.tokens)

    @property
    def id(self) -> UUID:
        return UUID(self.claims["sub"])

    @property
    def headers(self) -> dict[str, str]:
        claims = self.claims
        return self.signer.headers(UUID(claims["sub"]), *map(Role, claims["roles"]), **claims)

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        return await self.walk.send(method, path, body, **self.headers | headers)

    async def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        answer = await self.send(method, path, body, **headers)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def refresh(self) -> httpx.Response:
        """Fresh tokens, if the session still lives."""
        answer = await self.walk.send("POST", "/tokens", {"refresh_token": self.tokens["refresh_token"]})
        if answer.is_success:
            self.tokens = answer.json()
        return answer

    async def step_up(self) -> None:
        """A fresh code by SMS."""
        since = self.now()
        begun = await self.ask("POST", "/step-ups")
        self.tokens |= await self.ask("POST", f"/step-ups/{begun['step_up_id']}/code", {"code": await self.code(since)})

    async def stay(self, duration: timedelta) -> None:
        """Let time pass without ever being idle."""
        while duration > timedelta(0):
            pause = min(duration, _LONGEST_PAUSE)
            self.walk.identity.clock.move(pause)
            answer = await self.refresh()
            assert answer.is_success, answer.text
            duration -= pause

    async def next(self, event: type[Any], where: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next event of the class about this person."""

        own = self.id

        def is_own(seen: Any) -> bool:
            return own in (getattr(seen, "practitioner_id", None), getattr(seen, "person_id", None)) and where(seen)

        return await self.walk.identity.tap.next(event, where=is_own)

    def told(self, event: type[Any]) -> list[Any]:
        """All events of the class about this person so far."""
        own, seen = self.id, self.walk.identity.tap.all(event)
        return [one for one in seen if own in (getattr(one, "practitioner_id", None), getattr(one, "person_id", None))]
