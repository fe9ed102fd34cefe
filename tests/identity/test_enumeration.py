"""Nobody learns whether an account exists: bodies, codes and times are the same for existing and unknown accounts.

`ENUMERATION_TRIES` sets how many accounts of each kind are tried in each way.
"""

import asyncio
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import log, sqrt
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from contracts.roles import Role
from tests.identity import people
from tests.identity.authenticator import Authenticator
from tests.identity.conftest import running_identity
from tests.identity.passkey_owner import Owner, asked_to_sign_in
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer

TRIES = int(os.environ.get("ENUMERATION_TRIES", "15"))
AT_ONCE = 6
"""So many of the crowd register side by side; what is compared is sent one by one."""
FALSE_ALARMS = 0.001
"""In how many runs of all ways together one is to fail although nothing differs."""
WRONG_PASSWORD = "не-тот-пароль-вовсе"
FORGOTTEN = timedelta(minutes=16)
"""After this, earlier failures neither slow down nor lock."""
VARYING = re.compile(r'"[0-9a-f]{8}-[0-9a-f-]{27}"|"[0-9a-f]{32}"|"\d{4}-\d\d-\d\dT[^"]+"')
"""Ids, trace ids and moments."""


Made = TypeVar("Made")


@dataclass(frozen=True)
class Account:
    """What a stranger may know of somebody."""

    phone: str
    email: str
    passkey: Authenticator
    """With the id of a key of theirs, and another key."""

    @classmethod
    def unknown(cls) -> "Account":
        return cls(people.phone(), people.email(), Authenticator())


@pytest.fixture(scope="module")
async def service(infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path) -> AsyncIterator[Component]:
    """An identity of these tests alone: nothing else may take its time."""
    async with running_identity(infra, registries, provider, signing_folder) as running:
        yield running


async def _with_passkey(walk: Walk, signer: Signer) -> Authenticator:
    return await (await Owner.registered(walk, signer)).add()


async def _add_member(service: Component, signer: Signer, body: Json) -> None:
    await Walk(service).ask("POST", "/staff", body, **signer.headers(uuid4(), Role.ADMINISTRATOR))
    await Walk(service).set_password(body["email"])


