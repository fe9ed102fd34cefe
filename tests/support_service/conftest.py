"""One running support service for the component tests of this package."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.support.main import create_app
from services.support.settings import Settings
from tests.support import Component, Infra, component, service_environment


@pytest.fixture(scope="package")
async def service(infra: Infra) -> AsyncIterator[Component]:
    async with service_environment(infra, "support") as env, component(create_app, Settings, env) as running:
        yield running


@pytest.fixture(autouse=True)
def _present(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test finds the present time."""
    yield
    if "service" in request.fixturenames:
        request.getfixturevalue("service").clock.reset()
