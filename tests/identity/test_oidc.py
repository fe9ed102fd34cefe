"""The client of a provider by itself: what it keeps, when it gives up, and what the settings let nobody set."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from chassis.breaker import CircuitBreaker
from chassis.clock import machine_now
from services.identity.domain.portal import PortalAway
from services.identity.gateways.oidc import Freshness, Provider, ProviderPatience, Redirect
from services.identity.gateways.oidc.knowledge import Metadata
from services.identity.settings import OidcProvider, Settings
from tests.identity.provider import HostileProvider, running_provider

REDIRECT = Redirect(state="s" * 43, nonce="n" * 43, verifier="v" * 43)


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with running_provider() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def client_of(hostile: HostileProvider, http: httpx.AsyncClient, *, keep_seconds: float = 60, **changes: Any) -> Provider:
    return Provider(
        OidcProvider.model_validate(hostile.settings(**changes)),
        "http://cabinet.test/portal-sign-in",
        http,
        patience=ProviderPatience(total_seconds=1, timeout_seconds=0.3, tries=2, retry_wait_seconds=0.01, answer_bytes=10_000),
        freshness=Freshness(keep_seconds, 0),
        breaker=CircuitBreaker(2, 30),
        leeway=timedelta(seconds=60),
        now=machine_now,
    )


async def test_a_dead_provider_is_left_alone_after_some_failures(hostile: HostileProvider, http: httpx.AsyncClient) -> None:
    client = client_of(hostile, http)
    hostile.faults["openid-configuration"] = 500
    for _ in range(2):
        with pytest.raises(PortalAway):
            await client.authorization_url(REDIRECT)
    asked = len(hostile.asked)
    assert asked == 4, "two tries each"
    with pytest.raises(PortalAway) as away:
        await client.authorization_url(REDIRECT)
    assert len(hostile.asked) == asked
    assert 25 < away.value.retry_after_seconds <= 30


async def test_what_is_known_is_asked_once_and_used_on_when_old_and_the_provider_is_silent(
    hostile: HostileProvider, http: httpx.AsyncClient
) -> None:
    client = client_of(hostile, http)
    urls = {await client.authorization_url(REDIRECT) for _ in range(3)}
    assert (len(urls), hostile.asked) == (1, ["openid-configuration"])
    forgetful = client_of(hostile, http, keep_seconds=0)
    first = await forgetful.authorization_url(REDIRECT)
    hostile.faults["openid-configuration"] = 500
    assert await forgetful.authorization_url(REDIRECT) == first


async def test_another_issuers_discovery_document_is_none(hostile: HostileProvider, http: httpx.AsyncClient) -> None:
    with pytest.raises(PortalAway):
        await client_of(hostile, http, issuer=f"{hostile.url}/").authorization_url(REDIRECT)


@pytest.mark.parametrize(
    ("issuer", "changed", "is_secured"),
    [
        ("https://portal.test", {}, True),
        ("https://portal.test", {"token_endpoint": "http://portal.test/token"}, False),
        ("https://portal.test", {"userinfo_endpoint": "http://portal.test/userinfo"}, False),
        ("http://127.0.0.1:8190", {"jwks_uri": "http://127.0.0.1:8190/jwks"}, True),
    ],
)
def test_a_protected_issuer_has_protected_addresses_only(issuer: str, changed: dict[str, str], *, is_secured: bool) -> None:
    named = {name: f"https://portal.test/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    assert Metadata.model_validate({"issuer": issuer} | named | changed).is_secured is is_secured
    with pytest.raises(ValidationError):
        Metadata.model_validate({"issuer": issuer} | named | {"jwks_uri": "file:///keys"})


GOOD: dict[str, Any] = {"title": "Портал", "issuer": "https://portal.test", "client_id": "we", "client_secret": "s"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": None},
        {"client_key": "{}"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"scopes": ["snils"]},
        {"issuer": "portal.test"},
        {"issuer": "https://portal.test?x"},
        {"unknown": 1},
    ],
)
def test_a_provider_that_could_not_be_trusted_cannot_be_set_up(changes: dict[str, Any]) -> None:
    assert OidcProvider.model_validate(GOOD).scopes == ("openid",)
    with pytest.raises(ValidationError):
        OidcProvider.model_validate(GOOD | changes)


def test_production_has_protected_providers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = {"PORT": 1, "MONGO_URL": "m", "MONGO_DATABASE": "d", "AMQP_URL": "a", "FIELD_MASTER_KEY": "f", "PEPPER": "p" * 32}
    for name, value in (needed | {"REGISTRIES_URL": "r"}).items():
        monkeypatch.setenv(f"IDENTITY_{name}", str(value))
    for name in ("PUBLIC_URL", "SEALED_KEY_RING", "JWKS_URL"):
        monkeypatch.setenv(name, "https://cabinet.test")
    assert Settings(environment="production", oidc_providers={"portal": OidcProvider.model_validate(GOOD)}).oidc_providers
    unprotected = OidcProvider.model_validate(GOOD | {"issuer": "http://portal.test"})
    with pytest.raises(ValidationError, match="https"):
        Settings(environment="production", oidc_providers={"portal": unprotected})
