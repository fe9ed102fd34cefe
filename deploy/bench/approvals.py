"""Approvals through the running service: from a registrar's decision to the certificate that is told, beside printing and signing alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import aio_pika
import httpx

from contracts.applications import CertificateIssued
from contracts.roles import Role
from contracts.topology import EVENTS_EXCHANGE
from deploy.bench.applications_store import REGISTRAR, Planter, Waiting, planting, recommended, registrar, serving
from deploy.bench.certificates import by_hand, desk, inputs, planned
from deploy.bench.report import Figure
from deploy.bench.servers import servers
from deploy.bench.tokens import issuer
from deploy.local.stack import Stack
from services.applications.domain.application import Application

APPROVALS = 60
WARM = 5
IN_FLIGHT = 8
_SECONDS = 60


async def measure(folder: Path) -> list[Figure]:
    """A few that are not counted, then all of them, eight decisions on their way at a time."""
    async with servers(folder, "applications") as stack, issuer() as issued:
        environment = stack.environments["applications"]
        bare = await _bare(environment)
        waiting = [recommended(serial) for serial in range(1, WARM + APPROVALS + 1)]
        async with planting(environment) as planter, serving(stack, environment, issued) as port, _told(stack) as told:
            await _plant(planter, waiting)
            headers = issued.headers(REGISTRAR, Role.REGISTRAR)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/applications", headers=headers, timeout=_SECONDS) as http:
                await _approved(http, told, [one.application for one in waiting[:WARM]])
                began = time.perf_counter()
                await _approved(http, told, [one.application for one in waiting[WARM:]])
                ours = APPROVALS / (time.perf_counter() - began)
    name = "approvals until the certificate is told of, through the running service, beside typst and a bare RSA signature"
    return [Figure(name, f"{ours:,.1f} /s", f"{bare:,.1f} certificates/s", ours / bare)]


async def _bare(environment: Mapping[str, str]) -> float:
    async with desk(environment) as ready:
        prepared = [inputs(ready.usecases, planned(serial)) for serial in range(APPROVALS)]
        began = time.perf_counter()
        for one in prepared:
            await asyncio.to_thread(by_hand, ready.usecases, one)
        return APPROVALS / (time.perf_counter() - began)


async def _plant(planter: Planter, waiting: list[Waiting]) -> None:
    await planter.staff([registrar()])
    for one in waiting:
        await planter.plant_known(one)


async def _approved(http: httpx.AsyncClient, told: "asyncio.Queue[UUID]", waiting: list[Application]) -> None:
    at_once = asyncio.Semaphore(IN_FLIGHT)

    async def approve(one: Application) -> None:
        async with at_once:
            body = {"decision": "approve", "reasons": [], "comment": ""}
            answer = await http.post(f"/registry/{one.id}/decision", json=body, headers={"If-Match": f'"{one.version}"'})
            answer.raise_for_status()

    async def all_told() -> None:
        missing = {one.id for one in waiting}
        while missing:
            missing.discard(await told.get())

    async with asyncio.timeout(_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(all_told())
        for one in waiting:
            tasks.create_task(approve(one))


@asynccontextmanager
async def _told(stack: Stack) -> AsyncIterator["asyncio.Queue[UUID]"]:
    """Of which applications the broker tells that their certificate is issued."""
    told: asyncio.Queue[UUID] = asyncio.Queue()

    async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        await told.put(CertificateIssued.model_validate_json(message.body).application_id)

    async with await aio_pika.connect(stack.broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EVENTS_EXCHANGE, CertificateIssued.type)
        await queue.consume(hear, no_ack=True)
        yield told
