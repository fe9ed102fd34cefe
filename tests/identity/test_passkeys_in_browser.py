"""Passkeys as a browser makes and uses them: headless Chromium with its virtual authenticator against a running service."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from services.identity.main import create_app
from services.identity.settings import Settings
from tests.identity.conftest import QUICK, RATES
from tests.identity.page_server import PageServer, serving_page
from tests.identity.passkey_owner import Owner, claims_of
from tests.identity.registries import FakeRegistries
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer, component, service_environment

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Cabinet:
    """A running service, its own page, and somebody else's page that calls it too."""

    identity: Component
    own: PageServer
    foreign: PageServer


@dataclass
class Browser:
    """One page with one authenticator."""

    page: Page
    devtools: Any
    authenticator_id: str

    async def run(self, call: str, *values: str) -> Json:
        return dict(await self.page.evaluate(f"(values) => {call}(...values)", list(values)))

    async def verifies(self, *, is_verified: bool) -> None:
        """Whether the person puts the right finger on it."""
        await self.devtools.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator_id, "isUserVerified": is_verified})

    async def credentials(self) -> list[Json]:
        return list((await self.devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator_id}))["credentials"])


@pytest.fixture(scope="module")
async def cabinet(infra: Infra, registries: FakeRegistries) -> AsyncIterator[Cabinet]:
    rates = json.dumps(dict.fromkeys(RATES, "100000/minute"))
    with serving_page() as own, serving_page() as foreign:
        settings = {"IDENTITY_REGISTRIES_URL": registries.url, "IDENTITY_RATE_LIMITS": rates, "PUBLIC_URL": f"http://127.0.0.1:{own.port}"}
        async with (
            service_environment(infra, "identity", **QUICK | settings) as env,
            component(create_app, Settings, env) as running,
        ):
            own.service_url = foreign.service_url = running.url
            yield Cabinet(running, own, foreign)


@pytest.fixture
async def browser(cabinet: Cabinet) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = await chromium.new_page()
            devtools = await page.context.new_cdp_session(page)
            await devtools.send("WebAuthn.enable")
            added = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
            await page.goto(cabinet.own.origin)
            yield Browser(page, devtools, added["authenticatorId"])
        finally:
            await chromium.close()


@pytest.fixture
async def owner(cabinet: Cabinet, registries: FakeRegistries, signer: Signer) -> Owner:
    registries.answers.clear()
    cabinet.identity.clock.reset()
    return await Owner.registered(Walk(cabinet.identity), signer)


def token_of(owner: Owner) -> str:
    return owner.headers["Authorization"].removeprefix("Bearer ")


async def test_a_passkey_made_in_a_browser_signs_in_and_steps_up(browser: Browser, owner: Owner) -> None:
    made = await browser.run("register", token_of(owner))
    assert made["status"] == 201, made
    assert "passkey" in claims_of(made["body"])["factors"]
    (listed,) = await owner.listed()
    assert (listed["name"], listed["transports"]) == ("Chromium", ["internal"])
    (credential,) = await browser.credentials()
    assert (credential["isResidentCredential"], credential["rpId"]) == (True, "localhost")

    signed_in = await browser.run("signIn")
    assert signed_in["status"] == 200, signed_in
    claims = claims_of(signed_in["body"])
    assert (claims["sub"], list(claims["factors"])) == (str(owner.person_id), ["passkey"])

    stepped_up = await browser.run("stepUp", token_of(owner))
    assert stepped_up["status"] == 200, stepped_up
    assert claims_of(stepped_up["body"])["sid"] == owner.session_id


async def test_the_browser_makes_no_second_passkey_for_one_account(browser: Browser, owner: Owner) -> None:
    assert (await browser.run("register", token_of(owner)))["status"] == 201
    assert await browser.run("register", token_of(owner)) == {"refusedBy": "InvalidStateError"}
    assert len(await owner.listed()) == 1


async def test_whom_the_authenticator_does_not_verify_gets_nowhere(browser: Browser, owner: Owner) -> None:
    assert (await browser.run("register", token_of(owner)))["status"] == 201
    await browser.verifies(is_verified=False)
    assert await browser.run("signIn") == {"refusedBy": "NotAllowedError"}
    await browser.verifies(is_verified=True)
    assert (await browser.run("signIn"))["status"] == 200


async def test_a_foreign_page_gets_a_signature_of_no_use(browser: Browser, owner: Owner, cabinet: Cabinet) -> None:
    assert (await browser.run("register", token_of(owner)))["status"] == 201
    await browser.page.goto(cabinet.foreign.origin)
    for call, values in (("signIn", ()), ("stepUp", (token_of(owner),))):
        answer = await browser.run(call, *values)
        assert (answer.get("status"), answer.get("body", {}).get("code")) == (422, "foreign-origin"), answer
    other = await Owner.registered(Walk(cabinet.identity), owner.signer)
    answer = await browser.run("register", token_of(other))
    assert (answer.get("status"), answer.get("body", {}).get("code")) == (422, "foreign-origin"), answer
    assert await other.listed() == []


async def test_on_a_page_of_another_domain_the_browser_itself_refuses(browser: Browser, owner: Owner, cabinet: Cabinet) -> None:
    assert (await browser.run("register", token_of(owner)))["status"] == 201
    await browser.page.goto(f"http://127.0.0.1:{cabinet.foreign.port}")
    assert await browser.run("signIn") == {"refusedBy": "SecurityError"}
