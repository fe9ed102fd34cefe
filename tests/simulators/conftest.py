from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from deploy.simulators.app import create_app
from deploy.simulators.settings import SimulatorsSettings


@dataclass(frozen=True)
class Running:
    http: httpx.AsyncClient
    smtp_port: int


@pytest.fixture
async def simulators() -> AsyncIterator[Running]:
    app = create_app(SimulatorsSettings(smtp_port=0, keep_messages=5, keep_mail_bytes=1_048_576, mail_limit_bytes=1_048_576))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulators") as http,
    ):
        yield Running(http, app.state.smtp_port)
