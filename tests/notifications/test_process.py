"""The service as a process of its own."""

import asyncio
import os
import signal
import sys
import time
from uuid import uuid4

import httpx

from contracts.roles import Role
from deploy.local.ports import free_ports
from tests.support import Infra, Signer, eventually, service_environment


async def test_open_streams_do_not_delay_a_graceful_stop(infra: Infra, signer: Signer) -> None:
    [port] = free_ports(1)
    own = {
        "NOTIFICATIONS_PORT": str(port),
        "NOTIFICATIONS_SMTP_HOST": "127.0.0.1",
        "NOTIFICATIONS_SMTP_PORT": "1",
        "NOTIFICATIONS_SMS_URL": "http://127.0.0.1:1/messages",
    }
    async with service_environment(infra, "notifications", **own) as env:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.notifications.main", env=os.environ | env)
        try:
            await _stop_with_an_open_stream(process, f"http://127.0.0.1:{port}", signer)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _stop_with_an_open_stream(process: asyncio.subprocess.Process, url: str, signer: Signer) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:

        async def ready() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        await eventually(ready, timeout=30, interval=0.1)
        headers = signer.headers(uuid4(), Role.PRACTITIONER)
        async with client.stream("GET", "/api/notifications/stream", headers=headers) as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith(("id:", "retry:"))
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(8):
                assert [line async for line in lines if line.startswith("data")] == []
                assert await process.wait() in {0, -signal.SIGTERM}
            assert time.monotonic() - begun < 6
