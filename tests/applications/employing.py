"""Employers and what they ask."""

from typing import Any
from uuid import uuid4

import httpx

from contracts.roles import Role
from tests.applications import people
from tests.applications.conftest import Hands
from tests.support import Component, Signer

EMPLOYER = {"name": "ГБУЗ Пример", "ogrn": people.ogrn(), "contact_email": "kadry@example.org"}
HEADER = "number;surname;purpose\n"


class Program:
    """An employer's program with its key."""

    def __init__(self, service: Component, made: dict[str, Any]) -> None:
        self._service = service
        self.key: str = made["key"]
        self.id: str = made["employer"]["id"]

    async def call(self, method: str, path: str, **wanted: Any) -> httpx.Response:
        headers = {"Employer-Key": self.key, **wanted.pop("headers", {})}
        return await self._service.client.request(method, f"/employers{path}", headers=headers, **wanted)

    async def check(self, content: bytes | str, media_type: str = "text/csv; charset=utf-8") -> httpx.Response:
        return await self.call("POST", "/checks", content=content, headers={"Content-Type": media_type})

    async def ok(self, method: str, path: str, **wanted: Any) -> Any:
        answer = await self.call(method, path, **wanted)
        assert answer.is_success, answer.text
        return answer.json()


async def known_employer(service: Component, signer: Signer) -> Program:
    return Program(service, await Hands(service, signer, uuid4(), Role.ADMINISTRATOR).ok("POST", "/employers", EMPLOYER))


async def subscribed(service: Component, signer: Signer, number: str) -> str:
    """The id of a fresh employer's question about a certificate."""
    program = await known_employer(service, signer)
    asked = await program.ok("POST", "/subscriptions", json={"certificate_number": number, "purpose": "hiring"})
    return str(asked["id"])