async def few_at_once(acts: Sequence[Awaitable[Made]]) -> list[Made]:
    """What each of them makes, in their order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(act: Awaitable[Made]) -> Made:
        async with turns:
            return await act

    return await asyncio.gather(*map(in_turn, acts))


@pytest.fixture(scope="module")
async def practitioners(service: Component, signer: Signer) -> list[Account]:
    walks = [Walk(service) for _ in range(TRIES)]
    devices = await few_at_once([_with_passkey(walk, signer) for walk in walks])
    forged = [replace(device, key=generate_private_key(SECP256R1())) for device in devices]
    return [Account(walk.phone, walk.email, device) for walk, device in zip(walks, forged, strict=True)]


@pytest.fixture(scope="module")
async def staff(service: Component, signer: Signer) -> list[Account]:
    added = [people.staff("reviewer") for _ in range(TRIES)]
    await few_at_once([_add_member(service, signer, body) for body in added])
    return [Account(body["phone"], body["email"], Authenticator()) for body in added]


@dataclass(frozen=True)
class Request:
    """What a stranger sends."""

    method: str
    path: str
    body: Json | None = None


Way = Callable[[Component, Account], Awaitable[Request]]
"""Makes the request whose answer is compared; what must come before it is done here and not timed."""


async def sign_in_by_email(_: Component, account: Account) -> Request:
    return Request("POST", "/sign-ins", {"identifier": account.email, "password": WRONG_PASSWORD})


async def sign_in_with_the_right_password(_: Component, account: Account) -> Request:
    return Request("POST", "/sign-ins", {"identifier": account.phone, "password": people.PASSWORD})


async def wrong_code(service: Component, account: Account) -> Request:
    return Request("POST", f"/sign-ins/{await sign_in_id(service, account)}/code", {"code": "x00000"})


async def code_by_sms(service: Component, account: Account) -> Request:
    return Request("POST", f"/sign-ins/{await sign_in_id(service, account)}/sms")


async def password_reset(_: Component, account: Account) -> Request:
    return Request("POST", "/password-resets", {"identifier": account.email})


async def wrong_code_of_a_reset(service: Component, account: Account) -> Request:
    begun = await send(service, await password_reset(service, account))
    return Request("PUT", f"/password-resets/{begun.json()['reset_id']}", {"code": "x00000", "password": f"кедр-ручей-{uuid4().hex[:6]}"})


async def registration(_: Component, account: Account) -> Request:
    return Request("POST", "/registrations", {"phone": account.phone})


async def forged_passkey(service: Component, account: Account) -> Request:
    asked = await asked_to_sign_in(Walk(service))
    credential = account.passkey.get(asked["options"])
    return Request("POST", f"/passkey-sign-ins/{asked['ceremony_id']}/assertion", {"credential": credential})


SIGN_INS: tuple[Way, ...] = (sign_in_by_email, sign_in_with_the_right_password, wrong_code, code_by_sms)
OTHERS: tuple[Way, ...] = (password_reset, wrong_code_of_a_reset, registration, forged_passkey)
CASES = [*(("practitioners", way) for way in (*SIGN_INS, *OTHERS)), *(("staff", way) for way in SIGN_INS)]
SURE = sqrt(log(2 * len(CASES) / FALSE_ALARMS) / 2)
"""Kolmogorov and Smirnov: two samples of one distribution differ by more than this, scaled, with twice the probability exp(-2x²)."""


async def sign_in_id(service: Component, account: Account) -> str:
    begun = await send(service, await sign_in_with_the_right_password(service, account))
    return str(begun.json()["sign_in_id"])


async def send(service: Component, request: Request) -> httpx.Response:
    return await service.client.request(request.method, request.path, json=request.body)


def shown(answer: httpx.Response) -> tuple[int, str, tuple[str, ...]]:
    """Everything an answer shows but what differs from one to the next for everybody."""
    return answer.status_code, VARYING.sub('"…"', answer.text), tuple(sorted(answer.headers))


def difference(first: list[float], second: list[float]) -> float:
    """The statistic of Kolmogorov and Smirnov, scaled by the sizes of the samples."""
    places = sorted({*first, *second})
    gap = max(abs(sum(x <= at for x in first) / len(first) - sum(x <= at for x in second) / len(second)) for at in places)
    return gap * sqrt(len(first) * len(second) / (len(first) + len(second)))


@pytest.mark.timeout(60 + 2 * TRIES)
@pytest.mark.parametrize(("crowd", "way"), CASES, ids=lambda named: getattr(named, "__name__", named))
async def test_an_existing_and_an_unknown_account_are_answered_alike_and_in_the_same_time(
    service: Component, practitioners: list[Account], staff: list[Account], crowd: str, way: Way
) -> None:
    known = {"practitioners": practitioners, "staff": staff}[crowd]
    service.clock.move(FORGOTTEN)
    tries = [("known", account) for account in known] + [("unknown", Account.unknown()) for _ in known]
    random.shuffle(tries)
    answers: dict[str, set[object]] = {"known": set(), "unknown": set()}
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    for kind, account in tries:
        asked = await way(service, account)
        begun = perf_counter()
        answer = await send(service, asked)
        seconds[kind].append(perf_counter() - begun)
        answers[kind].add(shown(answer))
    assert answers["known"] == answers["unknown"]
    assert len(answers["known"]) == 1, answers
    measured = {kind: f"{median(times) * 1000:.2f} ms" for kind, times in seconds.items()}
    assert difference(seconds["known"], seconds["unknown"]) < SURE, measured


def test_a_planted_difference_is_found() -> None:
    chance = random.Random(7)
    first, second = [[chance.gauss(mean, 2) for _ in range(200)] for mean in (20, 20)]
    slower = [chance.gauss(21.5, 2) for _ in range(200)]
    assert difference(first, second) < SURE < difference(first, slower)
