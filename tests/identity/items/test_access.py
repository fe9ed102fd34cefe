"""Getting in and staying in: sign-in, sessions, step-up, defence."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jws

from contracts.identity import OneTimeCodeIssued, PortalConfirmed, SecurityAlertRaised
from services.applications.main import create_app as applications_app
from services.applications.settings import Settings as ApplicationsSettings
from services.identity.domain import fields
from tests.identity import people
from tests.identity.holders import claims_of
from tests.identity.passkey_owner import Owner as PasskeyOwner
from tests.identity.passkey_owner import sign_in as sign_in_by_passkey
from tests.identity.provider import HostileProvider
from tests.identity.trip import Trip
from tests.identity.visitor import Visitor
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer, component, service_environment

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NEW_PASSWORD = "ольха-невод-брусника-44"


def foreign_inn() -> str:
    """Twelve digits as Kazakhstan gives them out."""
    while True:
        body = f"8903{people.digits(7)}"
        check = fields.iin_check(body)
        if check is not None:
            return body + check


def factors(tokens: Json) -> set[str]:
    return set(claims_of(tokens)["factors"])


async def test_id_3_every_identifier_and_every_factor_signs_in(identity: Component, signer: Signer) -> None:
    visitor = await Visitor.registered(identity, signer, inn=foreign_inn())
    walk, licence = visitor.walk, visitor.walk.profile["licence"]
    for identifier in (walk.inn, licence["number"], f"{licence['series']} {licence['number']}", walk.snils, walk.email, walk.phone):
        identity.clock.move(MINUTE + SECOND)
        await visitor.sign_in(identifier)
        assert (visitor.id, factors(visitor.tokens)) == (walk.owner_id, {"password", "sms"})

    codes = (await visitor.ask("POST", "/factors/recovery-codes"))["codes"]
    await visitor.set_up_app()
    identity.clock.move(MINUTE)
    app = await visitor.finish(visitor.shown(), trust_device=True)
    assert factors(app) == {"password", "totp"}
    assert factors(await visitor.finish(codes[0])) == {"password", "recovery-code"}
    trusted = {"identifier": walk.email, "password": people.PASSWORD, "device_token": app["device_token"]}
    assert factors((await walk.ask("POST", "/sign-ins", trusted))["tokens"]) == {"password"}

    owner = PasskeyOwner(walk, signer, visitor.id, visitor.claims["sid"])
    by_passkey = await sign_in_by_passkey(walk, await owner.add())
    assert factors(by_passkey.json()) == {"passkey"}


async def test_id_3_the_portal_account_signs_in_and_is_the_confirmation(visitor: Visitor, provider: HostileProvider) -> None:
    signed_in = await Trip(visitor.walk, provider).sign_in()
    claims = claims_of(signed_in.json())
    assert (claims["sub"], set(claims["factors"])) == (str(visitor.id), {"portal"})
    assert (await visitor.next(PortalConfirmed)).provider == "gosuslugi"


async def test_id_3_a_forgotten_password_is_reset_by_mail(visitor: Visitor) -> None:
    walk, since = visitor.walk, visitor.now()
    reset = await walk.ask("POST", "/password-resets", {"identifier": walk.snils})
    body = {"code": await visitor.code(since, walk.email), "password": NEW_PASSWORD}
    assert (await walk.send("PUT", f"/password-resets/{reset['reset_id']}", body)).status_code == 204
    assert (await visitor.refresh()).status_code == 401, "whoever was signed in with the old one is out"
    walk.identity.clock.move(MINUTE + SECOND)
    assert (await visitor.sign_in(password=NEW_PASSWORD)).id == walk.owner_id


async def test_id_4_sessions_end_by_time(identity: Component, visitor: Visitor, signer: Signer) -> None:
    """Idle: 15 min, staff 10 min; at the latest after 12 h; an access token is good for 5 min."""
    member = await Visitor.member(identity, signer, "reviewer")
    assert {visitor.tokens["expires_in"], member.tokens["expires_in"]} == {300}
    identity.clock.move(5 * MINUTE - 5 * SECOND)
    assert (await visitor.send("GET", "/sessions")).status_code == 200
    identity.clock.move(5 * SECOND)
    assert (await visitor.send("GET", "/sessions")).status_code == 401

    identity.clock.move(5 * MINUTE - 5 * SECOND)
    assert (await member.refresh()).status_code == 200
    identity.clock.move(5 * MINUTE - 5 * SECOND)
    assert (await visitor.refresh()).status_code == 200, "not idle for 15 minutes yet"
    identity.clock.move(5 * MINUTE + 5 * SECOND)
    assert (await member.refresh()).status_code == 401, "idle for 10 minutes"
    identity.clock.move(10 * MINUTE)
    assert (await visitor.refresh()).status_code == 401, "idle for 15 minutes"

    await visitor.sign_in()
    await visitor.stay(12 * HOUR - MINUTE)
    assert visitor.tokens["expires_in"] <= 60, "no token outlives its session"
    identity.clock.move(MINUTE)
    assert (await visitor.refresh()).status_code == 401


async def test_id_4_sessions_are_listed_ended_and_guarded_by_rotating_tokens(visitor: Visitor) -> None:
    walk, first = visitor.walk, visitor.tokens
    await visitor.sign_in(walk.email)
    listed = (await visitor.ask("GET", "/sessions"))["items"]
    assert [(item["is_current"], item["address"]) for item in listed] == [(True, "127.0.0.1"), (False, "127.0.0.1")]
    assert all(item["device"].startswith("python-httpx") for item in listed)
    await visitor.ask("DELETE", "/sessions/others")
    assert [item["is_current"] for item in (await visitor.ask("GET", "/sessions"))["items"]] == [True]
    assert (await walk.send("POST", "/tokens", {"refresh_token": first["refresh_token"]})).status_code == 401

    keys = (await walk.ask("GET", "/.well-known/jwks.json"))["keys"]
    kid = jws.extract_compact(visitor.tokens["access_token"].encode()).headers()["kid"]
    assert kid in {key["kid"] for key in keys}
    stolen = visitor.tokens["refresh_token"]
    await visitor.refresh()
    assert (await walk.send("POST", "/tokens", {"refresh_token": stolen})).status_code == 401
    assert (await visitor.refresh()).status_code == 401, "the whole family is over"
    await visitor.next(SecurityAlertRaised, where=lambda event: event.kind == "refresh-token-reused")
    await visitor.sign_in()
    await visitor.ask("DELETE", "/sessions/current")
    assert (await visitor.refresh()).status_code == 401, "ended by hand"


@pytest.fixture(scope="module")
async def applications(infra: Infra) -> AsyncIterator[Component]:
    async with service_environment(infra, "applications") as env, component(applications_app, ApplicationsSettings, env) as running:
        yield running


async def test_id_5_a_second_factor_is_at_most_ten_minutes_old(visitor: Visitor, applications: Component) -> None:
    """For saving the profile, for submitting and for the export of the history."""
    clock, version = visitor.walk.identity.clock, (await visitor.ask("GET", "/profile"))["version"]

    async def asked() -> list[str]:
        """The code of each answer; empty if it is not about the factor."""
        applications.clock.reset()
        applications.clock.move(clock.offset)
        answers = [
            await visitor.send("POST", "/profile/changes", {"inn": people.inn()}, **{"If-Match": f'"{version}"'}),
            await applications.client.post(f"/applications/{uuid4()}/submission", headers=visitor.headers),
            await applications.client.get("/applications/exports", params={"ids": str(uuid4())}, headers=visitor.headers),
        ]
        return ["" if answer.is_success else answer.json()["code"] for answer in answers]

    clock.move(10 * MINUTE - 10 * SECOND)
    await visitor.refresh()
    assert "step-up-required" not in await asked()
    clock.move(11 * SECOND)
    assert await asked() == ["step-up-required"] * 3
    await visitor.step_up()
    assert "step-up-required" not in await asked()


async def test_id_6_passwords_are_long_uncommon_not_ones_own_and_kept_as_argon2id(visitor: Visitor) -> None:
    walk = await Walk(visitor.walk.identity).begin()
    for password, code in (
        ("сугроб-липа"[:11], "password-short"),
        ("йцукенгшщзхъ", "password-common"),
        (f"парус-{walk.phone[2:]}", "password-own-data"),
        ("сугроб-липа9", None),
    ):
        answer = await walk.send("PUT", f"{walk.path}/password", {"password": password})
        assert (answer.json()["errors"][0]["code"] if answer.status_code == 422 else None) == code, password
    stored = await walk.identity.database["people"].find_one({"_id": visitor.id})
    assert stored is not None
    assert stored["password_hash"].startswith("$argon2id$")


async def test_id_6_codes_have_six_digits_five_minutes_five_tries_and_ten_a_day(identity: Component) -> None:
    walk, clock = Walk(identity), identity.clock

    async def ask() -> httpx.Response:
        return await walk.send("POST", "/registrations", {"phone": walk.phone})

    async def give(code: str) -> str:
        answer = await walk.send("POST", f"/registrations/{walk.registration_id}/phone-confirmation", {"code": code})
        return "" if answer.is_success else str(answer.json()["code"])

    walk.registration_id = (await ask()).json()["registration_id"]
    code = await walk.code(walk.phone)
    assert len(code) == 6
    assert code.isdecimal()
    clock.move(59 * SECOND)
    again = await ask()
    clock.move(2 * SECOND)
    assert (await ask()).json()["expires_at"] > again.json()["expires_at"]
    assert await walk.code(walk.phone)
    assert len([event for event in identity.tap.all(OneTimeCodeIssued) if event.address == walk.phone]) == 2, "none within 60 s"

    for _ in range(8):
        clock.move(MINUTE + SECOND)
        await ask()
        code = await walk.code(walk.phone)
    clock.move(MINUTE + SECOND)
    assert ((await ask()).status_code, (await ask()).json()["code"]) == (429, "too-many-codes")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [await give(wrong) for _ in range(6)] == ["wrong-code"] * 5 + ["code-exhausted"]
    assert await give(code) == "code-exhausted"

    clock.move(timedelta(days=1))
    for age, said in ((5 * MINUTE, "code-expired"), (5 * MINUTE - 5 * SECOND, "")):
        await ask()
        code = await walk.code(walk.phone)
        clock.move(age)
        assert await give(code) == said


async def test_id_6_failures_slow_down_and_lock_and_the_owner_is_told(visitor: Visitor) -> None:
    clock, walk = visitor.walk.identity.clock, visitor.walk
    seen: dict[str, list[Any]] = {}
    for identifier in (walk.email, people.email()):
        clock.move(HOUR)

        async def fail(identifier: str = identifier) -> httpx.Response:
            return await walk.send("POST", "/sign-ins", {"identifier": identifier, "password": "не-тот-пароль-вовсе"})

        answers = [await fail() for _ in range(6)]
        for _ in range(5):
            clock.move(timedelta(seconds=int(answers[-1].headers["Retry-After"])))
            answers += [await fail(), await fail()]
        seen[identifier] = [(answer.status_code, answer.json().get("code")) for answer in answers]
        clock.move(15 * MINUTE - 5 * SECOND)
        assert (await fail()).json()["code"] == "sign-ins-locked"
        clock.move(6 * SECOND)
        assert (await fail()).status_code == 201
    mine, nobodys = seen.values()
    assert mine == nobodys, "nothing tells whether there is such an account"
    assert [status for status, _ in mine[:6]] == [201] * 5 + [429]
    assert [mine[5][1], mine[-1][1]] == ["sign-ins-slowed", "sign-ins-locked"]
    assert sum(status == 201 for status, _ in mine) == 10
    await visitor.next(SecurityAlertRaised, where=lambda event: event.kind == "account-locked")
    assert [event.kind for event in visitor.told(SecurityAlertRaised)] == ["account-locked"], "told once"
