"""Sign-in through providers that know nothing of the tests: the simulator as `make run` sets it up, and a certified one from npm."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import ECKey

from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import service_environment as local_environment
from deploy.local.ports import free_ports
from deploy.local.settings import LocalSettings
from deploy.simulators.app import create_app as create_simulators
from deploy.simulators.settings import SimulatorsSettings
from services.identity.main import create_app
from services.identity.settings import Settings
from tests.identity.conftest import QUICK
from tests.identity.foreign_provider import agree, running_foreign_provider
from tests.identity.registries import FakeRegistries
from tests.identity.serving import serving
from tests.identity.test_sign_in import claims_of
from tests.identity.walk import Walk
from tests.support import Component, Infra, component, service_environment

REDIRECT_URI = "http://cabinet.test/portal-sign-in"
KEY = ECKey.generate_key("P-256", parameters={"alg": "ES256", "use": "sig"}, auto_kid=True)
CLIENTS: list[dict[str, Any]] = [
    {"client_id": "with secret", "client_secret": "s:%cret", "redirect_uris": [REDIRECT_URI], "scope": "openid snils"},
    {
        "client_id": "with-key",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.as_dict(private=False)]},
        "id_token_signed_response_alg": "ES256",
        "redirect_uris": [REDIRECT_URI],
        "scope": "openid snils",
    },
]


@dataclass(frozen=True)
class Portals:
    """Identity between real providers."""

    identity: Component
    foreign: str


@pytest.fixture(scope="module")
async def portals(infra: Infra, registries: FakeRegistries, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portals]:
    (port,) = free_ports(1)
    folder: Path = tmp_path_factory.mktemp("local")
    local = LocalSettings(data_dir=folder, simulators_port=port)
    providers = json.loads(local_environment(local, load_or_invent(folder / "secrets"), "identity")["IDENTITY_OIDC_PROVIDERS"])
    simulators = create_simulators(SimulatorsSettings(port=port, smtp_port=0, public_url=local.simulators_url))
    async with serving(simulators, port=port), running_foreign_provider(CLIENTS) as foreign:
        shared = {"issuer": foreign, "scopes": ["openid", "snils"], "claims": {"verified": "trusted"}}
        providers["foreign"] = shared | {"title": "Чужой", "client_id": "with secret", "client_secret": "s:%cret"}
        providers["foreign-key"] = shared | {
            "title": "По ключу",
            "client_id": "with-key",
            "client_key": json.dumps(KEY.as_dict(private=True)),
        }
        settings = {"IDENTITY_REGISTRIES_URL": registries.url, "IDENTITY_OIDC_PROVIDERS": json.dumps(providers)}
        quick = {name: value for name, value in QUICK.items() if "TIMEOUT" not in name}
        async with (
            service_environment(infra, "identity", **quick, **settings) as env,
            component(create_app, Settings, env) as running,
        ):
            yield Portals(running, foreign)


@pytest.fixture
async def walk(portals: Portals, registries: FakeRegistries) -> Walk:
    registries.answers.clear()
    return Walk(portals.identity)


async def complete(walk: Walk, started: dict[str, Any], returned: dict[str, str]) -> httpx.Response:
    body = returned | {"browser_token": started["browser_token"]}
    return await walk.send("POST", f"/portal-sign-ins/{started['portal_sign_in_id']}/completion", body)


async def check_signed_in(walk: Walk, answer: httpx.Response, person_id: UUID) -> None:
    assert answer.status_code == 200, answer.text
    claims = await claims_of(walk.identity, answer.json()["access_token"])
    assert (claims["sub"], list(claims["factors"])) == (str(person_id), ["portal"])  # type: ignore[call-overload]


async def test_the_simulator_of_make_run_signs_in(walk: Walk) -> None:
    person_id = await walk.be_verified()
    started = await walk.ask("POST", "/portal-sign-ins", {"provider": "gosuslugi"})
    async with httpx.AsyncClient(timeout=10) as browser:
        assert "Войти" in (await browser.get(started["authorization_url"])).text
        named = {"family_name": walk.profile["surname"], "birthdate": walk.profile["birth_date"]}
        answer = await browser.post(started["authorization_url"], data={"snils": walk.snils} | named)
    target = httpx.URL(answer.headers["Location"])
    assert str(target).startswith(REDIRECT_URI)
    await check_signed_in(walk, await complete(walk, started, dict(target.params)), person_id)


@pytest.mark.parametrize("provider", ["foreign", "foreign-key"])
async def test_a_provider_this_project_did_not_write_signs_in(walk: Walk, provider: str) -> None:
    person_id = await walk.be_verified()
    for _ in ("by SNILS", "by the link"):
        started = await walk.ask("POST", "/portal-sign-ins", {"provider": provider})
        target = await agree(started["authorization_url"], f"person-{walk.snils}", REDIRECT_URI)
        assert set(target.params) == {"code", "state", "iss"}
        await check_signed_in(walk, await complete(walk, started, dict(target.params)), person_id)


async def test_it_always_names_itself_so_silence_is_a_mix_up_and_its_codes_work_once(walk: Walk, portals: Portals) -> None:
    await walk.be_verified()
    returned: list[dict[str, str]] = []
    started: list[dict[str, Any]] = []
    for _ in range(3):
        started.append(await walk.ask("POST", "/portal-sign-ins", {"provider": "foreign"}))
        returned.append(dict((await agree(started[-1]["authorization_url"], f"person-{walk.snils}", REDIRECT_URI)).params))
    assert returned[0].pop("iss") == portals.foreign
    refused = [
        await complete(walk, started[0], returned[0]),
        await complete(walk, started[1], returned[1] | {"code": returned[2]["code"]}),
        await complete(walk, started[2], returned[2] | {"code": uuid4().hex}),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert [answer.json()["code"] for answer in refused] == ["portal-issuer-wrong", "portal-code-refused", "portal-code-refused"]


async def test_the_foreign_provider_leaves_nothing_behind() -> None:
    async with running_foreign_provider(CLIENTS) as issuer, httpx.AsyncClient(timeout=5) as client:
        assert (await client.get(f"{issuer}/.well-known/openid-configuration")).is_success
    async with httpx.AsyncClient(timeout=5) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{issuer}/.well-known/openid-configuration")
