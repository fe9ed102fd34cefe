"""The ways a browser goes to a provider and comes back."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tests.identity.provider import HostileProvider
from tests.identity.walk import Walk

Json = dict[str, Any]


@dataclass
class Trip:
    """One person's browser between a running identity and the tests' provider."""

    walk: Walk
    provider: HostileProvider
    sub: str = field(default_factory=secrets.token_hex)
    owner: UUID | None = None
    """Whose account it should come to."""
    headers: dict[str, str] = field(default_factory=dict)
    started: Json = field(default_factory=dict)

    @property
    def person(self) -> Json:
        spaced = f"{self.walk.snils[:3]}-{self.walk.snils[3:6]}-{self.walk.snils[6:9]} {self.walk.snils[9:]}"
        named = {name: self.walk.profile[own] for name, own in {"family_name": "surname", "given_name": "given_name"}.items()}
        return {"sub": self.sub, "snils": spaced, "birthdate": self.walk.profile["birth_date"]} | named

    @property
    def kind(self) -> str:
        return "portal-links" if self.headers else "portal-sign-ins"

    async def start(self, provider: str = "gosuslugi") -> "Trip":
        self.started = await self.walk.ask("POST", f"/{self.kind}", {"provider": provider}, **self.headers)
        return self

    def agree(self, **granted: Any) -> Json:
        """What the browser comes back with; `person` changes what the provider tells of the person."""
        person = self.person | granted.pop("person", {})
        allowed = self.provider.allow(self.started["authorization_url"], person, **granted)
        return allowed | {"browser_token": self.started["browser_token"]}

    async def come_back(self, returned: Json, **headers: str) -> httpx.Response:
        path = f"/{self.kind}/{self.started['portal_sign_in_id']}/completion"
        return await self.walk.send("POST", path, returned, **self.headers | headers)

    async def sign_in(self, **granted: Any) -> httpx.Response:
        """There and back."""
        await self.start()
        return await self.come_back(self.agree(**granted))
