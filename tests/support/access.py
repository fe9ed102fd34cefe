"""Knocking at the doors of a service as each kind of caller, and asking about what is not one's own."""

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx

from contracts.roles import Role, Scope
from tests.support.access_table import ANOTHERS, PASSES, Row
from tests.support.components import Component
from tests.support.signer import Signer

STALE = 3600
"""Seconds after which a second factor is no recent one."""


def headers(signer: Signer, caller: str, *, age_seconds: int = 0) -> dict[str, str]:
    """Of a caller as the table names them, whose factors are so old."""
    given = int(time.time()) - age_seconds
    factors = {"password": given, "sms": given, "totp": given, "passkey": given}
    if caller == "anonymous":
        return {}
    if caller in set(Scope):
        return signer.headers(uuid4(), scope=caller, factors=factors)
    return signer.headers(uuid4(), Role(caller), factors=factors)


async def knock(service: Component, row: Row, own: dict[str, str]) -> httpx.Response:
    """A request with an id nobody has and without a body."""
    return await service.client.request(row.method, re.sub(r"{\w+}", str(uuid4()), row.path), headers=own)


def code_of(answer: httpx.Response) -> str | None:
    """The code of a problem."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return str(answer.json()["code"]) if is_problem else None


def at_the_door(answer: httpx.Response) -> str:
    """The table's word for the answer."""
    match answer.status_code, code_of(answer):
        case 401, "unauthenticated":
            return "401"
        case 403, "role-missing":
            return "403"
        case 403, "step-up-required":
            return "step-up-required"
        case status, code:
            return PASSES if status < 500 else f"{status} {code}"


async def surprises(service: Component, signer: Signer, row: Row) -> list[str]:
    """Where the service answers otherwise than the row says."""
    found = []
    for caller, said in row.answers.items():
        if caller == ANOTHERS:
            continue
        is_asked = row.is_recent and said == PASSES and caller not in set(Scope)
        for age, expected in ((0, said), (STALE, "step-up-required" if is_asked else said)):
            answered = at_the_door(await knock(service, row, headers(signer, caller, age_seconds=age)))
            if answered != expected:
                found.append(f"{row}, {caller}, factors {age} s old: {answered} instead of {expected}")
    return found


@dataclass(frozen=True)
class Asked:
    """A request about somebody's object: what stands in the path, and a body that would do."""

    path: Mapping[str, Any]
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def about_nothing(self) -> "Asked":
        """The same about an object nobody has."""
        return replace(self, path=_of_nobody(self.path), query=_of_nobody(self.query))


@dataclass
class Others:
    """Somebody's objects by route, and the headers of somebody else."""

    service: Component
    owner_id: str
    headers: Mapping[str, str]
    watched: Collection[str]
    """Collections that tell of the objects and of their owner."""
    asked: dict[str, Asked] = field(default_factory=dict)

    async def ask(self, route: str, asked: Asked) -> httpx.Response:
        """The request of somebody else."""
        method, template = route.split()
        own = {**self.headers, **asked.headers}
        return await self.service.client.request(
            method, template.format(**asked.path), json=asked.body, params=dict(asked.query), headers=own
        )

    async def state(self) -> list[str]:
        """Everything that is kept of the owner and of the objects."""
        known = {self.owner_id} | {
            str(value)
            for asked in self.asked.values()
            for value in (*asked.path.values(), *asked.query.values())
            if not isinstance(value, int)
        }
        found = []
        for name in self.watched:
            documents = await self.service.database[name].find().sort("_id").to_list()
            found += [text for text in (f"{name}: {document!r}" for document in documents) if any(one in text for one in known)]
        return found


def _of_nobody(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: 1_000_000 if isinstance(value, int) else uuid4() for name, value in named.items()}


def told(answer: httpx.Response) -> dict[str, Any]:
    """What whoever asked learns: the body without what differs between any two answers."""
    return {name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}}


async def tells_nothing_of_anothers(others: Collection[Others], row: Row) -> None:
    """Asking about what is another's is answered like asking about nothing, and changes nothing. Fails for what no test makes."""
    [who] = [one for one in others if str(row) in one.asked]
    asked, before = who.asked[str(row)], await who.state()
    answer = await who.ask(str(row), asked)
    status, _, code = row.answers[ANOTHERS].partition(" ")
    assert (str(answer.status_code), code_of(answer)) == (status, code or code_of(answer)), answer.text
    assert code or code_of(answer) != "not-found", "there is no such route"
    nobodys = await who.ask(str(row), asked.about_nothing())
    assert (answer.status_code, told(answer)) == (nobodys.status_code, told(nobodys))
    assert await who.state() == before
    assert before, "the objects are there"
