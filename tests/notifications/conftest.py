"""One running notifications service for the component tests of this package."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.notifications.main import create_app
from services.notifications.settings import Settings
from tests.notifications.outside import Gateway, MailServer, gateway, mail_server
from tests.support import Component, Infra, component, service_environment


@pytest.fixture(scope="package")
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture(scope="package")
def sms() -> Iterator[Gateway]:
    with gateway() as running:
        yield running


@pytest.fixture(scope="package")
async def service(infra: Infra, mail: MailServer, sms: Gateway) -> AsyncIterator[Component]:
    own = {
        "NOTIFICATIONS_SMTP_HOST": "127.0.0.1",
        "NOTIFICATIONS_SMTP_PORT": str(mail.port),
        "NOTIFICATIONS_SMTP_SECURITY": "none",
        "NOTIFICATIONS_SMS_URL": f"http://127.0.0.1:{sms.port}/messages",
        "NOTIFICATIONS_BREAKER_OPEN_SECONDS": "0.2",
        "NOTIFICATIONS_STREAM_POLL_SECONDS": "60",
    }
    async with service_environment(infra, "notifications", **own) as env, component(create_app, Settings, env) as running:
        yield running


@pytest.fixture(autouse=True)
def _as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test finds working providers and the present time."""
    yield
    if "service" in request.fixturenames:
        request.getfixturevalue("service").clock.reset()
        request.getfixturevalue("mail").reply = None
        request.getfixturevalue("sms").status = 201
