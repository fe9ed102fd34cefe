"""Fixtures of documents: the service on real servers, and its parts on fakes."""

from collections.abc import AsyncIterator
from typing import TypeVar

import pytest

from services.documents.settings import Settings
from tests.documents.house import House
from tests.documents.processes import create_both
from tests.support import Component, Infra, component, service_environment

T = TypeVar("T")


@pytest.fixture(scope="package")
async def service_env(infra: Infra) -> AsyncIterator[dict[str, str]]:
    """What documents reads."""
    async with service_environment(infra, "documents") as env:
        yield env


@pytest.fixture(scope="package")
async def service(service_env: dict[str, str]) -> AsyncIterator[Component]:
    """Documents, running: the service and its worker."""
    async with component(create_both, Settings, service_env) as running:
        yield running


@pytest.fixture
def house() -> House:
    return House()
