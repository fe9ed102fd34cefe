"""Identity under test: one running service with registries of the tests' own."""

import json
from collections.abc import AsyncIterator

import pytest

from services.identity.main import create_app
from services.identity.settings import Settings
from tests.identity.registries import FakeRegistries, running_registries
from tests.support import Component, Infra, component, service_environment

QUICK = {
    "IDENTITY_ARGON2_TIME_COST": "1",
    "IDENTITY_ARGON2_MEMORY_KIB": "64",
    "IDENTITY_REGISTRY_TRIES": "2",
    "IDENTITY_REGISTRY_RETRY_WAIT_SECONDS": "0.01",
    "IDENTITY_REGISTRY_BREAKER_FAILURES": "50",
}
RATES = (
    *("registration", "registration-code", "registration-email", "registration-password", "registration-upload-token"),
    *("sign-in", "sign-in-code", "sign-in-sms", "factors", "tokens", "staff", "step-up", "step-up-code"),
    *("password-reset", "password-reset-code", "password"),
)


@pytest.fixture(scope="session")
async def registries() -> AsyncIterator[FakeRegistries]:
    async with running_registries() as running:
        yield running


@pytest.fixture(scope="session")
async def identity(infra: Infra, registries: FakeRegistries) -> AsyncIterator[Component]:
    rates = json.dumps(dict.fromkeys(RATES, "100000/minute"))
    settings = QUICK | {"IDENTITY_REGISTRIES_URL": registries.url, "IDENTITY_RATE_LIMITS": rates}
    async with service_environment(infra, "identity", **settings) as env, component(create_app, Settings, env) as running:
        yield running
