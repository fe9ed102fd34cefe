"""Memory of the service, as a process of its own, does not grow with the size of what is uploaded."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx

from contracts.roles import Role
from services.documents.domain.rules import MEGABYTE
from tests.documents import samples
from tests.documents.processes import SERVICE, a_process, client_of
from tests.support import Infra, Signer, service_environment

UPLOADS = 20
SIZE = 10 * MEGABYTE
MAY_GROW = 32 * MEGABYTE
CHUNK = MEGABYTE


async def test_twenty_uploads_of_ten_megabytes_at_once_grow_memory_by_32_at_most(infra: Infra, signer: Signer) -> None:
    async with (
        service_environment(infra, "documents") as env,
        a_process(SERVICE, env) as (process, url),
        client_of(url) as client,
    ):
        headers = signer.headers(uuid4(), Role.PRACTITIONER)
        await asyncio.gather(
            *(_upload(client, headers, MEGABYTE // 4) for _ in range(UPLOADS))
        )  # connections, threads and caches come to life
        before = most = process.memory_info().rss
        uploads = [asyncio.create_task(_upload(client, headers, SIZE)) for _ in range(UPLOADS)]
        while not all(upload.done() for upload in uploads):
            await asyncio.wait(uploads, timeout=0.02)
            most = max(most, process.memory_info().rss)
        assert [upload.result() for upload in uploads] == [202] * UPLOADS
        grown = most - before
        assert grown <= MAY_GROW, f"grew by {grown / MEGABYTE:.1f} MiB from {before / MEGABYTE:.1f}"


async def _upload(client: httpx.AsyncClient, headers: dict[str, str], size_bytes: int) -> int:
    start = samples.pdf() + b"\n%" + secrets.token_hex(16).encode()

    async def chunks() -> AsyncIterator[bytes]:
        yield start
        rest = size_bytes - len(start)
        for sent in range(0, rest, CHUNK):
            yield b"-" * min(CHUNK, rest - sent)

    about = {
        "Content-Length": str(size_bytes),
        "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename=passport.pdf",
    }
    answer = await client.post("/types/passport/files", content=chunks(), headers=headers | about)
    return answer.status_code
