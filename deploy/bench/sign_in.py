"""Signing in, beside the one thing in it that cannot be saved: an Argon2id hash at the product's parameters.

The hash and the two requests of a sign-in take turns, so that both meet the same machine; the time between the requests, in which
the code travels to the telephone, is not counted. Then a hundred sign-ins are in flight at once, and liveness must be answered meanwhile.
"""

import asyncio
import json
import secrets
import statistics
import time
from pathlib import Path
from typing import Any

import httpx
from pwdlib.hashers.argon2 import Argon2Hasher

from deploy.bench.report import Figure, at_most
from deploy.bench.system import System, system
from deploy.bench.wire import WireClient
from services.identity.settings import Settings

SIGN_INS = 40
IN_FLIGHT = 100
LIVENESS_MILLISECONDS = 50.0
_ENVIRONMENT = {
    "IDENTITY_CODE_DAILY": "100000",
    "IDENTITY_REQUEST_TIMEOUT_SECONDS": "300",  # a hundred hashes take their time on a small machine
    "IDENTITY_RATE_LIMITS": json.dumps(dict.fromkeys(("sign-in", "sign-in-code"), "100000/minute")),
}


async def measure(folder: Path) -> list[Figure]:
    """Medians of a sign-in and of a hash, and the liveness under load."""
    async with system(folder, environment=_ENVIRONMENT) as running:
        return [await _sign_ins(running), await _liveness(running)]


async def _sign_ins(running: System) -> Figure:
    ours, bare = [], []
    hasher = _hasher()
    known = hasher.hash("a password of the bench")
    async with httpx.AsyncClient(base_url=running.url_of("identity"), timeout=60) as http:
        for _ in range(SIGN_INS):
            ours.append(await _sign_in(running, http))
            bare.append(await asyncio.to_thread(_timed, hasher, known))
    return at_most("sign-in, both requests, beside one Argon2id, p50", statistics.median(ours), statistics.median(bare), 1.2, "ms")


def _hasher() -> Argon2Hasher:
    """With the defaults of the settings."""
    fields = Settings.model_fields
    return Argon2Hasher(
        time_cost=fields["argon2_time_cost"].default,
        memory_cost=fields["argon2_memory_kib"].default,
        parallelism=fields["argon2_parallelism"].default,
    )


def _timed(hasher: Argon2Hasher, known: str) -> float:
    started = time.perf_counter()
    hasher.verify("a password of the bench", known)
    return (time.perf_counter() - started) * 1000


async def _sign_in(running: System, http: httpx.AsyncClient) -> float:
    """Milliseconds of both requests."""
    practitioner = running.practitioner
    seen = await practitioner.outside.newest("sms", practitioner.phone)
    body = {"identifier": practitioner.identifier, "password": practitioner.password}
    began, spent = await _post(http, "/api/identity/sign-ins", body)
    code = await practitioner.outside.code("sms", practitioner.phone, after=seen)
    _, more = await _post(http, f"/api/identity/sign-ins/{began['sign_in_id']}/code", {"code": code})
    return spent + more


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    answer = await http.post(path, json=body)
    spent = (time.perf_counter() - started) * 1000
    return answer.raise_for_status().json(), spent


async def _liveness(running: System) -> Figure:
    """The client of liveness has a thread of its own: the load's client must not be measured with the server."""
    is_over = asyncio.Event()
    limits = httpx.Limits(max_connections=IN_FLIGHT)
    async with httpx.AsyncClient(base_url=running.url_of("identity"), timeout=300, limits=limits) as http:
        load = [asyncio.create_task(_post(http, "/api/identity/sign-ins", _strangers())) for _ in range(IN_FLIGHT)]
        port = running.stack.settings.port_of("identity")
        watching = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(_watch(port, is_over))))
        await asyncio.gather(*load)
        is_over.set()
        times = await watching
    p99 = statistics.quantiles(times, n=100)[98]
    name = f"GET /health/live with {IN_FLIGHT} sign-ins in flight, p99 of {len(times)}"
    return at_most(name, p99, LIVENESS_MILLISECONDS, 1.0, "ms")


def _strangers() -> dict[str, str]:
    return {"identifier": f"{secrets.token_hex(8)}@example.org", "password": secrets.token_hex(8)}


async def _watch(port: int, is_over: asyncio.Event) -> list[float]:
    """Milliseconds of each answer until the load is over."""
    times = []
    async with WireClient(port, "/health/live", {}) as client:
        while not is_over.is_set():
            started = time.perf_counter()
            await client.get()
            times.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.002)
    return times
