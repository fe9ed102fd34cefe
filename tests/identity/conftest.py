"""Identity under test: one running service with registries of the tests' own."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.identity.main import create_app
from services.identity.settings import Settings
from tests.identity.chain_desk import Desk, running_desk
from tests.identity.provider import HostileProvider, running_provider
from tests.identity.registries import FakeRegistries, running_registries
from tests.identity.samples import NOW
from tests.identity.visitor import Visitor
from tests.identity.walk import Walk
from tests.support import Component, Infra, Signer, component, environment, service_environment

QUICK_HASHES = {"IDENTITY_ARGON2_TIME_COST": "1", "IDENTITY_ARGON2_MEMORY_KIB": "64"}
QUICK = QUICK_HASHES | {
    "IDENTITY_REGISTRY_TRIES": "2",
    "IDENTITY_REGISTRY_RETRY_WAIT_SECONDS": "0.01",
    "IDENTITY_REGISTRY_BREAKER_FAILURES": "50",
    "IDENTITY_OIDC_TIMEOUT_SECONDS": "0.5",
    "IDENTITY_OIDC_TRIES": "2",
    "IDENTITY_OIDC_RETRY_WAIT_SECONDS": "0.01",
    "IDENTITY_OIDC_BREAKER_FAILURES": "50",
    "IDENTITY_OIDC_REFETCH_SECONDS": "0.3",
}
RATES = (
    *("registration", "registration-code", "registration-email", "registration-password", "registration-upload-token"),
    *("registration-step", "audit-export"),
    *("sign-in", "sign-in-code", "sign-in-sms", "factors", "tokens", "staff", "unlock", "step-up", "step-up-code"),
    *("portal-sign-in", "portal-completion", "portal-link"),
    *("password-reset", "password-reset-code", "password", "passkey-sign-in", "passkey-assertion"),
    *(
        "profile-change",
        "profile-change-code",
        "profile-change-confirmation",
        "profile-change-signature",
        "verification-decision",
        "verification-request",
    ),
    *("consents", "erasures", "data-exports"),
)


@pytest.fixture(scope="session")
async def registries() -> AsyncIterator[FakeRegistries]:
    async with running_registries() as running:
        yield running


@pytest.fixture(scope="session")
async def provider() -> AsyncIterator[HostileProvider]:
    async with running_provider() as running:
        yield running


@pytest.fixture(scope="session")
def signing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where authorities are made; identity trusts those below `trusted` and reads revocations below `lists`."""
    folder = tmp_path_factory.mktemp("signing")
    for name in ("trusted", "lists"):
        (folder / name).mkdir()
    return folder


def _settings(registries: FakeRegistries, provider: HostileProvider, signing_folder: Path) -> dict[str, str]:
    portals: dict[str, Any] = {"gosuslugi": provider.settings(), "dead": provider.settings(issuer="http://127.0.0.1:9")}
    return QUICK | {
        "IDENTITY_REGISTRIES_URL": registries.url,
        "IDENTITY_RATE_LIMITS": json.dumps(dict.fromkeys(RATES, "100000/minute")),
        "IDENTITY_OIDC_PROVIDERS": json.dumps(portals),
        "IDENTITY_SIGNATURE_TRUSTED_CAS": str(signing_folder / "trusted"),
        "IDENTITY_SIGNATURE_CRLS": str(signing_folder / "lists"),
    }


@asynccontextmanager
async def running_identity(
    infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path, **changes: str
) -> AsyncIterator[Component]:
    """An identity of its own, with an empty database; `changes` replace settings."""
    settings = _settings(registries, provider, signing_folder) | changes
    async with service_environment(infra, "identity", **settings) as env, component(create_app, Settings, env) as running:
        yield running


@pytest.fixture(scope="session")
async def identity(infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path) -> AsyncIterator[Component]:
    """The one that most tests share. Its stores go with the servers of the run: to empty them first would take seconds."""
    env = await asyncio.to_thread(environment, infra, "identity", **_settings(registries, provider, signing_folder))
    async with component(create_app, Settings, env) as running:
        yield running


@pytest.fixture
def back_to_normal(identity: Component, registries: FakeRegistries, provider: HostileProvider) -> Iterator[None]:
    """Registries, portal and clock of the shared identity as they are when nobody has changed them, before and after."""
    registries.answers.clear()
    registries.asked.clear()
    provider.reset()
    identity.clock.reset()
    yield
    registries.answers.clear()
    identity.clock.reset()


@pytest.fixture
def walk(identity: Component) -> Walk:
    """Somebody before the shared identity, not registered yet."""
    return Walk(identity)


@pytest.fixture
async def visitor(identity: Component, signer: Signer) -> Visitor:
    """A practitioner who has just registered and signed in."""
    return await Visitor.registered(identity, signer)


@pytest.fixture(scope="module")
async def chain_env(infra: Infra) -> AsyncIterator[dict[str, str]]:
    """Settings of an identity that does not run, so that nobody else seals."""
    async with service_environment(infra, "identity") as made:
        yield made


@pytest.fixture
async def desk(infra: Infra, chain_env: dict[str, str]) -> AsyncIterator[Desk]:
    """An empty access log."""
    async with running_desk(infra, chain_env, NOW) as made:
        yield made
