"""One run: a stack, some people at work, one fault after another, a verdict for each."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from chassis.clock import SystemClock
from deploy.chaos.checks import Checker
from deploy.chaos.faults import Fault, NotInflicted
from deploy.chaos.ledger import Ledger, Verdict
from deploy.chaos.load import Worker, ready_client
from deploy.journey.gateway import Caller
from deploy.journey.outside import Outside
from deploy.journey.people import invent_person
from deploy.journey.practitioner import Practitioner
from deploy.local.settings import SERVICES
from deploy.local.stack import Stack

CLIENTS = 3
_FAST_LADDER = {f"{service.upper()}_RETRY_DELAYS_SECONDS": "[0.5, 1, 2]" for service in SERVICES}
_NO_LIMITS = {
    "SUPPORT_RATE_LIMITS": '{"tickets": "100000/hour"}',
    "DOCUMENTS_RATE_LIMITS": '{"upload": "100000/minute"}',
    "IDENTITY_RATE_LIMITS": '{"tokens": "100000/minute"}',
    "IDENTITY_CODE_DAILY": "1000",
}


SHORT_TERMS = {
    "DOCUMENTS_UPLOAD_SECONDS": "10",
    "DOCUMENTS_UPLOAD_TERM_SECONDS": "15",
    "DOCUMENTS_CHECK_TERM_SECONDS": "30",
    "NOTIFICATIONS_DELIVERY_LEASE_SECONDS": "10",
}
"""An upload or a delivery that died with its service is taken up again after its term; the checker waits for that."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where things are killed: a running stack, the way in, the providers outside, and who counts."""

    stack: Stack
    http: httpx.AsyncClient
    outside: Outside
    checker: Checker

    def practitioner(self) -> Practitioner:
        """Somebody new."""
        person = invent_person(secrets.token_hex(8), today=SystemClock().now().date())
        return Practitioner.of(person, Caller(self.http), self.outside)


@asynccontextmanager
async def ground(folder: Path, *, terms: Mapping[str, str] = SHORT_TERMS) -> AsyncIterator[Ground]:
    """A stack that repeats fast, limits nobody and takes up soon what was left."""
    async with (
        Stack(folder, environment=_FAST_LADDER | _NO_LIMITS | dict(terms)) as stack,
        httpx.AsyncClient(base_url=stack.url, timeout=15) as http,
        httpx.AsyncClient(base_url=stack.simulators_url, timeout=30) as outside_http,
    ):
        outside = Outside(outside_http)
        checker = Checker(stack, outside)
        try:
            yield Ground(stack, http, outside, checker)
        finally:
            await checker.close()


async def _nobody(_: Ground) -> Sequence[Worker]:
    return ()


async def run(
    folder: Path,
    faults: Sequence[Fault],
    *,
    clients: int = CLIENTS,
    think_seconds: float = 0.0,
    others: Callable[[Ground], Awaitable[Sequence[Worker]]] = _nobody,
) -> AsyncIterator[Verdict]:
    """The verdicts as they are reached. People who do not think send as fast as they are answered; `others` work beside them."""
    async with ground(folder) as here:
        people = [here.practitioner() for _ in range(clients)]
        made = asyncio.gather(*(ready_client(person, Ledger(), think_seconds=think_seconds) for person in people))
        workers: list[Worker] = [*await others(here), *await made]
        for fault in faults:
            yield await case(here.stack, here.checker, workers, fault)


async def case(stack: Stack, checker: Checker, workers: Sequence[Worker], fault: Fault) -> Verdict:
    """The verdict of one fault, inflicted while the workers work."""
    ledger, stop = Ledger(), asyncio.Event()
    dead_before = await checker.dead_letters()
    await checker.remember_everything()
    for worker in workers:
        await worker.join(ledger)
    working = [asyncio.create_task(worker.work(stop)) for worker in workers]
    note = ""
    try:
        note = await fault.inflict(stack)
        await asyncio.sleep(2)
    except NotInflicted as error:
        ledger.refused.append(f"the fault: {error}")
    finally:
        stop.set()
        await asyncio.gather(*working)
    for worker in workers:
        await worker.check_session()
    return await checker.judge(fault.name, ledger, dead_before=dead_before, expected_dead=fault.expected_dead_letters, note=note)
