"""A certified provider this project did not write (`oidc-provider`), installed by npm for the tests and run by node."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from deploy.local.ports import free_ports
from tests.support import eventually
from tests.support.npm import NODE, installed

_SOURCE = Path(__file__).parent / "oidc_provider"
_START_SECONDS, _STOP_SECONDS = 15, 5


@asynccontextmanager
async def running_foreign_provider(clients: list[dict[str, Any]]) -> AsyncIterator[str]:
    """Its issuer."""
    folder, (port,) = await asyncio.to_thread(installed, _SOURCE, "server.js"), free_ports(1)
    issuer = f"http://127.0.0.1:{port}"
    command, settings = [NODE, "server.js"], json.dumps({"port": port, "clients": clients})
    node = subprocess.Popen(command, cwd=folder, env={"PROVIDER_SETTINGS": settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603, ASYNC220
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            await eventually(lambda: _answers(client, issuer), timeout=_START_SECONDS)
        yield issuer
    finally:
        node.terminate()
        await asyncio.to_thread(node.wait, _STOP_SECONDS)


async def _answers(client: httpx.AsyncClient, issuer: str) -> bool:
    try:
        return (await client.get(f"{issuer}/.well-known/openid-configuration")).is_success
    except httpx.TransportError:
        return False


async def agree(authorization_url: str, login: str, redirect_uri: str) -> httpx.URL:
    """Walk its pages as a browser would: sign in, consent; where the browser is sent in the end."""
    async with httpx.AsyncClient(timeout=10) as browser:
        answer = await browser.get(authorization_url)
        for _ in range(20):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["Location"])
                if target.startswith(redirect_uri):
                    return httpx.URL(target)
                answer = await browser.get(target)
                continue
            action, prompt = re.search(r'action="([^"]+)"', answer.text), re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None, answer.text
            assert prompt is not None, answer.text
            answer = await browser.post(
                urljoin(str(answer.url), action[1]), data={"prompt": prompt[1], "login": login, "password": "любой"}
            )
    raise AssertionError(f"never sent back: {answer.status_code}")
